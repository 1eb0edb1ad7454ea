import type { RangeAggregation, Unwrap } from '../metric-syntax.ts'
import { namesIn } from '../stages/changes.ts'
import type { Stage } from '../syntax.ts'

/** Whether rows with an error count, if they pass: there is a condition on `__error__`, and nothing behind it that may fail. */
export function asksForErrors({ log, unwrap }: RangeAggregation): boolean {
  const steps: readonly (Stage | Unwrap)[] = [
    ...log.stages,
    ...(unwrap === undefined ? [] : [unwrap, ...unwrap.conditions])
  ]
  const last = steps.findLastIndex(step => 'kind' in step && namesIn(step).includes('__error__'))
  return last >= 0 && !steps.slice(last + 1).some(mayFail)
}

function mayFail(step: Stage | Unwrap): boolean {
  if (!('kind' in step)) return true
  if (step.kind === 'and' || step.kind === 'or') return mayFail(step.left) || mayFail(step.right)
  return ['number', 'json', 'logfmt', 'unpack', 'regexp'].includes(step.kind)
}
