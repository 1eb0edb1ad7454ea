import type { Batch } from '../../src/core/batch.ts'
import type { JsonScanner } from '../../src/scan/json.ts'

/** The errors of all rows from `from` on, read as parsers read them. */
export function scanRows(scanner: JsonScanner, batch: Batch, from = 0): number[] {
  const errors: number[] = Array.from({ length: batch.rows - from }, () => 0)
  scanner.open(batch)
  for (let row = scanner.pass(batch, from); row < batch.rows; row = scanner.pass(batch, row + 1)) {
    errors[row - from] = scanner.scan(batch, row)
  }
  return errors
}
