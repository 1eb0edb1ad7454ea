import type { MultilinePlan } from '../../config/define.ts'
import type { Grouping } from '../../core/grouping.ts'
import { type Language, TraceGrouping } from '../../scan/traces.ts'
import { PatternGrouping } from './pattern-grouping.ts'

export const presets = ['auto', 'java', 'python', 'go', 'node', 'ruby', 'rust', 'dotnet', 'php'] as const

export function groupingOf(plan: MultilinePlan): Grouping {
  if (plan.preset === undefined) return new PatternGrouping(plan)
  return new TraceGrouping(plan.preset === 'auto' ? undefined : (plan.preset as Language))
}
