import { ends, type Ledger, type LossReason, lossReasons } from '../core/outcome.ts'

/** Who keeps the books of rows on their way: a track, or a replay of dead letters. */
export interface Account {
  /** Id of the rows' source, for dead letters. */
  readonly sourceId: string
  /** Rows of a range have ended. `end` is an index into `ends`; each row is reported once. */
  end(range: number, end: number, rows: number): void
  /** Its rows are not to be sent any more. */
  readonly isOver?: boolean
  /** Its rows are read again by somebody else, so that one which is there already is none of another id. */
  readonly isLeft?: boolean
  /** Rows were taken back before they had an end. */
  unsent?(rows: number): void
  /** Rows of a range are gone. Each row is reported once, here or to `end`. */
  lose(range: number, reason: LossReason, rows: number): void
}

/** A ledger as plain numbers, one behind the other: cheap to keep for each range and to add up. Typed arrays would take three times
 * the memory, and every source has some. */
export const slot = {
  read: 0,
  derived: 1,
  ends: 2,
  lostRows: 2 + ends.length,
  lostBytes: 2 + ends.length + lossReasons.length
} as const
export const slots = slot.lostBytes + lossReasons.length

export function numbersOf(ledger: Ledger | undefined): number[] {
  const numbers = Array.from({ length: slots }, () => 0)
  if (ledger === undefined) return numbers
  numbers[slot.read] = ledger.read
  numbers[slot.derived] = ledger.derived
  for (let i = 0; i < ends.length; i++) numbers[slot.ends + i] = ledger.rows[i] ?? 0
  for (const [i, reason] of lossReasons.entries()) {
    numbers[slot.lostRows + i] = ledger.lostRows[reason] ?? 0
    numbers[slot.lostBytes + i] = ledger.lostBytes[reason] ?? 0
  }
  return numbers
}

export function ledgerOf(numbers: readonly number[]): Ledger {
  return {
    read: numbers[slot.read]!,
    derived: numbers[slot.derived]!,
    rows: ends.map((_, i) => numbers[slot.ends + i]!),
    lostRows: lostOf(numbers, slot.lostRows),
    lostBytes: lostOf(numbers, slot.lostBytes)
  }
}

/** Nearly all of thousands of sources have lost nothing: they share one. */
const nothing: Ledger['lostRows'] = Object.freeze({})

function lostOf(numbers: readonly number[], first: number): Ledger['lostRows'] {
  let lost = nothing
  for (const [i, reason] of lossReasons.entries()) {
    const count = numbers[first + i]!
    if (count > 0) lost = { ...lost, [reason]: count }
  }
  return lost
}
