import type { Batch } from '../core/batch.ts'
import { Flag } from '../core/row.ts'

/** Notes that the parser did not understand a row; `error` is an index into `parseErrors`. */
export function refuse(batch: Batch, row: number, error: number): void {
  batch.errors[row] = error
  batch.flags[row]! |= Flag.unparsed
}
