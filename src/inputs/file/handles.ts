import { type Disk, reasonOf } from './disk.ts'
import type { Handle } from './handle.ts'

/** When the system has no more, others of this process are short of them too. */
const freedAtOnce = 8
const scarce = new Set(['EMFILE', 'ENFILE'])
/** Which handles are closed first: of files that may be deleted without harm, that are read to their end, all others. */
const ranks = [0, 1, 2] as const
export type Rank = (typeof ranks)[number]

/** The open files of one input, the one that was used least lately first: they are closed in turns, and open again when they are read. */
export class Handles {
  readonly #most: number
  readonly #open = new Set<Handle>()

  constructor(most: number) {
    this.#most = most
  }

  /** Before it is opened. */
  add(handle: Handle): void {
    while (this.#open.size >= this.#most && this.#free());
    this.#open.add(handle)
  }

  use(handle: Handle): void {
    if (this.#open.size * 2 < this.#most) return
    this.#open.delete(handle)
    this.#open.add(handle)
  }

  remove(handle: Handle): void {
    this.#open.delete(handle)
  }

  /** The same file system, on which what fails for want of file descriptors is tried again with some fewer open. */
  sparing(disk: Disk): Disk {
    const again = <R>(run: () => R): R => {
      try {
        return run()
      } catch (error) {
        if (!scarce.has(reasonOf(error)) || !this.#freeSome()) throw error
        return run()
      }
    }
    return {
      ...disk,
      list: path => again(() => disk.list(path)),
      open: path => again(() => disk.open(path)),
      realPath: path => again(() => disk.realPath(path))
    }
  }

  #freeSome(): boolean {
    let freed = 0
    while (freed < freedAtOnce && this.#free()) freed++
    return freed > 0
  }

  #free(): boolean {
    for (const rank of ranks) {
      for (const handle of this.#open) {
        if (!handle.isOpen || handle.owner?.mayClose(rank) !== true) continue
        handle.close()
        return true
      }
    }
    return false
  }
}
