import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Fate } from '../core/row.ts'
import type { Choice } from '../delivery/delivery.ts'
import { RowFilter } from '../logql/filter.ts'
import type { ChoicePlan } from './plan.ts'

/** The rows that an output takes. It depends on the row alone, so that it is the same whoever reads it, and when. */
export function choiceOf({ own, taken }: ChoicePlan, keys: Keys): Choice {
  const filterOf = (query: string): RowFilter => new RowFilter(query, keys)
  return new Routing(own === undefined ? undefined : filterOf(own), taken.map(filterOf))
}

class Routing implements Choice {
  readonly #own: RowFilter | undefined
  /** Rows that these select end at outputs before. */
  readonly #taken: readonly RowFilter[]
  #wanted = new Uint8Array(0)
  #others = new Uint8Array(0)
  #fate = new Uint8Array(0)

  constructor(own: RowFilter | undefined, taken: readonly RowFilter[]) {
    this.#own = own
    this.#taken = taken
  }

  narrow(batch: Batch): void {
    const { fate, rows } = batch
    this.#reserve(rows)
    this.#fate.set(fate.subarray(0, rows))
    const wanted = this.#wanted
    for (let row = 0; row < rows; row++) wanted[row] = isOpen(fate[row]!) ? 1 : 0
    this.#own?.narrow(batch, wanted)
    for (const filter of this.#taken) this.#takeOut(filter, batch)
    for (let row = 0; row < rows; row++) if (wanted[row] === 0 && isOpen(fate[row]!)) fate[row] = Fate.filtered
  }

  restore({ fate, rows }: Batch): void {
    fate.set(this.#fate.subarray(0, rows))
  }

  #takeOut(filter: RowFilter, batch: Batch): void {
    const wanted = this.#wanted
    const others = this.#others
    others.set(wanted.subarray(0, batch.rows))
    filter.narrow(batch, others)
    for (let row = 0; row < batch.rows; row++) if (others[row] === 1) wanted[row] = 0
  }

  #reserve(rows: number): void {
    if (this.#fate.length >= rows) return
    this.#wanted = new Uint8Array(rows * 2)
    this.#others = new Uint8Array(rows * 2)
    this.#fate = new Uint8Array(rows * 2)
  }
}

/** A row that is to be a dead letter is one of the outputs that would have taken it. */
function isOpen(fate: number): boolean {
  return fate === Fate.kept || fate === Fate.deadLettered
}
