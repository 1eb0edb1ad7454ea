import type { Batch } from '../core/batch.ts'
import { Flag, parseErrors } from '../core/row.ts'
import type { Source } from '../core/source.ts'
import type { Parser } from '../core/steps.ts'
import type { RowFilter } from '../logql/filter.ts'

/** The container runtime's own writing was not understood: no parser said so. */
const ofContainer = parseErrors.indexOf('container')

/** One parser of several: of each row the first that understands it counts. What the last one says of a row stays. With a filter in its
 * place, a parser is tried on rows that this selects alone; a row that none is tried on stays text. */
export function firstOf(parsers: readonly Parser[], filters: readonly (RowFilter | undefined)[] = []): Parser {
  const [first, ...others] = parsers
  return others.length === 0 && filters[0] === undefined ? first! : new FirstOf(parsers, filters)
}

class FirstOf implements Parser {
  readonly #parsers: readonly Parser[]
  readonly #filters: readonly (RowFilter | undefined)[]
  /** 1 for rows that nobody has understood so far. */
  #open = new Uint8Array(0)
  /** 1 for those of them that a parser is tried on. */
  #wanted = new Uint8Array(0)

  constructor(parsers: readonly Parser[], filters: readonly (RowFilter | undefined)[]) {
    this.#parsers = parsers
    this.#filters = filters
  }

  parse(batch: Batch, from = 0): void {
    const { rows } = batch
    if (this.#open.length < rows) {
      this.#open = new Uint8Array(rows * 2)
      this.#wanted = new Uint8Array(rows * 2)
    }
    this.#open.fill(0, 0, from).fill(1, from, rows)
    for (const [index, parser] of this.#parsers.entries()) {
      this.#wanted.set(this.#open.subarray(0, rows))
      this.#filters[index]?.narrow(batch, this.#wanted)
      this.#try(parser, batch, from)
    }
  }

  loading(bytes: Buffer, size: number, source: Source): Promise<unknown> | undefined {
    for (const parser of this.#parsers) {
      const loading = parser.loading?.(bytes, size, source)
      if (loading !== undefined) return loading
    }
    return undefined
  }

  /** Gives a parser the rows that it is tried on: each run of them as if nothing came behind it. */
  #try(parser: Parser, batch: Batch, from: number): void {
    const { rows } = batch
    const wanted = this.#wanted
    for (let row = from; row < rows; row++) {
      if (wanted[row] === 0) continue
      const start = row
      for (; row < rows && wanted[row] === 1; row++) {
        if (!isRefused(batch, row)) continue
        batch.flags[row]! &= ~Flag.unparsed
        batch.errors[row] = 0
      }
      batch.rows = row
      parser.parse(batch, start)
      batch.rows = rows
      for (let at = start; at < row; at++) this.#open[at] = isRefused(batch, at) ? 1 : 0
    }
  }
}

function isRefused({ flags, errors }: Batch, row: number): boolean {
  return (flags[row]! & Flag.unparsed) !== 0 && errors[row] !== ofContainer
}
