import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import type { Keys } from '../core/keys.ts'
import { Body } from '../core/output.ts'
import { Fate } from '../core/row.ts'
import { RowFilter } from '../logql/filter.ts'
import { type LineEncoder, lineEncoder } from '../outputs/line-encoder.ts'
import type { TailRows, TailWanted } from './collector.ts'
import { NewLines } from './new-lines.ts'

/** Rows wait so long for others, ms: who is looked at by people need not be faster, and this bounds what it costs. */
const flushMs = 100
/** Once so many bytes wait, rows are counted and no longer written: 2.5 MiB/s at most. */
const mostBytes = 256 * 1024

export interface TailViewParts {
  readonly keys: Keys
  readonly hostName: string
  readonly clock: Clock
  /** Not called again before `more`. */
  readonly send: (rows: TailRows) => void
}

/** What one who looks at rows sees of a shard. It keeps what comes between two of its messages, as far as there is room. */
export class TailView {
  readonly #filter: RowFilter | undefined
  readonly #encoder: LineEncoder
  readonly #parts: TailViewParts
  readonly #body = new Body(mostBytes)
  #leftOut = 0
  #isTaken = true
  #cancelFlush: (() => void) | undefined
  #wanted = new Uint8Array(0)
  #fate = new Uint8Array(0)

  /** Throws `QueryFault`. */
  constructor(wanted: TailWanted, parts: TailViewParts) {
    this.#filter = wanted.query === '' ? undefined : new RowFilter(wanted.query, parts.keys)
    this.#encoder = lineEncoder(wanted, parts)
    this.#parts = parts
  }

  look(batch: Batch): void {
    const hasRoom = this.#body.at < mostBytes
    const lines = hasRoom ? new NewLines(batch) : undefined
    const chosen = this.#choose(batch, lines)
    if (chosen > 0 && hasRoom) this.#write(batch)
    if (chosen > 0 && !hasRoom) this.#leftOut += chosen
    lines?.takeBack()
    if (chosen > 0) this.#flushSoon()
  }

  /** What was sent last is taken. */
  more(): void {
    this.#isTaken = true
    if (this.#body.rows > 0) this.#flushSoon()
  }

  close(): void {
    this.#cancelFlush?.()
  }

  /** How many rows the query selects. */
  #choose(batch: Batch, lines: NewLines | undefined): number {
    const { rows } = batch
    if (this.#wanted.length < rows) {
      this.#wanted = new Uint8Array(rows * 2)
      this.#fate = new Uint8Array(rows * 2)
    }
    const wanted = this.#wanted
    wanted.fill(1, 0, rows)
    this.#filter?.narrow(batch, wanted, lines && ((row, line) => lines.put(row, line)))
    let chosen = 0
    for (let row = 0; row < rows; row++) chosen += wanted[row]!
    return chosen
  }

  /** Encoders write rows that are kept. What becomes of a row in the pipeline is no matter here: it stays as it was. */
  #write(batch: Batch): void {
    const { fate, rows } = batch
    this.#fate.set(fate.subarray(0, rows))
    for (let row = 0; row < rows; row++) fate[row] = this.#wanted[row] === 1 ? Fate.kept : Fate.filtered
    this.#encoder.encode(batch, this.#body)
    fate.set(this.#fate.subarray(0, rows))
  }

  #flushSoon(): void {
    if (!this.#isTaken || this.#cancelFlush !== undefined) return
    this.#cancelFlush = this.#parts.clock.after(flushMs, () => this.#flush())
  }

  #flush(): void {
    const body = this.#body
    this.#cancelFlush = undefined
    this.#isTaken = false
    const rows = { lines: new Uint8Array(body.bytes.subarray(0, body.at)), rows: body.rows, leftOut: this.#leftOut }
    this.#leftOut = 0
    body.clear()
    // One large batch does not keep its memory.
    body.goHome()
    this.#parts.send(rows)
  }
}
