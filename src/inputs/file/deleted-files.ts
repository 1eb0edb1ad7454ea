import { dirname } from 'node:path'
import type { SourceId } from '../../core/source.ts'
import type { KnownParts } from './context.ts'
import type { Inode } from './identity.ts'

/** So many of those that an input has deleted in one run, however many come and go: each takes a KiB of the state, and some memory. What
 * earlier runs left is forgotten by its age. */
const mostKept = 1000

/** A file that is gone, with all that there was of it settled. */
interface GoneFile {
  readonly key: string
  readonly inode: Inode
  /** Where it was seen last. */
  readonly path: string
  /** Under which the state knows it. */
  readonly id: SourceId | undefined
}

/**
 * Files that are gone. The state knows them for days, for they may come back: from another folder, or with a file system that was not
 * mounted. Of those that left a folder whose file system is there, and so were deleted, it keeps the last ones only.
 */
export class DeletedFiles {
  readonly #parts: Pick<KnownParts, 'context' | 'disk' | 'records'>
  readonly #isBack: (key: string) => boolean
  /** By key, those that went first in front. */
  readonly #ids = new Map<string, SourceId>()

  /** `isBack`: the file with this key is followed, by any input. */
  constructor(parts: Pick<KnownParts, 'context' | 'disk' | 'records'>, isBack: (key: string) => boolean) {
    this.#parts = parts
    this.#isBack = isBack
  }

  add({ key, inode, path, id }: GoneFile): void {
    if (id === undefined || !this.#isDeleted(path, inode)) return
    this.#ids.delete(key)
    this.#ids.set(key, id)
    if (this.#ids.size <= mostKept) return
    const [oldest, source] = this.#ids.entries().next().value!
    this.#ids.delete(oldest)
    if (!this.#isBack(oldest)) this.#parts.records.push({ kind: 'forget', source })
  }

  /** A folder that is gone too counts as the next one above it. */
  #isDeleted(path: string, { dev }: Inode): boolean {
    const { disk } = this.#parts
    try {
      for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
        const real = disk.realPath(folder)
        if (real !== undefined) return String(disk.lstat(real)?.dev) === dev
      }
    } catch {
      // It can not be told now: then it is kept.
    }
    return false
  }
}
