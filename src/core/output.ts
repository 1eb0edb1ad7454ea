import type { Batch } from './batch.ts'
import type { Finding, ServerProbe } from './probe.ts'
import type { SourceId } from './source.ts'
import { grown } from './workspace.ts'

/**
 * Encoded rows of one request, and where each came from. Outputs append to it; delivery/ cuts, sends and settles it.
 * Row r takes `bytes[rowEnds[r - 1], rowEnds[r])`.
 */
export class Body {
  bytes: Buffer
  /** Bytes written. */
  at = 0
  rows = 0
  rowEnds = new Int32Array(1024)
  rowPositions = new Float64Array(1024)
  rowLengths = new Int32Array(1024)

  /** Its own memory; what is larger than that is written elsewhere. */
  readonly #home: Buffer

  constructor(home: Buffer | number) {
    this.#home = typeof home === 'number' ? Buffer.allocUnsafeSlow(home) : home
    this.bytes = this.#home
  }

  /** Makes room for `length` more bytes behind `at`. Call it once a row with the most the row can take, then write freely. */
  reserve(length: number): void {
    if (this.at + length <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + length))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  /** Marks the end of an encoded row at `at`. */
  endRow(position: number, length: number): void {
    const row = this.rows
    if (row === this.rowEnds.length) this.#grow()
    this.rows = row + 1
    this.rowEnds[row] = this.at
    this.rowPositions[row] = position
    this.rowLengths[row] = length
  }

  /** Marks the ends of `count` rows that were written at once. */
  endRows(count: number, ends: Int32Array, positions: Float64Array, lengths: Int32Array): void {
    const row = this.rows
    while (row + count > this.rowEnds.length) this.#grow()
    this.rowEnds.set(ends.subarray(0, count), row)
    this.rowPositions.set(positions.subarray(0, count), row)
    this.rowLengths.set(lengths.subarray(0, count), row)
    this.rows = row + count
  }

  clear(): void {
    this.at = 0
    this.rows = 0
  }

  /** Forgets memory that is not its own. */
  goHome(): void {
    this.bytes = this.#home
  }

  #grow(): void {
    const rows = this.rowEnds.length * 2
    this.rowEnds = grown(this.rowEnds, new Int32Array(rows))
    this.rowPositions = grown(this.rowPositions, new Float64Array(rows))
    this.rowLengths = grown(this.rowLengths, new Int32Array(rows))
  }
}

/** What `Output.send` gets. The bytes belong to delivery/ and stay unchanged until the promise has settled. */
export interface Shipment {
  /** All rows, encoded, one behind the other. */
  readonly bytes: Buffer
  readonly rows: number
  /** End of each row in `bytes`. */
  readonly rowEnds: Int32Array
  /** Where each row begins in its source, and how long it is there. */
  readonly rowPositions: Float64Array
  readonly rowLengths: Int32Array
  /** The source of a row. */
  sourceOf(row: number): SourceId
  /** How often it was sent before. */
  readonly attempt: number
  /** An earlier attempt ended without an answer (reset, timeout), so any of its rows may have been accepted. */
  readonly unknown: boolean
  /** Rows that an earlier run may have sent: `mayRepeat[row]` is 1. Absent: none. */
  readonly mayRepeat?: Uint8Array
  /** Epoch ms of the first attempt. */
  readonly firstSentAt: number
  /** Scratch of the output that stays with the rows over all attempts; a part inherits it. */
  memo: unknown
}

export interface Refusal {
  readonly status: number
  readonly type: string
  readonly reason: string
}

/** The answer to a shipment. Without `each`, every row was delivered. */
export interface Verdicts {
  readonly each?: { readonly verdict: Uint8Array; readonly refusals: ReadonlyMap<number, Refusal> }
  /** Rows that the server put aside itself (`failure_store: used`); they count as delivered too. */
  readonly setAside?: number
  /** Rows that the server did not take, without saying which; they count as delivered too. */
  readonly rejected?: number
  /** Rows that may now stand twice on the server, as we could not look them up. */
  readonly possiblyTwice?: number
  /** Wait at least so long before the rows to retry. */
  readonly retryAfterMs?: number
  readonly requestBytes: number
}

/** An output is an encoder and a sender. Batching, retry, concurrency, breaker and dead letters belong to delivery/. */
export interface Output {
  /** Appends the kept rows of the batch to the body and calls `body.endRow` behind each, in row order. Synchronous; keeps no
   * reference to the batch. */
  encode(batch: Batch, body: Body): void
  /** Tries once. Throws `SendError` only if nothing was accepted for certain, or if the outcome is unknown. Must settle soon
   * after `signal` aborts. */
  send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts>
  /** The same row under another id, after a collision. Absent where the output has no ids. */
  salt?(row: Buffer): Buffer
  /** The part of an encoded row that is the same whenever that row is encoded, and for no other row: its id. Absent: all of it. */
  identity?(row: Buffer): Buffer
  /** Where the server has each row, without sending any: the places of those rows that do not stand in exactly one. Throws
   * `SendError`. Absent where nobody can be asked. */
  locate?(shipment: Shipment, signal: AbortSignal): Promise<ReadonlyMap<number, readonly string[]>>
  /** Called before the first `send`, again after a pause, and at the start while there is nothing to send; throws `SendError`.
   * Tells who answers, in words for people. Outputs without it have nobody to ask. */
  prepare?(signal: AbortSignal): Promise<string>
  /** Looks at where it writes to on this machine, and changes nothing. Absent: it writes nothing here. */
  look?(): Promise<readonly Finding[]>
  /** The servers behind it. Absent: there is none. */
  probes?(): readonly ServerProbe[]
  /** An encoded row for people. Absent: it is text. */
  shown?(row: Buffer): string
  close?(): Promise<void>
}
