import type { Batch } from '../core/batch.ts'
import { Fate, Flag } from '../core/row.ts'
import { type Cursor, type Ledger, type LossReason, lossReasons, newLedger } from '../core/outcome.ts'
import type { Position, Source } from '../core/source.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import { type Account, ledgerOf, numbersOf, slot, slots } from './account.ts'

const noRanges = new Float64Array(0)
const noNumbers: number[] = []
const nothingRead: Ledger = Object.freeze(newLedger())
const movesOnEmit = hasBug('offset-on-emit')
/** Of thousands of sources most are at rest: one with more to do takes more. */
const initialRanges = 2
/** A range in the ring: its border, its pending rows, the time of its first row, then its ledger. */
const border = 0
const pending = 1
const time = 2
const numbers = 3
const width = numbers + slots
/** The range ends inside a record, so the cursor can't stand behind it; it goes on into the next range. */
const noBorder = -1
const tooLarge = slot.lostBytes + lossReasons.indexOf('too_large')
const evicted = slot.lostRows + lossReasons.indexOf('backlog_evicted')

/**
 * What one output has read and settled of one source: ranges in the order of the source, one for each chunk.
 *
 * ```
 *        settled                                             read
 *  ────────┤ ended │ pending │ ended │ ended, no border ─ pending ┤──▶ source
 *          └ head    └ ready                                   tail ┘
 * ```
 * The cursor stands on borders only: places with every row before them ended and no record across them. A chunk's border is its
 * end, or the start of the earliest record still held by the framer. Where rows that end behind that start were given out already
 * (two interleaved streams), there is no border: else they would be in the ledger and be read again.
 */
export class Track implements Account {
  readonly source: Source
  /** `pipeline/output`. */
  readonly output: string
  /** Rows that start before this position may have been sent before, by an earlier run or for an earlier track. */
  repeatsUntil: Position
  /** Its cursor is not stored any more: what has not ended is read again under another one. */
  isLeft = false
  /** Rows that end before this are given up, if the output has no room for them or it has. */
  giveUpTo: Position = 0
  /** Epoch ms of the last row that was appended and has a time of its own; -Infinity: none was. */
  lastTime = Number.NEGATIVE_INFINITY
  #settled: Position
  #read: Position
  #heldFrom = Number.POSITIVE_INFINITY
  #rowsFrom: Position = 0
  /** Furthest end of a row that was given out while another record was held. */
  #reach = -1
  #border: Position
  /** Absent ranges take no memory: while it rests there are none. */
  #ring = noRanges
  #capacity = 0
  /** Numbers of ranges: not passed by the cursor yet, not ended yet, not read yet. They only grow. */
  #head = 0
  #ready = 0
  #tail = 0
  #pending = 0
  /** The account before the cursor while there are no ranges: most of thousands of sources are at rest, and have stored the same. */
  #resting: Ledger
  /** The same account, and that of everything read, while there are ranges. */
  #before = noNumbers
  #live = noNumbers
  #changed: boolean

  /** `start` is where reading begins: the position of the cursor, if there is one. */
  constructor(source: Source, output: string, cursor: Cursor | undefined, start: Position) {
    this.source = source
    this.output = output
    this.repeatsUntil = source.repeatsUntil
    this.#settled = start
    this.#read = start
    this.#border = start
    this.#resting = cursor?.ledger ?? nothingRead
    // a track that begins somewhere for the first time has that place stored, or the next run would begin elsewhere
    this.#changed = cursor === undefined || cursor.position !== start
  }

  /** Rows that end before a position were appended by an earlier run, and what that has kept of them is more than the cursor says: a record
   * is held from there on. Comes before anything else. */
  resume(read: Position): void {
    this.#read = Math.max(this.#read, read)
  }

  get sourceId(): string {
    return this.source.id
  }

  /** Everything before has ended. */
  get settled(): Position {
    return this.#settled
  }

  /** Everything before was appended or skipped. */
  get read(): Position {
    return this.#read
  }

  /** The last border, settled or not: who begins to read there finds the same rows behind what was read. */
  get border(): Position {
    return this.#border
  }

  /** Epoch ms of the first row of the first chunk with rows that have not ended, as the row says; Infinity: all have. */
  get oldestTime(): number {
    return this.#ready < this.#tail ? this.#ring[this.#place(this.#ready) + time]! : Infinity
  }

  /** Rows that were appended and have not ended. */
  get pendingRows(): number {
    return this.#pending
  }

  /** All that was read has ended, and `takeCursor` has told so. */
  get isAtRest(): boolean {
    return !this.#changed && this.#head === this.#tail
  }

  /** Rows of the last chunk start here or behind: before the chunk itself where a record was held. */
  get rowsFrom(): Position {
    return this.#rowsFrom
  }

  /**
   * Adds the chunk `[batch.base, to)` and returns the number of its range. `fates` are its rows by `Fate`; kept and dead-lettered
   * ones are pending until `end` or `lose` is called for them, the others end, or are lost, here. `heldFrom` is `Framer.heldFrom` after the
   * chunk.
   */
  append(batch: Batch, to: Position, heldFrom: Position, fates: Int32Array): number {
    this.#checkFrom(batch.base, to)
    this.#rowsFrom = Math.min(this.#read, this.#heldFrom)
    if (heldFrom < to) this.#reach = Math.max(this.#reach, furthest(batch))
    this.#heldFrom = heldFrom
    const at = this.#open(to, fates[Fate.kept]! + fates[Fate.deadLettered]!)
    if (fates[Fate.kept]! > 0) this.#ring[at + time] = batch.time[0]!
    const timed = lastTimed(batch)
    if (timed >= 0) this.lastTime = batch.time[timed]!
    this.#count(at, slot.read, batch.rows)
    this.#count(at, evicted, fates[Fate.evicted]!)
    // in the range of their rows: a range of their own would stand behind a held record, where the cursor does not come to
    this.#count(at, tooLarge, batch.cutBytes)
    for (let fate: number = Fate.filtered; fate <= Fate.deduplicated; fate++) {
      // `ends` names delivered and duplicate before the fates, in the same order
      if (fates[fate] !== 0) this.#count(at, slot.ends + fate + 1, fates[fate]!)
    }
    this.#advance()
    return this.#tail - 1
  }

  /** Passes over bytes that can't be read. They may be fewer than `to - from`, and `from` may be `to`. Not for bytes of a row that
   * was given out: those come with its batch. */
  skip(from: Position, to: Position, reason: LossReason, bytes: number): void {
    this.#checkFrom(from, to)
    if (this.#heldFrom < to) this.#reach = Math.max(this.#reach, to)
    const at = this.#open(to, 0)
    this.#count(at, slot.lostBytes + lossReasons.indexOf(reason), bytes)
    this.#advance()
  }

  end(range: number, end: number, rows: number): void {
    this.#take(range, slot.ends + end, rows)
  }

  lose(range: number, reason: LossReason, rows: number): void {
    this.#take(range, slot.lostRows + lossReasons.indexOf(reason), rows)
  }

  /** The account of everything read, also by earlier runs, as it stands. */
  ledger(): Ledger {
    return this.#isResting ? this.#resting : ledgerOf(this.#live)
  }

  /** The cursor with the ledger of exactly the rows before it, if it has moved since the last call. */
  takeCursor(): { readonly position: Position; readonly ledger: Ledger } | undefined {
    if (!this.#changed) return undefined
    this.#changed = false
    if (this.#head === this.#tail) this.#rest()
    const ledger = this.#isResting ? this.#resting : ledgerOf(this.#before)
    return { position: movesOnEmit ? this.#read : this.#settled, ledger }
  }

  get #isResting(): boolean {
    return this.#before === noNumbers
  }

  #rest(): void {
    if (this.#isResting) return
    this.#resting = ledgerOf(this.#before)
    this.#before = noNumbers
    this.#live = noNumbers
    this.#ring = noRanges
    this.#capacity = 0
  }

  #wake(): void {
    if (!this.#isResting) return
    this.#before = numbersOf(this.#resting)
    this.#live = this.#before.slice()
  }

  #checkFrom(from: Position, to: Position): void {
    if (from === this.#read && to >= from) return
    throw new Error(`Cannot append [${from}, ${to}) of "${this.source.id}": it was read up to ${this.#read}`)
  }

  /** Begins a range and returns its place in the ring; or reuses the last one, so that a blocked cursor over a source whose rows
   * are all filtered costs no memory. */
  #open(to: Position, rows: number): number {
    this.#read = to
    const place = this.#borderAt(to)
    const last = this.#place(this.#tail - 1)
    const joins = this.#tail > this.#ready && this.#ring[last + pending] === 0 && this.#ring[last + border] !== noBorder
    if (rows === 0 && place !== noBorder && joins) {
      this.#ring[last + border] = place
      return last
    }
    this.#wake()
    if (this.#tail - this.#head === this.#capacity) this.#grow()
    const at = this.#place(this.#tail++)
    this.#ring.fill(0, at, at + width)
    this.#ring[at + border] = place
    this.#ring[at + pending] = rows
    this.#pending += rows
    return at
  }

  #borderAt(to: Position): number {
    if (this.#heldFrom < to && this.#reach > this.#heldFrom) return noBorder
    this.#reach = -1
    this.#border = Math.min(to, this.#heldFrom)
    return this.#border
  }

  #take(range: number, index: number, rows: number): void {
    const at = this.#place(range)
    const left = this.#ring[at + pending]! - rows
    if (range < this.#ready || range >= this.#tail || left < 0) {
      throw new Error(`More rows of "${this.source.id}" ended than were read`)
    }
    this.#ring[at + pending] = left
    this.#pending -= rows
    this.#count(at, index, rows)
    if (left === 0 && range === this.#ready) this.#advance()
  }

  #count(at: number, index: number, rows: number): void {
    this.#ring[at + numbers + index]! += rows
    this.#live[index]! += rows
  }

  /** Moves the cursor over all ranges that have ended, to the last border among them. */
  #advance(): void {
    while (this.#ready < this.#tail) {
      const at = this.#place(this.#ready)
      if (this.#ring[at + pending] !== 0) return
      this.#ready++
      if (this.#ring[at + border] !== noBorder) this.#pass(this.#ring[at + border]!)
    }
  }

  #pass(position: Position): void {
    for (; this.#head < this.#ready; this.#head++) {
      const at = this.#place(this.#head) + numbers
      for (let i = 0; i < slots; i++) this.#before[i]! += this.#ring[at + i]!
    }
    this.#settled = position
    this.#changed = true
  }

  #place(range: number): number {
    return (range % this.#capacity) * width
  }

  #grow(): void {
    const capacity = Math.max(initialRanges, this.#capacity * 2)
    const ring = new Float64Array(capacity * width)
    for (let range = this.#head; range < this.#tail; range++) {
      const at = this.#place(range)
      ring.set(this.#ring.subarray(at, at + width), (range % capacity) * width)
    }
    this.#ring = ring
    this.#capacity = capacity
  }
}

/** The last row with a time of its own, usually the last of all; -1: none has one. */
function lastTimed(batch: Batch): number {
  let row = batch.rows - 1
  while (row >= 0 && (batch.flags[row]! & Flag.timeRead) !== 0) row--
  return row
}

function furthest(batch: Batch): Position {
  let position = -1
  for (let row = 0; row < batch.rows; row++) position = Math.max(position, batch.positions[row]! + batch.lengths[row]!)
  return position
}
