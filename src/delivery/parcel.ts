import { Body, type Shipment } from '../core/output.ts'
import type { SourceId } from '../core/source.ts'
import type { Account } from './account.ts'

/**
 * A shipment on its way: an encoded body, and for each batch in it one entry that says whose rows they are. Open while rows are
 * added; `seal` makes it ready to send.
 */
export class Parcel implements Shipment {
  readonly body: Body
  /** The body goes back to the pool. */
  readonly isPooled: boolean
  bytes: Buffer
  attempt = 0
  unknown = false
  mayRepeat?: Uint8Array
  firstSentAt = 0
  memo: unknown = undefined
  /** State record that must be durable before the rows may be sent. */
  barrier = 0
  /** Rows are dead letters sent again: their refusal is final and they don't tell about the server. */
  isReplay = false
  /** Rows were found at fault, not the server: what is refused now is a dead letter, and tells nothing about the server. */
  isFinal = false
  /** One entry for each batch: rows up to `entryEnds[i]` belong to `ranges[i]` of `accounts[i]`. */
  readonly accounts: Account[] = []
  readonly ranges: number[] = []
  readonly entryEnds: number[] = []

  constructor(body: Body, isPooled: boolean) {
    this.body = body
    this.isPooled = isPooled
    this.bytes = body.bytes
  }

  get rows(): number {
    return this.body.rows
  }

  get rowEnds(): Int32Array {
    return this.body.rowEnds
  }

  get rowPositions(): Float64Array {
    return this.body.rowPositions
  }

  get rowLengths(): Int32Array {
    return this.body.rowLengths
  }

  get size(): number {
    return this.body.at
  }

  /** Of a replay that is over: not to be sent any more. */
  get isOver(): boolean {
    return this.isReplay && this.accounts[0]!.isOver === true
  }

  rowStart(row: number): number {
    return row === 0 ? 0 : this.body.rowEnds[row - 1]!
  }

  row(row: number): Buffer {
    return this.body.bytes.subarray(this.rowStart(row), this.rowStart(row + 1))
  }

  /** Says whose the rows are that were added to the body since the last entry. */
  addEntry(account: Account, range: number): void {
    const last = this.accounts.length - 1
    if (last >= 0 && this.accounts[last] === account && this.ranges[last] === range) {
      this.entryEnds[last] = this.body.rows
      return
    }
    this.accounts.push(account)
    this.ranges.push(range)
    this.entryEnds.push(this.body.rows)
  }

  entryOf(row: number): number {
    let entry = 0
    while (this.entryEnds[entry]! <= row) entry++
    return entry
  }

  sourceOf(row: number): SourceId {
    return this.accounts[this.entryOf(row)]!.sourceId
  }

  repeats(row: number): boolean {
    return this.mayRepeat !== undefined && this.mayRepeat[row] === 1
  }

  /** Notes that a row may have been sent by an earlier run. */
  setRepeats(row: number): void {
    let marks = this.mayRepeat
    if (marks === undefined || marks.length <= row) {
      const larger = new Uint8Array(Math.max(this.body.rowEnds.length, row + 1))
      if (marks !== undefined) larger.set(marks)
      this.mayRepeat = marks = larger
    }
    marks[row] = 1
  }

  /** Copies the rows `[start, end)` of another parcel behind the own ones. */
  copyRows(from: Parcel, start: number, end: number): void {
    const first = from.rowStart(start)
    const last = from.rowStart(end)
    const { body } = this
    body.reserve(last - first)
    from.body.bytes.copy(body.bytes, body.at, first, last)
    const shift = body.at - first
    let entry = from.entryOf(start)
    for (let row = start; row < end; row++) {
      if (from.repeats(row)) this.setRepeats(body.rows)
      body.at = from.body.rowEnds[row]! + shift
      body.endRow(from.body.rowPositions[row]!, from.body.rowLengths[row]!)
      if (row + 1 < end && row + 1 < from.entryEnds[entry]!) continue
      this.addEntry(from.accounts[entry]!, from.ranges[entry]!)
      entry++
    }
    this.barrier = Math.max(this.barrier, from.barrier)
  }

  /** Adds a row given as bytes, with the origin of a row of another parcel. */
  addRow(bytes: Uint8Array, from: Parcel, row: number): void {
    const { body } = this
    body.reserve(bytes.length)
    body.bytes.set(bytes, body.at)
    body.at += bytes.length
    body.endRow(from.body.rowPositions[row]!, from.body.rowLengths[row]!)
    const entry = from.entryOf(row)
    this.addEntry(from.accounts[entry]!, from.ranges[entry]!)
  }

  /** Takes the rows from `row` on back. */
  truncate(row: number): void {
    this.body.at = this.rowStart(row)
    this.body.rows = row
    const entry = row === 0 ? -1 : this.entryOf(row - 1)
    this.accounts.length = this.ranges.length = this.entryEnds.length = entry + 1
    if (entry >= 0) this.entryEnds[entry] = row
  }

  /** How many rows from the first on take at most `bytes`; at least one. */
  rowsWithin(bytes: number): number {
    let low = 1
    let high = this.rows
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.body.rowEnds[middle - 1]! <= bytes) low = middle
      else high = middle - 1
    }
    return low
  }

  /** A parcel of its own of some rows, that keeps what is known of their earlier attempts. */
  pick(rows: readonly number[]): Parcel {
    let size = 0
    for (const row of rows) size += this.body.rowEnds[row]! - this.rowStart(row)
    const part = new Parcel(new Body(size), false)
    for (let i = 0; i < rows.length; ) {
      const start = rows[i]!
      let end = start + 1
      while (++i < rows.length && rows[i] === end) end++
      part.copyRows(this, start, end)
    }
    part.inherit(this)
    return part.seal()
  }

  /** The rows `[start, end)` as a parcel of its own. */
  part(start: number, end: number): Parcel {
    const part = new Parcel(new Body(this.rowStart(end) - this.rowStart(start)), false)
    part.copyRows(this, start, end)
    part.inherit(this)
    return part.seal()
  }

  inherit(from: Parcel): void {
    this.attempt = from.attempt
    this.unknown = from.unknown
    this.firstSentAt = from.firstSentAt
    this.memo = from.memo
    this.isReplay = from.isReplay
    this.isFinal = from.isFinal
  }

  /** No more rows come: fixes `bytes` and `mayRepeat` for the output. */
  seal(): this {
    this.bytes = this.body.bytes.subarray(0, this.body.at)
    if (this.mayRepeat !== undefined) {
      const marks = new Uint8Array(this.rows)
      marks.set(this.mayRepeat.subarray(0, this.rows))
      this.mayRepeat = marks
    }
    return this
  }
}
