import type { InputConfig } from '../config/config.ts'
import type { Batch } from '../core/batch.ts'
import { Fate, Flag } from '../core/row.ts'
import type { Parser } from '../core/steps.ts'

const fates = { drop: Fate.filtered, dead_letter: Fate.deadLettered } as const

/** The parsers of an input, with what its option `on_parse_error` makes of rows that it does not understand. Outputs and steps take
 * such rows for filtered, or for dead letters, from then on. */
export function withParseFate(parser: Parser, onParseError: InputConfig['onParseError']): Parser {
  if (onParseError === 'keep') return parser
  const fate = fates[onParseError]
  return {
    loading: (bytes, size, source) => parser.loading?.(bytes, size, source),
    parse(batch) {
      parser.parse(batch)
      setFate(batch, fate)
    }
  }
}

function setFate({ rows, flags, fate }: Batch, unparsed: Fate): void {
  for (let row = 0; row < rows; row++) if ((flags[row]! & Flag.unparsed) !== 0) fate[row] = unparsed
}
