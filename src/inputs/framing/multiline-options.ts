import type { Batch } from '../../core/batch.ts'
import type { Grouping } from '../../core/grouping.ts'
import type { Framer, Lines } from '../../core/steps.ts'
import type { Arena } from '../../scan/arena.ts'
import type { HeldBudget } from './held.ts'

/** A framer whose rows are lines. */
export interface LineSource extends Framer {
  /** `frame` for a framer that holds more than this one and minds the budget. */
  cut(batch: Batch, lines: Lines, cutAt: number, final: boolean): number
}

export interface MultilineOptions {
  readonly grouping: Grouping
  readonly maxLines: number
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly arena: Arena
  readonly budget: HeldBudget
  /** Makes the framer of the lines; one that reads again counts nothing. */
  readonly lines: (parts: { readonly arena: Arena; readonly budget: HeldBudget }, isAgain: boolean) => LineSource
  /** The byte that ends lines, where those without content are left out between two rows; -1 where they are rows. */
  readonly lineEnd: number
  /** Counts groups that were cut at a limit. */
  readonly splitGroups?: { value: number }
  /** To read again: the flag of the one stream to be read. */
  readonly only?: number
}
