import { endOf } from '../core/outcome.ts'
import { Body } from '../core/output.ts'
import type { Account } from './account.ts'
import { Parcel } from './parcel.ts'

/** What became of a dead letter that was sent again. `duplicate`: the row is there already. */
export type ReplayVerdict = 'delivered' | 'duplicate' | 'refused'

export interface ReplayRow {
  readonly id: number
  /** The encoded row. */
  readonly row: Uint8Array
}

/** The account of dead letters that are sent again: one range for each letter. */
export class Replay implements Account {
  readonly sourceId = ''
  readonly verdicts: Promise<Map<number, ReplayVerdict>>
  isOver = false
  readonly #rows: readonly ReplayRow[]
  readonly #result = new Map<number, ReplayVerdict>()
  #left: number
  #resolve!: (result: Map<number, ReplayVerdict>) => void
  #reject!: (error: Error) => void

  constructor(rows: readonly ReplayRow[]) {
    this.#rows = rows
    this.#left = rows.length
    this.verdicts = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (rows.length === 0) this.#resolve(this.#result)
  }

  /** The rows in parcels of at most `bytes`. */
  parcels(bytes: number): Parcel[] {
    const parcels: Parcel[] = []
    for (let start = 0; start < this.#rows.length; ) {
      let size = this.#rows[start]!.row.length
      let end = start + 1
      for (; end < this.#rows.length && size + this.#rows[end]!.row.length <= bytes; end++) {
        size += this.#rows[end]!.row.length
      }
      parcels.push(this.#parcel(start, end, size))
      start = end
    }
    return parcels
  }

  end(range: number, end: number, rows: number): void {
    const verdict = end === endOf.delivered ? 'delivered' : end === endOf.duplicate ? 'duplicate' : 'refused'
    this.#result.set(this.#rows[range]!.id, verdict)
    this.unsent(rows)
  }

  /** These rows get no verdict. */
  unsent(rows: number): void {
    this.#left -= rows
    if (this.#left === 0) this.#resolve(this.#result)
  }

  lose(range: number, _reason: string, rows: number): void {
    this.end(range, endOf.dead_lettered, rows)
  }

  /** The output was closed before all verdicts were there. */
  cancel(): void {
    this.#reject(new Error('Cannot replay dead letters: the output was closed'))
  }

  #parcel(start: number, end: number, size: number): Parcel {
    const parcel = new Parcel(new Body(size), false)
    parcel.isReplay = true
    const { body } = parcel
    for (let i = start; i < end; i++) {
      const { row } = this.#rows[i]!
      body.bytes.set(row, body.at)
      body.at += row.length
      body.endRow(0, 0)
      parcel.addEntry(this, i)
      // an earlier replay may have sent it and not lived to note that
      parcel.setRepeats(i - start)
    }
    return parcel.seal()
  }
}
