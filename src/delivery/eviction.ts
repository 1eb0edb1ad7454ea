import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import { limited, type Log } from '../core/log.ts'
import { Fate } from '../core/row.ts'

const sayEveryMs = 10_000

/** Rows that an output does not get, since it is too far behind. Other outputs get the same batch. */
export class Eviction {
  readonly #maxAgeMs: number
  readonly #clock: Clock
  readonly #id: string
  readonly #log: Log

  constructor(maxAgeMs: number, { clock, log, id }: { readonly clock: Clock; readonly log: Log; readonly id: string }) {
    this.#maxAgeMs = maxAgeMs
    this.#clock = clock
    this.#id = id
    this.#log = limited(log, sayEveryMs, () => clock.monotonic())
  }

  /** Makes kept rows `Fate.evicted`: all of them, or those that are too old. Returns how many. */
  narrow(batch: Batch, isAll: boolean): number {
    if (!isAll && this.#maxAgeMs === Infinity) return 0
    const before = isAll ? Infinity : this.#clock.now() - this.#maxAgeMs
    const { rows, fate, time } = batch
    let evicted = 0
    for (let row = 0; row < rows; row++) {
      if (fate[row] !== Fate.kept || time[row]! >= before) continue
      fate[row] = Fate.evicted
      evicted++
    }
    if (evicted > 0) {
      const fields = { output: this.#id, reason: 'backlog_evicted', rows: evicted }
      this.#log.warn('Rows are given up: the output is behind by more than max_backlog', fields)
    }
    return evicted
  }

  /** Gives them back the fate they had. */
  restore({ rows, fate }: Batch): void {
    for (let row = 0; row < rows; row++) if (fate[row] === Fate.evicted) fate[row] = Fate.kept
  }
}
