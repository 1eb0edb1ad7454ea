import type { Use } from '../../config/config.ts'
import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Flag } from '../../core/row.ts'
import type { Position } from '../../core/source.ts'
import type { Parser, Processor } from '../../core/steps.ts'
import type { CandidateLists } from '../../processors/normalize/candidates.ts'
import type { Exits } from './exits.ts'
import { originsOf } from './origins.ts'
import { viewOf } from './row-view.ts'
import type { TracedRow, TracedStep } from './traced-row.ts'

type Wanted = (position: Position, length: number) => boolean
interface Seen extends Omit<TracedRow, 'outputs' | 'pipeline'> {
  /** In its batch. */
  readonly row: number
  readonly runtimeTime: number | undefined
  readonly steps: TracedStep[]
  origins: ReadonlyMap<string, string>
}

/** Stands behind the parsers and steps of one reader at a time, and looks at rows that somebody wants to see. */
export class Witness {
  readonly #keys: Keys
  #isWanted: Wanted = () => false
  /** By row of the batch. */
  #parsers: (string | undefined)[] = []
  #seen: Seen[] = []

  constructor(keys: Keys) {
    this.#keys = keys
  }

  /** One of the parsers of an input. */
  parser(parser: Parser, use: string): Parser {
    return {
      loading: (bytes, size, source) => parser.loading?.(bytes, size, source),
      parse: (batch, from = 0) => {
        parser.parse(batch, from)
        for (let row = from; row < batch.rows; row++) {
          this.#parsers[row] = (batch.flags[row]! & Flag.unparsed) === 0 ? use : undefined
        }
      }
    }
  }

  /** All parsers of the input that is read from now on. */
  begin(parser: Parser, isWanted: Wanted): Parser {
    this.#isWanted = isWanted
    this.#seen = []
    return {
      loading: (bytes, size, source) => parser.loading?.(bytes, size, source),
      parse: batch => {
        const wanted = this.#wantedOf(batch)
        const before = wanted.map(row => ((batch.flags[row]! & Flag.hasTime) === 0 ? undefined : batch.time[row]))
        parser.parse(batch)
        this.#seen = wanted.map((row, i) => this.#parsed(batch, row, before[i]))
      }
    }
  }

  steps(processors: readonly Processor[], uses: readonly Use[]): Processor[] {
    return processors.map((processor, i) => {
      const { use, options } = uses[i]!
      const condition = typeof options['if'] === 'string' ? options['if'] : undefined
      const same = uses.filter(one => one.use === use)
      const name = same.length === 1 ? use : `${use} ${same.indexOf(uses[i]!) + 1}`
      return {
        apply: batch => {
          processor.apply(batch)
          for (const seen of this.#seen) seen.steps.push({ name, condition, view: viewOf(batch, seen.row, this.#keys) })
          if (use === 'normalize' && i === 0) this.#normalized(batch, options)
        }
      }
    })
  }

  /** The rows of the batch that were seen, and what becomes of them. */
  take(batch: Batch, exits: Exits): TracedRow[] {
    const rows = this.#seen.map(({ row }) => row)
    const outputs = rows.length === 0 ? [] : exits.of(batch, rows)
    const traced = this.#seen.map(({ row: _row, runtimeTime: _time, ...seen }, i) => {
      return { ...seen, pipeline: exits.pipeline, outputs: outputs[i]! }
    })
    this.#seen = []
    return traced
  }

  #wantedOf({ rows, positions, lengths }: Batch): number[] {
    const wanted: number[] = []
    for (let row = 0; row < rows; row++) if (this.#isWanted(positions[row]!, lengths[row]!)) wanted.push(row)
    return wanted
  }

  #parsed(batch: Batch, row: number, runtimeTime: number | undefined): Seen {
    return {
      row,
      runtimeTime,
      position: batch.positions[row]!,
      length: batch.lengths[row]!,
      content: batch.text(batch.starts[row]!, batch.ends[row]!),
      flags: batch.flags[row]!,
      parser: this.#parsers[row],
      choice: batch.source.marks.format,
      parsed: viewOf(batch, row, this.#keys),
      steps: [],
      origins: new Map()
    }
  }

  #normalized(batch: Batch, options: Use['options']): void {
    const candidates = (options['candidates'] ?? {}) as Partial<CandidateLists>
    for (const seen of this.#seen) {
      const { view } = seen.steps[0]!
      seen.origins = originsOf({ view, batch, row: seen.row, runtimeTime: seen.runtimeTime, candidates })
    }
  }
}
