import { expect, it } from 'vitest'
import { addLedger, endOf, ends, type Ledger, lossReasons, newLedger, pendingRows } from '../../src/core/outcome.ts'

function ledgerOf(read: number, more: Partial<Ledger> = {}): Ledger {
  return { ...newLedger(), read, ...more }
}

it('ends have the numbers of their places', () => {
  expect(ends.map(end => endOf[end])).toEqual(ends.map((_, index) => index))
  expect(newLedger().rows).toEqual(ends.map(() => 0))
})

it('ledger: pending rows are those read and derived that have not ended, in whatever way', () => {
  const rows = ends.map((_, index) => index + 1)
  const lostRows = Object.fromEntries(lossReasons.map(reason => [reason, 2]))
  const ended = rows.reduce((sum, count) => sum + count, 0) + 2 * lossReasons.length
  expect(pendingRows(ledgerOf(ended + 3, { derived: 4, rows, lostRows }))).toBe(7)
  expect(pendingRows(newLedger())).toBe(0)
})

it('ledger: lost bytes are no rows', () => {
  expect(pendingRows(ledgerOf(5, { lostBytes: { truncated_gap: 100 } }))).toBe(5)
})

it('ledger: a sum has what its parts have, and the parts stay as they were', () => {
  const one = ledgerOf(10, { derived: 1, rows: [1, 2, 3, 0, 0, 0, 0], lostRows: { too_large: 1 } })
  const two = ledgerOf(5, { rows: [1, 0, 0, 0, 0, 0, 2], lostRows: { too_large: 1 }, lostBytes: { truncated_gap: 7 } })
  const before = structuredClone(two)
  const sum = newLedger()
  addLedger(sum, one)
  addLedger(sum, two)
  expect(sum).toEqual({
    read: 15,
    derived: 1,
    rows: [2, 2, 3, 0, 0, 0, 2],
    lostRows: { too_large: 2 },
    lostBytes: { truncated_gap: 7 }
  })
  expect(pendingRows(sum)).toBe(pendingRows(one) + pendingRows(two))
  expect(two).toEqual(before)
})
