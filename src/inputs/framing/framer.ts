import type { FollowPlan } from '../../config/define.ts'
import type { Framer } from '../../core/steps.ts'
import { ContainerFramer } from './containers.ts'
import { DecodingFramer } from './decoding.ts'
import type { Multiline } from './groupings.ts'
import type { HeldBudget } from './held.ts'
import { lineEndOf } from './line-ends.ts'
import type { LineOptions } from './lines.ts'
import { MultilineFramer } from './multiline.ts'
import type { LineSource } from './multiline-options.ts'

export interface FramerParts extends Omit<LineOptions, 'maxLineBytes'> {
  readonly budget: HeldBudget
  /** Counts groups that were cut at a limit. */
  readonly splitGroups?: { value: number }
}

interface FramingPlan extends Pick<FollowPlan, 'framing' | 'maxLineBytes' | 'encoding' | 'lineEnd'> {
  /** Absent: each line is a row. */
  readonly multiline?: Multiline | undefined
}

/** The framer that an input's options ask for. */
export function framerOf(plan: FramingPlan, parts: FramerParts): Framer {
  return framersOf(plan, parts)()
}

/** Makes such framers: of ten thousand, all have their options in common. */
export function framersOf(plan: FramingPlan, parts: FramerParts): () => Framer {
  const { multiline, maxLineBytes, framing, encoding = 'utf-8', lineEnd } = plan
  const areContainers = framing === 'containers'
  const all = { keepsEmpty: multiline !== undefined, encoding, lineEnd }
  const linesOf = (options: LineOptions & typeof all): LineSource =>
    areContainers ? new ContainerFramer(options) : new DecodingFramer(options)
  if (multiline === undefined) {
    const options = { ...parts, maxLineBytes, ...all }
    return () => linesOf(options)
  }
  const options = {
    ...multiline,
    ...parts,
    lines: (own: Pick<FramerParts, 'arena' | 'budget'>, isAgain: boolean) =>
      linesOf({ ...(isAgain ? {} : parts), ...own, maxLineBytes, ...all }),
    lineEnd: areContainers ? -1 : lineEndOf(encoding, lineEnd).byte
  }
  return () => new MultilineFramer(options)
}
