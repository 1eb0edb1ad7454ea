import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'

/** Rows of several threads come out of order; what is older than this says that the clock was set back, or an older part begins. */
const lateMs = 60_000

/**
 * The time of a lane: that of its newest row, so that rows count alike whether they are read when they were written or an hour later.
 * It does not run ahead of the reading, and goes on with it through rows that have no time of their own.
 */
export class LaneClock {
  #time = Number.NaN
  /** Epoch ms of the reading of the row that the time is of. */
  #readTime = 0

  /** Epoch ms, once this row is here. */
  at({ time, flags, readTime }: Batch, row: number): number {
    if ((flags[row]! & Flag.timeRead) === 0) {
      const own = Math.min(time[row]!, readTime)
      if (!(own <= this.#time && own >= this.#time - lateMs)) {
        this.#time = own
        this.#readTime = readTime
      }
      return this.#time
    }
    if (Number.isNaN(this.#time)) {
      this.#time = readTime
      this.#readTime = readTime
    }
    return this.#time + Math.max(0, readTime - this.#readTime)
  }
}
