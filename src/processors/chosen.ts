import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Fate } from '../core/row.ts'
import { RowFilter } from '../logql/filter.ts'

/** What the option `if` of a step says in the reference. */
export const aboutIf = 'Only rows that this LogQL query selects; all others pass untouched.'

/** The rows that a step is about: those that are kept so far and that its condition selects. */
export class Chosen {
  readonly #filter: RowFilter | undefined
  #rows = new Uint8Array(0)

  constructor(query: string | undefined, keys: Keys) {
    this.#filter = query === undefined ? undefined : new RowFilter(query, keys)
  }

  /** 1 for each of these rows. The array is good until the next call. */
  of(batch: Batch): Uint8Array {
    const { fate, rows } = batch
    if (this.#rows.length < rows) this.#rows = new Uint8Array(rows * 2)
    const chosen = this.#rows
    for (let row = 0; row < rows; row++) chosen[row] = fate[row] === Fate.kept ? 1 : 0
    this.#filter?.narrow(batch, chosen)
    return chosen
  }
}
