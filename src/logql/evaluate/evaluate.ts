import type { Metric } from '../metric-syntax.ts'
import { isMerged } from '../ranges/plan.ts'
import { aggregated } from './aggregate.ts'
import { combined } from './binary.ts'
import type { Sample } from './sample.ts'

/** Works a query out. `range` gives the samples of its range aggregations, in the order of the query. Throws `EvaluationFault`. */
export function evaluate(metric: Metric, range: () => Sample[]): Sample[] {
  switch (metric.kind) {
    case 'literal':
    case 'vector':
      return [{ labels: {}, value: metric.value }]
    case 'range':
      return range()
    case 'vectors':
      return isMerged(metric) ? range() : aggregated(metric, evaluate(metric.of, range))
    default:
      return combined(metric, evaluate(metric.left, range), evaluate(metric.right, range))
  }
}
