import { basename, dirname } from 'node:path'
import type { FollowContext, FollowInput } from './context.ts'
import type { Discovery } from './discover.ts'
import { type Disk, type FileStat, reasonOf } from './disk.ts'
import { Handle } from './handle.ts'
import { isHead, readHead } from './head.ts'
import { type Content, inodeOf, keyOf, markerBytes } from './identity.ts'
import type { KnownFile } from './known.ts'
import type { Roster } from './roster.ts'
import { namesBefore } from './rotation-name.ts'
import type { StoredFile } from './stored.ts'

/** A file that holds what another one held. */
export interface Copy {
  readonly handle: Handle
  readonly size: number
}

/** Whether bytes that were read of a file stand in another one too, as far as that one goes. Throws the system's errors. */
export type Trace = (content: Content, size: number) => boolean

export interface CopiesParts {
  readonly input: FollowInput
  readonly context: FollowContext
  readonly disk: Disk
  readonly discovery: Discovery
  readonly roster: Roster
  readonly report: (reason: string, path: string) => void
  /** What is known of the content of a file, from this run or an earlier one. */
  readonly known: (stat: FileStat) => StoredFile | undefined
  /** The content of the file at this path is known: it is left out. */
  readonly leaveOut: (path: string, stat: FileStat, origin: StoredFile) => void
}

/** Without these the next look may tell what this one could not. */
const scarce = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])
/** A file that looks like the copy of one which is as it was is not read for so long after its last growth. */
const doubtMs = 10_000

/**
 * Copies of followed files that a rotation made (`copytruncate`, a move to another file system, compression). A file goes on in a copy
 * if that one's directory and name are those of a rotation of it, the file itself was truncated or is gone, and the copy begins as the
 * file did and shows, at a place that was read, the bytes that stood there.
 */
export class Copies {
  readonly #parts: CopiesParts

  constructor(parts: CopiesParts) {
    this.#parts = parts
  }

  /** The copy of a file that was truncated, or is gone. Its content is known from now on. Throws the system's errors where a later look
   * may find one. */
  find(origin: StoredFile, trace: Trace): Copy | undefined {
    let best: Copy | undefined
    for (const folder of new Set([dirname(origin.name), dirname(origin.path), ...this.#parts.input.rotatedTo])) {
      for (const path of this.#rotations(origin, folder)) {
        const copy = this.#try(path, origin, trace)
        if (copy === undefined) continue
        if (best === undefined || copy.size > best.size) {
          best?.handle.close()
          best = copy
        } else copy.handle.close()
      }
    }
    return best
  }

  /** Whether all that a new file holds stands at the same place in a known one, which it may be a copy of. */
  isDoubtful(file: KnownFile, size: number, now: number): boolean {
    if (now - file.heat.grewAt >= doubtMs) return false
    for (const origin of this.#parts.roster.before(file.path)) {
      if (origin === file) continue
      // It may have been truncated just now. Then this file is its copy, and is told so.
      origin.look(now)
      if (origin.holds(file.handle, size)) return true
    }
    return false
  }

  #rotations(origin: StoredFile, folder: string): string[] {
    const names = [basename(origin.name), basename(origin.path)]
    const isRotation = (name: string): boolean => {
      const before = namesBefore(name)
      return names.some(one => before.has(one))
    }
    try {
      const entries = this.#parts.disk.list(folder)
      return entries
        .filter(({ name, kind }) => kind === 'file' && isRotation(name))
        .map(({ name }) => `${folder}/${name}`)
    } catch (error) {
      this.#pass(error, folder)
      return []
    }
  }

  #try(path: string, origin: StoredFile, trace: Trace): Copy | undefined {
    const { disk, discovery, known, leaveOut } = this.#parts
    let handle: Handle | undefined
    try {
      const stat = disk.lstat(path)
      if (!stat?.isFile()) return undefined
      const inode = inodeOf(stat)
      if (keyOf(inode) === keyOf(origin)) return undefined
      const other = known(stat)
      // A file with a life of its own is no copy, whatever it looks like.
      if (other !== undefined && other.copyOf !== origin.id) return undefined
      handle = new Handle(path, inode, { disk, allowed: discovery })
      const size = Number(stat.size)
      const isSame = size < origin.headLength || isHead(origin, handle)
      if (isSame && trace(handle, size)) {
        if (other === undefined && discovery.isNamed(path)) leaveOut(path, stat, origin)
        return { handle, size }
      }
    } catch (error) {
      handle?.close()
      this.#pass(error, path)
    }
    handle?.close()
    return undefined
  }

  #pass(error: unknown, path: string): void {
    if (scarce.has(reasonOf(error))) throw error
    if (reasonOf(error) !== 'ENOENT') this.#parts.report(reasonOf(error), path)
  }
}

/** Whether the first bytes and the last ones of `size` bytes stand at the same places of both. Throws the system's errors. */
export function areAlike(one: Content, other: Content, size: number): boolean {
  const bytes = Buffer.allocUnsafe(Math.min(size, markerBytes))
  const others = Buffer.allocUnsafe(bytes.length)
  const at = size - bytes.length
  const got = one.read([bytes], at)
  return (
    got === bytes.length &&
    other.read([others], at) === got &&
    bytes.equals(others) &&
    readHead(one, size).equals(readHead(other, size))
  )
}
