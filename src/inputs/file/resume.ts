import type { Cursor } from '../../core/outcome.ts'
import type { StateLink, StoredState } from '../../core/record.ts'
import type { Content } from './content.ts'
import type { FileStat } from './disk.ts'
import { isHead, markerOf } from './head.ts'
import type { Inode } from './identity.ts'
import { fromStored, type StoredFile } from './stored.ts'

/** File systems stamp with a clock that is up to a tick behind. */
const tickMs = 20

const none: readonly number[] = []

/** What earlier runs of this input know, until it is matched with what is there. */
export class Resume {
  readonly #state: StoredState
  readonly #files = new Set<StoredFile>()
  /** The same files by inode and birth. */
  readonly #byInode = new Map<string, Set<StoredFile>>()
  readonly #cursors: ReadonlyMap<string, Cursor[]>
  readonly #cuts: ReadonlyMap<string, StoredState['cuts'][number][]>
  readonly #firstStart: number

  constructor(input: string, state: StoredState, parts: { link: StateLink; now: number }) {
    this.#state = state
    this.#cursors = Map.groupBy(state.cursors, cursor => cursor.source)
    this.#cuts = Map.groupBy(state.cuts, cut => cut.source)
    this.putBack(state.sources.filter(source => source.input === input).map(fromStored))
    const key = `follow/${input}/started`
    const started = state.notes[key]
    this.#firstStart = started === undefined ? parts.now : Number(started)
    if (started === undefined) parts.link.append([{ kind: 'note', key, value: String(parts.now) }])
  }

  /** The file was there before this input was ever started: options may leave old content out. Whatever came later is read whole. */
  isOld(stat: FileStat): boolean {
    const birthMs = Number(stat.birthtimeNs / 1_000_000n)
    // Disk images and some file systems do not tell the birth: then the last change of any kind has to have been before.
    return (birthMs > 0 ? birthMs : Number(stat.ctimeNs / 1_000_000n)) < this.#firstStart - tickMs
  }

  /** Takes all generations of a file, the newest last. A file system that was mounted again may have another device number: then the
   * same inode, birth and path are needed. */
  take(inode: Inode, path: string): StoredFile[] {
    const sameInode = [...(this.#byInode.get(inodeKey(inode)) ?? [])]
    const exact = sameInode.filter(file => file.dev === inode.dev)
    const found = exact.length > 0 ? exact : sameInode.filter(file => file.path === path && inode.birth !== '0')
    for (const file of found) this.drop(file)
    return found.toSorted((a, b) => a.generation - b.generation)
  }

  /** Puts them back, when the file could not be looked at. */
  putBack(files: readonly StoredFile[]): void {
    for (const file of files) {
      this.#files.add(file)
      const same = this.#byInode.get(inodeKey(file))
      if (same === undefined) this.#byInode.set(inodeKey(file), new Set([file]))
      else same.add(file)
    }
  }

  /** What no file was found for, so far. */
  get missing(): ReadonlySet<StoredFile> {
    return this.#files
  }

  /** The last generation of a file that was not met yet. */
  last(inode: Inode): StoredFile | undefined {
    const files = [...(this.#byInode.get(inodeKey(inode)) ?? [])].filter(file => file.dev === inode.dev)
    return files.toSorted((a, b) => b.generation - a.generation)[0]
  }

  drop(file: StoredFile): void {
    this.#files.delete(file)
    this.#byInode.get(inodeKey(file))?.delete(file)
  }

  cursors(id: string): Cursor[] {
    return this.#cursors.get(id) ?? []
  }

  cuts(id: string): readonly number[] {
    return this.#cuts.get(id)?.map(cut => cut.position) ?? none
  }

  parser(id: string): string | undefined {
    return this.#state.parsers[id]
  }

  /** The lowest cursor; where there is none, nothing was settled. A file was let go only when all of it was. */
  settled(file: StoredFile): number {
    if (file.isEnded) return file.size
    const positions = this.cursors(file.id).map(cursor => cursor.position)
    return positions.length === 0 ? file.startAt : Math.min(...positions)
  }

  /** Whether all cursors within the first `size` bytes of another file have before them what stood there in this one; undefined if
   * there are none. Throws the system's errors. */
  standsIn(file: StoredFile, content: Content, size: number): boolean | undefined {
    const cursors = this.cursors(file.id).filter(({ position, marker }) => marker !== '' && position <= size)
    return cursors.length === 0
      ? undefined
      : cursors.every(({ position, marker }) => markerOf(content, position) === marker)
  }

  /** Whether the file still begins as it did and has before each cursor what stood there. Throws the system's errors. */
  isSame(file: StoredFile, content: Content, size: number): boolean {
    if (file.isOver || size < file.headLength || size < file.startAt) return false
    if (!isHead(file, content)) return false
    return this.cursors(file.id).every(({ position, marker }) => {
      if (position > size) return false
      return position === 0 || marker === '' || markerOf(content, position) === marker
    })
  }
}

/** Without the device, whose number may change. */
function inodeKey({ ino, birth }: Inode): string {
  return `${ino}:${birth}`
}
