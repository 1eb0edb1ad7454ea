import type { Batch } from '../core/batch.ts'
import { parseErrors } from '../core/row.ts'

/** What a step could not do with a row: documents say so in `error.type`, where no one before had a complaint. */
export function flag(batch: Batch, row: number, error: number): void {
  if (batch.errors[row] === 0) batch.errors[row] = error
}

export function errorOf(step: (typeof parseErrors)[number]): number {
  return parseErrors.indexOf(step)
}
