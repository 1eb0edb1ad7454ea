import { Archive, archiveFormat } from './archive.ts'
import type { Opened } from './content.ts'
import type { FileStat } from './disk.ts'
import type { Handle } from './handle.ts'
import { inodeOf, keyOf } from './identity.ts'
import { Slots } from './slots.ts'

/** Each takes up to 9 MiB while it is decompressed. */
const mostAtOnce = 3
/** What nobody asked for so long is closed, ms. */
const idleMs = 30_000
/** A file that was written so lately may still be written, ms. */
const freshMs = 10_000

interface Place {
  readonly archive: Archive
  usedAt: number
}

/** Archives between two looks at them: finding out what one holds takes longer than a look may. */
export class Shelf {
  readonly #ready: () => void
  readonly #slots = new Slots(mostAtOnce)
  readonly #places = new Map<string, Place>()

  /** `ready`: another look will tell more. */
  constructor(ready: () => void) {
    this.#ready = ready
  }

  /** The archive in this file, or undefined if it is none. It stays here until it is closed or taken. Throws the system's errors. */
  open(handle: Handle, stat: FileStat, now: number): Archive | undefined {
    const key = contentKey(stat)
    const place = this.#places.get(key)
    if (place !== undefined && !place.archive.isClosed) {
      place.usedAt = now
      // Also where it is the archive's own, which opens it when it reads: many may wait for their turn.
      handle.close()
      return place.archive
    }
    const format = archiveFormat(handle)
    if (format === undefined) return undefined
    const archive = new Archive(handle, format, this.#slots)
    archive.onReady = this.#ready
    this.#places.set(key, { archive, usedAt: now })
    return archive
  }

  /** Somebody reads it from now on, and closes it. */
  take(archive: Opened): void {
    for (const [key, place] of this.#places) if (place.archive === archive) this.#places.delete(key)
  }

  sweep(now: number): void {
    for (const [key, { archive, usedAt }] of this.#places) {
      if (!archive.isClosed && now - usedAt < idleMs) continue
      archive.close()
      this.#places.delete(key)
    }
  }

  close(): void {
    for (const { archive } of this.#places.values()) archive.close()
  }
}

/** What it is now: a file that is written to is another archive. */
function contentKey(stat: FileStat): string {
  return `${keyOf(inodeOf(stat))}:${packedOf(stat)}`
}

/** By which an archive is known to be as it was. */
export function packedOf(stat: FileStat): string {
  return `${stat.size}:${stat.mtimeNs}`
}

/** The size in what `packedOf` has told. */
export function packedSize(packed: string): number {
  return Number.parseInt(packed, 10)
}

/** It may get more bytes: what it lacks says nothing yet. */
export function isFresh(stat: FileStat, now: number): boolean {
  return now - Number(stat.mtimeMs) < freshMs
}
