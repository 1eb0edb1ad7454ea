import type { Problems } from '../config/problems.ts'
import { placeIn, type ScalarNode } from '../config/tree.ts'
import { Keys } from '../core/keys.ts'
import type { Metric, RangeAggregation } from '../logql/metric-syntax.ts'
import { MetricCollector } from '../logql/metrics.ts'
import { isCounting } from '../logql/ranges/plan.ts'
import { readMetric } from '../logql/read-metric.ts'
import { QueryFault, type TextFilter } from '../logql/syntax.ts'
import { compileWhole } from '../scan/regex/compile.ts'
import type { Expression } from './rule.ts'

/** Reads and compiles a rule's expression; mistakes are reported where they stand in the file. */
export function readExpression(node: ScalarNode, intervalMs: number, problems: Problems): Expression | undefined {
  // Blocks end with line feeds; the end of the query is before them.
  const text = node.text.trimEnd()
  try {
    const metric = readMetric(text)
    // Regular expressions, and which labels it would need, are looked at where rows are.
    void new MetricCollector([{ query: text, intervalMs, rememberMs: 0, maxGroups: 1, maxBytes: 0 }], new Keys())
    return { text, metric }
  } catch (error) {
    if (!(error instanceof QueryFault)) throw error
    problems.add(placeIn({ ...node, text }, error.at), error.message)
    return undefined
  }
}

/** Whether it counts rows or bytes, so that there is something to say of groups that are silent. */
export function countsRows({ metric }: Expression): boolean {
  return rangesOf(metric).some(isCounting)
}

/** Offsets of selectors that name nothing that must be there: Loki refuses them. */
export function excludingSelectors({ text, metric }: Expression): number[] {
  return rangesOf(metric)
    .map(({ log }) => log.matchers)
    .filter(matchers => matchers.every(takesEmpty))
    .map(([first]) => text.lastIndexOf('{', first!.text.at))
}

function rangesOf(metric: Metric): RangeAggregation[] {
  if (metric.kind === 'range') return [metric]
  if (metric.kind === 'vectors') return rangesOf(metric.of)
  return metric.kind === 'binary' ? [...rangesOf(metric.left), ...rangesOf(metric.right)] : []
}

/** Whether rows without the label pass. */
function takesEmpty({ operator, text }: TextFilter): boolean {
  return matchesEmpty(operator, text.value) !== operator.startsWith('!')
}

function matchesEmpty(operator: TextFilter['operator'], text: string): boolean {
  if (!operator.endsWith('~')) return text === ''
  const matcher = compileWhole(text)
  return 'literal' in matcher ? matcher.literal === '' : matcher.automaton.matches(new Uint8Array(0), 0, 0)
}
