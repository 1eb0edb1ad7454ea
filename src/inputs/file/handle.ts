import { type Disk, type DiskStat, reasonOf } from './disk.ts'
import type { Handles, Rank } from './handles.ts'
import { type Inode, inodeOf, keyOf } from './identity.ts'

/** What guards opening: which real directories files may be in. */
export interface Allowed {
  has(realPath: string): boolean
}

const misleading = new Set(['ENOENT', 'ESTALE'])

/** An open file that closes itself when it is idle and opens again only if it still is the same file. */
export class Handle {
  /** Where to open it again. */
  path: string
  #fd = -1
  readonly #disk: Disk
  readonly #inode: Inode
  readonly #allowed: Allowed
  readonly #handles: Handles | undefined
  /** Says whether it may be closed now, by `Handles`: it can be opened again. Absent: never. */
  owner: { mayClose(rank: Rank): boolean } | undefined
  /** When it was to be opened last, nothing stood at its path, or another file: it is deleted, or was renamed a moment ago. */
  isMisled = false
  /** Reads since the last `takeUses`. */
  #uses = 0

  constructor(path: string, inode: Inode, parts: { disk: Disk; allowed: Allowed; handles?: Handles }) {
    this.path = path
    this.#inode = inode
    this.#disk = parts.disk
    this.#allowed = parts.allowed
    this.#handles = parts.handles
  }

  get isOpen(): boolean {
    return this.#fd >= 0
  }

  /** Reads at `position` into the buffers, as many bytes as are there. Throws the system's errors, `ESTALE` if the path leads to
   * another file by now. */
  read(buffers: readonly Uint8Array[], position: number): number {
    this.open()
    this.#handles?.use(this)
    this.#uses++
    try {
      return this.#disk.read(this.#fd, buffers, position)
    } catch (error) {
      this.#closeStale(error)
      throw error
    }
  }

  stat(): DiskStat {
    this.open()
    try {
      return this.#disk.fstat(this.#fd)
    } catch (error) {
      this.#closeStale(error)
      throw error
    }
  }

  takeUses(): number {
    const uses = this.#uses
    this.#uses = 0
    return uses
  }

  close(): void {
    if (this.#fd < 0) return
    this.#disk.close(this.#fd)
    this.#fd = -1
    this.#handles?.remove(this)
  }

  /** Its server does not know it any more: it was restarted, or the file is deleted. Only opening it again tells. */
  #closeStale(error: unknown): void {
    if (reasonOf(error) === 'ESTALE') this.close()
  }

  /** Throws the system's errors. */
  open(): void {
    if (this.#fd >= 0) return
    this.#handles?.add(this)
    let fd = -1
    try {
      fd = this.#disk.open(this.path)
      this.#check(fd)
    } catch (error) {
      if (fd >= 0) this.#disk.close(fd)
      this.#handles?.remove(this)
      this.isMisled = misleading.has(reasonOf(error))
      throw error
    }
    this.isMisled = false
    this.#fd = fd
  }

  /** Between the scan and `open` anything may have taken the file's place, and a directory of its path may have become a link. */
  #check(fd: number): void {
    const stat = this.#disk.fstat(fd)
    if (!stat.isFile()) throw new RefusedError('not_regular', this.path)
    if (keyOf(inodeOf(stat)) !== keyOf(this.#inode)) throw new RefusedError('ESTALE', this.path)
    const real = this.#disk.pathOf(fd) ?? this.#disk.realPath(this.path)
    if (real === undefined || !this.#allowed.has(real)) throw new RefusedError('outside', this.path)
  }
}

class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: string

  constructor(code: string, path: string) {
    super(`Cannot open "${path}": ${code}`)
    this.code = code
  }
}
