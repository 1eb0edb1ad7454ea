import type { Batch } from '../core/batch.ts'
import { Flag, parseErrors } from '../core/row.ts'
import type { Parser } from '../core/steps.ts'

/** The container runtime's own writing was not understood: no parser said so. */
const ofContainer = parseErrors.indexOf('container')

/** One parser of several: of each row the first that understands it counts. What the last one says of a row stays. */
export function firstOf(parsers: readonly Parser[]): Parser {
  const [first, ...others] = parsers
  if (others.length === 0) return first!
  return {
    parse(batch, from = 0) {
      first!.parse(batch, from)
      for (const parser of others) parseRefused(parser, batch, from)
    }
  }
}

/** Gives a parser the rows that the one before refused: each run of them as if nothing came behind it. */
function parseRefused(parser: Parser, batch: Batch, from: number): void {
  const { rows } = batch
  for (let row = from; row < rows; row++) {
    if (!isRefused(batch, row)) continue
    const start = row
    for (; row < rows && isRefused(batch, row); row++) {
      batch.flags[row]! &= ~Flag.unparsed
      batch.errors[row] = 0
    }
    batch.rows = row
    parser.parse(batch, start)
    batch.rows = rows
  }
}

function isRefused({ flags, errors }: Batch, row: number): boolean {
  return (flags[row]! & Flag.unparsed) !== 0 && errors[row] !== ofContainer
}
