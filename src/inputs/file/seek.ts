import { dirname } from 'node:path'
import { NotYetError } from './content.ts'
import type { Discovery } from './discover.ts'
import { type Disk, type FileStat, reasonOf } from './disk.ts'
import { inodeOf, keyOf } from './identity.ts'
import type { KnownFile } from './known.ts'

interface Sibling {
  readonly path: string
  readonly stat: FileStat
}

/** Finds files again that no pattern finds any more: renamed, deleted, or out of sight for now. Renamed files stay in their folder. */
export class Seeker {
  readonly #discovery: Discovery
  readonly #disk: Disk
  readonly #report: (reason: string, path: string) => void
  /** Folders listed in this scan. */
  readonly #folders = new Map<string, ReadonlyMap<string, Sibling>>()
  /** Files that no name leads to any more. */
  readonly #gone: KnownFile[] = []

  constructor(discovery: Discovery, disk: Disk, report: (reason: string, path: string) => void) {
    this.#discovery = discovery
    this.#disk = disk
    this.#report = report
  }

  /** Forgets the listings. */
  clear(): void {
    this.#folders.clear()
  }

  seek(file: KnownFile, now: number): void {
    if (this.#discovery.isUnknown(file.path)) return
    try {
      if (file.handle.isOpen) {
        const stat = file.handle.stat()
        file.isUnlinked = stat.nlink === 0n
        file.observe(stat, now)
        if (file.isUnlinked) this.#gone.push(file)
        else this.#follow(file, now)
        return
      }
      const stat = this.#follow(file, now)
      if (stat !== undefined) file.observe(stat, now)
      else if (!this.#discovery.isUnknown(dirname(file.path))) this.#gone.push(file)
    } catch (error) {
      this.#report(reasonOf(error), file.path)
    }
  }

  /** Looks again for those that were renamed between the look at them and their opening. Throws nothing. */
  catchUp(files: Iterable<KnownFile>, now: number): void {
    this.clear()
    for (const file of files) if (file.handle.isMisled && file.unlinkedAt < 0) this.seek(file, now)
    // the next scan tells
    this.#gone.length = 0
  }

  /** Tells those that were sought and are gone. */
  tellGone(now: number): void {
    for (const file of this.#gone.splice(0)) {
      try {
        file.vanish(now)
      } catch (error) {
        if (!(error instanceof NotYetError)) this.#report(reasonOf(error), file.path)
      }
    }
  }

  /** The file with this key in a folder. */
  sibling(folder: string, key: string): Sibling | undefined {
    let siblings = this.#folders.get(folder)
    if (siblings === undefined) {
      const found = Array.from(this.#discovery.siblings(folder) ?? [])
      siblings = new Map(found.map(([path, stat]) => [keyOf(inodeOf(stat)), { path, stat }]))
      this.#folders.set(folder, siblings)
    }
    return siblings.get(key)
  }

  /** The new name of a file that left its place. Throws the system's errors. */
  #follow(file: KnownFile, now: number): FileStat | undefined {
    const here = this.#disk.lstat(file.path)
    if (here !== undefined && keyOf(inodeOf(here)) === file.key) {
      if (file.awayAt < 0 && file.path !== file.name) file.awayAt = now
      return here
    }
    if (file.awayAt < 0) file.awayAt = now
    const found = this.sibling(dirname(file.path), file.key)
    if (found === undefined) return undefined
    file.handle.path = found.path
    return found.stat
  }
}
