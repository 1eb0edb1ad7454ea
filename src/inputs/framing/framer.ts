import type { FollowPlan } from '../../config/define.ts'
import type { Framer } from '../../core/steps.ts'
import { ContainerFramer } from './containers.ts'
import { groupingOf } from './groupings.ts'
import type { HeldBudget } from './held.ts'
import { LineFramer, type LineOptions } from './lines.ts'
import { type LineSource, MultilineFramer } from './multiline.ts'

export interface FramerParts extends Omit<LineOptions, 'maxLineBytes'> {
  readonly budget: HeldBudget
  /** Counts groups that were cut at a limit. */
  readonly splitGroups?: { value: number }
}

const newline = 0x0a

/** The framer that an input's options ask for. */
export function framerOf(plan: Pick<FollowPlan, 'framing' | 'maxLineBytes' | 'multiline'>, parts: FramerParts): Framer {
  const { multiline, maxLineBytes, framing } = plan
  const areContainers = framing === 'containers'
  const linesOf = (options: LineOptions): LineSource =>
    areContainers ? new ContainerFramer({ ...options, keepsEmpty: multiline !== undefined }) : new LineFramer(options)
  if (multiline === undefined) return linesOf({ ...parts, maxLineBytes })
  return new MultilineFramer({
    ...multiline,
    ...parts,
    grouping: groupingOf(multiline),
    lines: (own, isAgain) => linesOf({ ...(isAgain ? {} : parts), ...own, maxLineBytes }),
    lineEnd: areContainers ? -1 : newline
  })
}
