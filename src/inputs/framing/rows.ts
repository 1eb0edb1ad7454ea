import type { Batch } from '../../core/batch.ts'

/** Puts so many empty rows in front of those that a framer made. */
export function insertRows(batch: Batch, count: number): void {
  const { rows } = batch
  for (let i = 0; i < count; i++) batch.addRow(0, 0, 0, 0, 0)
  for (const column of columnsOf(batch)) column.copyWithin(count, 0, rows)
}

/** Takes the first row out. */
export function removeFirstRow(batch: Batch): void {
  for (const column of columnsOf(batch)) column.copyWithin(0, 1, batch.rows)
  batch.rows--
}

/** What framers write of a row. */
function columnsOf(batch: Batch): readonly (Int32Array | Uint8Array | Float64Array)[] {
  const { starts, ends, mark, positions, lengths, flags, errors, time, nanos } = batch
  return [starts, ends, mark, positions, lengths, flags, errors, time, nanos]
}
