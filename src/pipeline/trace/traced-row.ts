import { type End, ends } from '../../core/outcome.ts'
import { Fate } from '../../core/row.ts'
import type { Position } from '../../core/source.ts'
import type { RowView } from './row-view.ts'

/** What became of a row in a pipeline. */
export interface TracedRow {
  readonly pipeline: string
  /** Where its record stands in the source. */
  readonly position: Position
  readonly length: number
  /** As it was framed. */
  readonly content: string
  readonly flags: number
  /** The first of the parsers of its input that understood it; undefined: none did. */
  readonly parser: string | undefined
  /** What `auto` found in its source. */
  readonly choice: string | undefined
  readonly parsed: RowView
  /** In their order; the first is `normalize`. */
  readonly steps: readonly TracedStep[]
  /** Where the fields that all rows have come from, in words. */
  readonly origins: ReadonlyMap<string, string>
  readonly outputs: readonly TracedOutput[]
}

export interface TracedStep {
  /** By what the configuration calls it; with a number where a pipeline has several. */
  readonly name: string
  /** Its option `if`. */
  readonly condition: string | undefined
  /** Behind it. */
  readonly view: RowView
}

export interface TracedOutput {
  readonly name: string
  readonly use: string
  /** The row as it is sent; undefined: the output does not get it. */
  readonly encoded: Buffer | undefined
  /** That for people. */
  readonly shown: string | undefined
}

/** How the row left the steps. */
export function lastView({ steps, parsed }: TracedRow): RowView {
  return steps.at(-1)?.view ?? parsed
}

/** How a row with this fate ends where all outputs take what they get. */
export function endOfFate(fate: number): End {
  // `ends` begins with two ways to be sent
  return fate === Fate.kept ? 'delivered' : ends[fate + 1]!
}
