import { basename, dirname } from 'node:path'
import type { FollowContext, FollowInput } from './context.ts'
import type { Discovery } from './discover.ts'
import { type Disk, type FileStat, reasonOf } from './disk.ts'
import { type Content, NotYetError, type Opened } from './content.ts'
import { Handle } from './handle.ts'
import { isHead, readHead } from './head.ts'
import { headBytes, inodeOf, keyOf, markerBytes } from './identity.ts'
import type { KnownFile } from './known.ts'
import type { Roster } from './roster.ts'
import { isPacked, namesBefore } from './rotation-name.ts'
import { isFresh, type Shelf } from './shelf.ts'
import type { StoredFile } from './stored.ts'

/** A file that holds what another one held. */
export interface Copy {
  readonly content: Opened
  /** Infinity where that shows only at its end. */
  readonly size: number
}

/** Whether bytes that were read of a file stand in another one too, as far as that one goes; undefined if none were. Throws the
 * system's errors. */
export type Trace = (content: Content, size: number) => boolean | undefined

interface Wanted {
  readonly origin: StoredFile
  readonly trace: Trace
  /** Up to here it is read without its copy. */
  readonly end: number
}

export interface CopiesParts {
  readonly input: FollowInput
  readonly context: FollowContext
  readonly disk: Disk
  readonly discovery: Discovery
  readonly roster: Roster
  readonly report: (reason: string, path: string) => void
  readonly shelf: Shelf
  /** What is known of the content of a file, from this run or an earlier one. */
  readonly known: (stat: FileStat) => StoredFile | undefined
  /** The first `size` bytes of the file at this path are known: they are left out. */
  readonly leaveOut: (copy: { path: string; stat: FileStat; size: number }, origin: StoredFile) => void
}

/** What another look does not change. */
const hopeless = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'not_regular', 'outside'])
/** A file that looks like the copy of one which is as it was is not read for so long after its last growth. */
export const doubtMs = 10_000
const nothing: readonly string[] = []
/** Who looks for the rest of a file in an archive asks again within this time. */
const soughtMs = 5000

/**
 * Copies of followed files that a rotation made (`copytruncate`, a move to another file system, compression). A file goes on in a copy
 * if that one's directory and name are those of a rotation of it, the file itself was truncated or is gone, and the copy begins as the
 * file did and shows, at a place that was read, the bytes that stood there.
 */
export class Copies {
  readonly #parts: CopiesParts
  /** Archives that were looked into lately, and when. */
  readonly #sought = new Map<string, number>()
  /** At the origin of a file that may be its copy. */
  #isLooking = false
  /** Files of folders by the names that they may have had. Absent: each search lists anew. */
  #listed: Map<string, ReadonlyMap<string, readonly string[]>> | undefined

  constructor(parts: CopiesParts) {
    this.#parts = parts
  }

  /** Lists each folder once for all searches in `run`, which is right for files that were gone before: their copies had been made.
   * measured: without it, a scan in which 250 of 2,500 files in one folder are gone takes a second. */
  together(run: () => void): void {
    this.#listed = new Map()
    try {
      run()
    } finally {
      this.#listed = undefined
    }
  }

  /** The copy of a file that was truncated, or is gone. Its content is known from now on, up to `end`. Throws the system's errors where
   * a later look may find one, and `NotYetError`. */
  find(origin: StoredFile, trace: Trace, end = Infinity): Copy | undefined {
    let best: Copy | undefined
    let trouble: unknown
    for (const path of this.#rotations(origin)) {
      try {
        const copy = this.#try(path, { origin, trace, end })
        if (copy === undefined) continue
        const isBetter = best === undefined || copy.size > best.size
        ;(isBetter ? best : copy)?.content.close()
        if (isBetter) best = copy
      } catch (error) {
        trouble ??= error
      }
    }
    if (trouble !== undefined && best === undefined) throw trouble
    return best
  }

  /** Whether it is being found out if this archive is the copy of a file that is gone. */
  isSought(key: string, now: number): boolean {
    return now - (this.#sought.get(key) ?? -Infinity) < soughtMs
  }

  /** Whether all that a new file holds stands at the same place in a known one, which it may be a copy of. */
  isDoubtful(file: KnownFile, size: number, now: number): boolean {
    const isOld = now - file.heat.grewAt >= doubtMs
    for (const origin of this.#parts.roster.before(file.path)) {
      if (origin === file) continue
      // It is looked at for the sake of another one, of which it may be the copy and the origin: its own turn tells.
      if (this.#isLooking) return true
      // It may have been truncated just now. Then this file is its copy, and is told so.
      this.#look(origin, now)
      if (origin.isUndecided || (!isOld && origin.holds(file.handle, size))) return true
    }
    return false
  }

  #look(origin: KnownFile, now: number): void {
    this.#isLooking = true
    try {
      origin.look(now)
    } finally {
      this.#isLooking = false
    }
  }

  /** Paths of the files that may be copies by their names; archives last. */
  #rotations(origin: StoredFile): string[] {
    const names = new Set([basename(origin.name), basename(origin.path)])
    const paths = new Set<string>()
    for (const folder of new Set([dirname(origin.name), dirname(origin.path), ...this.#parts.input.rotatedTo])) {
      try {
        const files = this.#filesOf(folder)
        for (const name of names) for (const path of files.get(name) ?? nothing) paths.add(path)
      } catch (error) {
        this.#pass(error, folder)
      }
    }
    return [...paths].toSorted((a, b) => Number(isPacked(a)) - Number(isPacked(b)))
  }

  /** Files of a folder, by the names that they have and may have had. Throws the system's errors. */
  #filesOf(folder: string): ReadonlyMap<string, readonly string[]> {
    const known = this.#listed?.get(folder)
    if (known !== undefined) return known
    const files = new Map<string, string[]>()
    for (const { name, kind } of this.#parts.disk.list(folder)) {
      if (kind !== 'file') continue
      for (const one of namesBefore(name).add(name)) {
        const same = files.get(one)
        if (same === undefined) files.set(one, [`${folder}/${name}`])
        else same.push(`${folder}/${name}`)
      }
    }
    this.#listed?.set(folder, files)
    return files
  }

  #try(path: string, { origin, trace, end }: Wanted): Copy | undefined {
    const { context, disk, discovery, known, leaveOut, shelf } = this.#parts
    let opened: Copy | undefined
    try {
      const stat = disk.lstat(path)
      if (!stat?.isFile()) return undefined
      const inode = inodeOf(stat)
      if (keyOf(inode) === keyOf(origin)) return undefined
      const other = known(stat)
      // A file with a life of its own is no copy, whatever it looks like.
      if (other !== undefined && other.copyOf !== origin.id) return undefined
      opened = this.#open(path, stat)
      const { content, size } = opened
      if (isCopy(path, opened, { origin, trace, end })) {
        if (other === undefined && discovery.isNamed(path)) leaveOut({ path, stat, size: Math.min(size, end) }, origin)
        shelf.take(content)
        return opened
      }
      if (content.broken !== undefined && isFresh(stat, context.clock.now())) throw new NotYetError()
    } catch (error) {
      if (!(error instanceof NotYetError)) opened?.content.close()
      this.#pass(error, path)
      return undefined
    }
    opened.content.close()
    return undefined
  }

  #open(path: string, stat: FileStat): Copy {
    const { context, disk, discovery, shelf } = this.#parts
    const now = context.clock.monotonic()
    const handle = new Handle(path, inodeOf(stat), { disk, allowed: discovery.roots })
    const archive = isPacked(path) ? shelf.open(handle, stat, now) : undefined
    if (archive === undefined) return { content: handle, size: Number(stat.size) }
    for (const [key, at] of this.#sought) if (now - at >= soughtMs) this.#sought.delete(key)
    this.#sought.set(keyOf(inodeOf(stat)), now)
    return { content: archive, size: Infinity }
  }

  /** Passes over what can not be a copy; all else is thrown. */
  #pass(error: unknown, path: string): void {
    if (!hopeless.has(reasonOf(error))) throw error
    if (reasonOf(error) !== 'ENOENT') this.#parts.report(reasonOf(error), path)
  }
}

/** A file that took the place of another one under its very name has to hold all of it, and that has to be long: programs begin their
 * files with the same banner. */
function isCopy(path: string, { content, size }: Copy, { origin, trace, end }: Wanted): boolean {
  const isLong = size >= origin.headLength
  if (isLong && !isHead(origin, content)) return false
  const stands = trace(content, size)
  if (path !== origin.name && path !== origin.path) return stands ?? isLong
  const whole = Math.max(origin.size, end === Infinity ? 0 : end)
  return stands === true && whole >= headBytes && size >= whole
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
