import type { Batch } from '../../core/batch.ts'

/** Takes a field out of its row. `before` is the one before it there, or -1. */
export function unlink(batch: Batch, row: number, field: number, before: number): void {
  const next = batch.fieldNext[field]!
  if (before < 0) batch.firstField[row] = next
  else batch.fieldNext[before] = next
  if (next < 0) batch.lastField[row] = before
}
