import type { Batch } from '../core/batch.ts'
import { Fate } from '../core/row.ts'

/** Counts the rows of a batch by fate. */
export function countFates({ fate, rows }: Batch, fates: Int32Array): void {
  fates.fill(0)
  if (rows > allKept.length) allKept = Buffer.alloc(rows * 2)
  // what there is nearly always; measured: the loop takes 8 ns a row
  if (allKept.compare(fate, 0, rows, 0, rows) === 0) fates[Fate.kept] = rows
  else for (let row = 0; row < rows; row++) fates[fate[row]!]!++
}
let allKept = Buffer.alloc(4096)
