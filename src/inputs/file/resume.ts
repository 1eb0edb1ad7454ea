import type { Cursor } from '../../core/outcome.ts'
import type { StateLink, StoredState } from '../../core/record.ts'
import type { FileStat } from './disk.ts'
import type { Handle } from './handle.ts'
import { hashOf, type Inode, markerBytes } from './identity.ts'
import { fromStored, type StoredFile } from './stored.ts'

/** What earlier runs of this input know, until it is matched with what is there. */
export class Resume {
  readonly #state: StoredState
  #files: StoredFile[]
  readonly #firstStart: number

  constructor(input: string, state: StoredState, parts: { link: StateLink; now: number }) {
    this.#state = state
    this.#files = state.sources.filter(source => source.input === input).map(fromStored)
    const key = `follow/${input}/started`
    const started = state.notes[key]
    this.#firstStart = started === undefined ? parts.now : Number(started)
    if (started === undefined) parts.link.append([{ kind: 'note', key, value: String(parts.now) }])
  }

  /** The file was there before this input was ever started: options may leave old content out. Whatever came later is read whole. */
  isOld(stat: FileStat): boolean {
    const birthMs = Number(stat.birthtimeNs / 1_000_000n)
    return birthMs > 0 && birthMs < this.#firstStart
  }

  /** Takes all generations of a file, the newest last. A file system that was mounted again may have another device number: then the
   * same inode, birth and path are needed. */
  take(inode: Inode, path: string): StoredFile[] {
    const sameInode = this.#files.filter(file => file.ino === inode.ino && file.birth === inode.birth)
    const exact = sameInode.filter(file => file.dev === inode.dev)
    const found = exact.length > 0 ? exact : sameInode.filter(file => file.path === path && inode.birth !== '0')
    this.#files = this.#files.filter(file => !found.includes(file))
    return found.toSorted((a, b) => a.generation - b.generation)
  }

  /** Puts them back, when the file could not be looked at. */
  putBack(files: readonly StoredFile[]): void {
    this.#files.push(...files)
  }

  /** What no file was found for, so far. */
  get missing(): readonly StoredFile[] {
    return this.#files
  }

  drop(file: StoredFile): void {
    this.#files = this.#files.filter(one => one !== file)
  }

  cursors(id: string): Cursor[] {
    return this.#state.cursors.filter(cursor => cursor.source === id)
  }

  cuts(id: string): number[] {
    return this.#state.cuts.filter(cut => cut.source === id).map(cut => cut.position)
  }

  parser(id: string): string | undefined {
    return this.#state.parsers[id]
  }

  /** The lowest cursor; where there is none, nothing was settled. */
  settled(file: StoredFile): number {
    const positions = this.cursors(file.id).map(cursor => cursor.position)
    return positions.length === 0 ? file.startAt : Math.min(...positions)
  }

  /** Whether the file still begins as it did and has before each cursor what stood there. Throws the system's errors. */
  isSame(file: StoredFile, handle: Handle, size: number): boolean {
    if (file.isOver || size < file.headLength || size < file.startAt) return false
    if (!isHead(file, handle)) return false
    return this.cursors(file.id).every(({ position, marker }) => {
      if (position > size) return false
      if (position === 0 || marker === '') return true
      const bytes = Buffer.allocUnsafe(Math.min(position, markerBytes))
      return handle.read([bytes], position - bytes.length) === bytes.length && hashOf(bytes) === marker
    })
  }
}

/** Whether the file begins as it did when it was stored. Throws the system's errors. */
export function isHead(file: StoredFile, handle: Handle): boolean {
  const head = Buffer.allocUnsafe(file.headLength)
  return handle.read([head], 0) === head.length && hashOf(head) === file.head
}
