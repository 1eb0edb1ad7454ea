import type { Position, SourceId } from '../../core/source.ts'
import type { Entry, Segment } from './segment.ts'

/** A block and the segment that it stands in. */
export interface Extent extends Entry {
  readonly segment: Segment
}

/** What the spool holds of one source: bytes with the positions that they had. It grows while the source is copied. */
export class Held {
  readonly source: SourceId
  /** Where the first and behind the last byte stands that was ever stored. */
  start: Position = Infinity
  end: Position = 0
  /** By position. Two may hold the same bytes: what could not be flushed was stored once more. */
  #extents: Extent[] = []
  /** Those that can not be read: their segments stay until they are passed. */
  #lost: Extent[] = []
  readonly #load: (extent: Extent) => Buffer | undefined

  constructor(source: SourceId, load: (extent: Extent) => Buffer | undefined) {
    this.source = source
    this.#load = load
  }

  add(extents: readonly Extent[]): void {
    for (const { position, length } of extents) {
      this.start = Math.min(this.start, position)
      this.end = Math.max(this.end, position + length)
    }
    this.#extents = [...this.#extents, ...extents].toSorted((a, b) => a.position - b.position)
  }

  /** Copies bytes from `at` into `into`, at least one and as many as stand in one block; returns their number, 0 if none stand there. */
  read(at: Position, into: Uint8Array): number {
    for (;;) {
      const extent = this.#extents.find(one => one.position + one.length > at)
      if (extent === undefined || extent.position > at) return 0
      const bytes = this.#load(extent)
      if (bytes !== undefined) return bytes.copy(into, 0, at - extent.position)
      this.#lost.push(extent)
      this.#extents = this.#extents.filter(one => one !== extent)
    }
  }

  /** Where the next bytes stand, at or behind `at`; Infinity if there are none. */
  next(at: Position): Position {
    const extent = this.#extents.find(one => one.position + one.length > at)
    return extent === undefined ? Infinity : Math.max(at, extent.position)
  }

  /** Forgets what stands before a position, and returns it. */
  settle(position: Position): Extent[] {
    const isSettled = (one: Extent): boolean => one.position + one.length <= position
    const settled = [...this.#extents.filter(isSettled), ...this.#lost.filter(isSettled)]
    if (settled.length === 0) return settled
    this.#extents = this.#extents.filter(one => !isSettled(one))
    this.#lost = this.#lost.filter(one => !isSettled(one))
    return settled
  }

  get isEmpty(): boolean {
    return this.#extents.length === 0 && this.#lost.length === 0
  }
}
