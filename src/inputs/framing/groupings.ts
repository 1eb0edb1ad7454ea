import type { MultilinePlan } from '../../config/define.ts'
import type { Grouping } from '../../core/grouping.ts'
import type { Language } from '../../scan/traces.ts'

export const presets = ['auto', 'java', 'python', 'go', 'node', 'ruby', 'rust', 'dotnet', 'php'] as const

/** Limits of groups, and what says which lines are one. It keeps nothing between lines: all files of an input share it. */
export interface Multiline extends Pick<MultilinePlan, 'maxLines' | 'maxBytes' | 'timeoutMs'> {
  readonly grouping: Grouping
}

/** Loads what the plan takes. Throws `PatternFault`. */
export async function multilineOf(plan: MultilinePlan): Promise<Multiline> {
  const { preset, maxLines, maxBytes, timeoutMs } = plan
  return { grouping: await (preset === undefined ? byPatterns(plan) : byPreset(preset)), maxLines, maxBytes, timeoutMs }
}

async function byPatterns(plan: MultilinePlan): Promise<Grouping> {
  const { PatternGrouping } = await import('./pattern-grouping.ts')
  return new PatternGrouping(plan)
}

async function byPreset(preset: string): Promise<Grouping> {
  const { TraceGrouping } = await import('../../scan/traces.ts')
  return new TraceGrouping(preset === 'auto' ? undefined : (preset as Language))
}
