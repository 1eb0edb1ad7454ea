import { endOf, Verdict } from '../core/outcome.ts'
import { Body, type Output, type Refusal, type Verdicts } from '../core/output.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import type { BodyPool } from './body-pool.ts'
import type { Books } from './books.ts'
import type { Budget } from './budget.ts'
import { Parcel } from './parcel.ts'
import type { Refusals } from './refusals.ts'

const refusesExisting = hasBug('409-is-an-error')
const unexplained: Refusal = { status: 0, type: 'unknown', reason: 'The output gave no reason' }

export interface SettlerParts {
  readonly output: Output
  readonly books: Books
  readonly budget: Budget
  readonly pool: BodyPool
  readonly refusals: Refusals
  /** Rows to be sent again after a while. */
  readonly onRetry: (parcel: Parcel, retryAfterMs: number | undefined) => void
  /** Rows to be sent under another id. */
  readonly onSalted: (parcel: Parcel) => void
}

/** Gives every row of an answered parcel its end, or its next way. */
export class Settler {
  readonly #parts: SettlerParts
  /** Rows of the parcel at hand, by what comes next. */
  #retry: number[] = []
  #collided: number[] = []
  #refused: number[] = []

  constructor(parts: SettlerParts) {
    this.#parts = parts
  }

  /** Settles a parcel and gives its bytes back. */
  settle(parcel: Parcel, verdicts: Verdicts): void {
    const { books, refusals } = this.#parts
    books.setAside.value += verdicts.setAside ?? 0
    books.rejected.value += verdicts.rejected ?? 0
    books.possiblyTwice.value += verdicts.possiblyTwice ?? 0
    if (verdicts.each === undefined) {
      books.endAll(parcel, 'delivered')
      if (!parcel.isReplay && !parcel.isFinal) refusals.accepted(parcel.rows)
    } else {
      this.#judge(parcel, verdicts.each.verdict)
      this.#sendOn(parcel, verdicts.each.refusals, verdicts.retryAfterMs)
    }
    refusals.review()
    this.release(parcel)
  }

  /** A row that no request can hold. */
  refuseOnly(parcel: Parcel, refusal: Refusal): void {
    this.#refused = [0]
    this.#retry = []
    this.#collided = []
    this.#sendOn(parcel, new Map([[0, refusal]]), undefined)
    this.#parts.refusals.review()
    this.release(parcel)
  }

  /** Rows of a replay that is over. */
  takeBack(parcel: Parcel): void {
    this.#parts.books.takeBack(parcel)
    this.release(parcel)
  }

  /** The parcel's rows have ended or were copied. */
  release(parcel: Parcel): void {
    const { size } = parcel
    if (parcel.isPooled) this.#parts.pool.give(parcel.body)
    this.#parts.budget.release(size)
  }

  /** Counts what has ended, batch by batch, and notes the rest. */
  #judge(parcel: Parcel, verdict: Uint8Array): void {
    const { books, output } = this.#parts
    this.#retry = []
    this.#collided = []
    this.#refused = []
    let row = 0
    for (let entry = 0; entry < parcel.entryEnds.length; entry++) {
      let delivered = 0
      let duplicate = 0
      const isOurs = parcel.unknown || parcel.accounts[entry]!.isLeft === true
      for (const end = parcel.entryEnds[entry]!; row < end; row++) {
        if (verdict[row] === Verdict.delivered) delivered++
        else if (verdict[row] === Verdict.retry) this.#retry.push(row)
        else if (verdict[row] === Verdict.refused) this.#refused.push(row)
        else if (refusesExisting) this.#refused.push(row)
        else if (isOurs || parcel.repeats(row)) duplicate++
        else if (output.salt === undefined) duplicate++
        else this.#collided.push(row)
      }
      if (delivered > 0) books.end(parcel, entry, endOf.delivered, delivered)
      if (duplicate > 0) books.end(parcel, entry, endOf.duplicate, duplicate)
    }
  }

  #sendOn(parcel: Parcel, reasons: ReadonlyMap<number, Refusal>, retryAfterMs: number | undefined): void {
    const { budget, onRetry } = this.#parts
    this.#refuse(parcel, reasons)
    if (this.#collided.length > 0) this.#salt(parcel)
    if (this.#retry.length === 0) return
    const again = parcel.pick(this.#retry)
    again.attempt++
    budget.add(again.size)
    onRetry(again, retryAfterMs)
  }

  #refuse(parcel: Parcel, reasons: ReadonlyMap<number, Refusal>): void {
    const { books, refusals } = this.#parts
    const refused = this.#refused
    if (parcel.isReplay) {
      for (const row of refused) books.end(parcel, parcel.entryOf(row), endOf.dead_lettered, 1)
      return
    }
    const why = refused.map(row => reasons.get(row) ?? unexplained)
    if (parcel.isFinal) {
      if (refused.length > 0) refusals.bury(this.#held(parcel), why)
      return
    }
    const seen: number[] = []
    const retry = this.#retry
    let next = 0
    let again = 0
    // in the order of the rows: what is neither refused nor to be sent again is there
    for (const [i, row] of refused.entries()) {
      const before = again
      while (again < retry.length && retry[again]! < row) again++
      refusals.accepted(row - next - (again - before))
      seen.push(refusals.refused(why[i]!))
      next = row + 1
    }
    refusals.accepted(parcel.rows - next - (retry.length - again))
    if (refused.length > 0) refusals.hold(this.#held(parcel), why, seen)
  }

  #held(parcel: Parcel): Parcel {
    const held = parcel.pick(this.#refused)
    // the answer to these rows is certain, whatever became of earlier attempts
    held.attempt++
    this.#parts.budget.add(held.size)
    return held
  }

  #salt(parcel: Parcel): void {
    const { books, budget, output, onSalted } = this.#parts
    const salted = new Parcel(new Body(parcel.size), false)
    for (const row of this.#collided) salted.addRow(output.salt!(parcel.row(row)), parcel, row)
    salted.isReplay = parcel.isReplay
    salted.isFinal = parcel.isFinal
    salted.barrier = parcel.barrier
    books.idCollisions.value += this.#collided.length
    budget.add(salted.size)
    onSalted(salted.seal())
  }
}

/** Rows of an answer that are to be sent again. */
export function countRetries(verdicts: Verdicts, rows: number): number {
  if (verdicts.each === undefined) return 0
  const { verdict } = verdicts.each
  let retried = 0
  for (let row = 0; row < rows; row++) if (verdict[row] === Verdict.retry) retried++
  return retried
}
