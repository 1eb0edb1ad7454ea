import type { MultilinePlan } from '../../src/config/define.ts'
import type { Multiline } from '../../src/inputs/framing/groupings.ts'
import { PatternGrouping } from '../../src/inputs/framing/pattern-grouping.ts'
import { type Language, TraceGrouping } from '../../src/scan/traces.ts'

/** `multilineOf`, with the limits that users get, for tests that make framers on the spot. */
export function multilineNow(plan: Partial<MultilinePlan>): Multiline {
  const limits = { maxLines: 500, maxBytes: 1 << 20, timeoutMs: 5000 }
  const { preset } = plan
  if (preset === undefined) return { ...limits, ...plan, grouping: new PatternGrouping({ negate: false, ...plan }) }
  return { ...limits, ...plan, grouping: new TraceGrouping(preset === 'auto' ? undefined : (preset as Language)) }
}
