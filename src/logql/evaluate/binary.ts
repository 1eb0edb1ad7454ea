import type { Binary, ComparisonOperator, Matching, Operator, SetOperator } from '../metric-syntax.ts'
import { compute, isTrue } from './arithmetic.ts'
import { keyOf, labelsBut, labelsOnly } from './labels.ts'
import type { Labels, Sample } from './sample.ts'

/** Why a query has no result now. */
export class EvaluationFault extends Error {}

/** What an operator makes of the samples of its sides. */
export function combined(
  { operator, left, right }: Binary,
  lefts: readonly Sample[],
  rights: readonly Sample[]
): Sample[] {
  const { symbol } = operator
  if (symbol === 'and' || symbol === 'or' || symbol === 'unless')
    return chosen(symbol, operator.matching, [lefts, rights])
  if (right.kind === 'literal') return withNumber(lefts, operator, value => [value, right.value])
  if (left.kind === 'literal') return withNumber(rights, operator, value => [left.value, value])
  return matched(operator, lefts, rights)
}

/** Samples that are also, or are not, on the other side; they stay as they are. */
function chosen(symbol: SetOperator, matching: Matching | undefined, sides: readonly (readonly Sample[])[]): Sample[] {
  const [left, right] = sides as readonly [readonly Sample[], readonly Sample[]]
  const key = (sample: Sample): string => keyOf(looked(sample.labels, matching))
  const others = new Set((symbol === 'or' ? left : right).map(key))
  if (symbol === 'or') return [...left, ...right.filter(sample => !others.has(key(sample)))]
  return left.filter(sample => others.has(key(sample)) === (symbol === 'and'))
}

/** The labels by which samples belong together. */
function looked(labels: Labels, matching: Matching | undefined): Labels {
  if (matching === undefined) return labels
  return matching.isOn ? labelsOnly(labels, matching.labels) : labelsBut(labels, matching.labels)
}

function withNumber(
  samples: readonly Sample[],
  operator: Operator,
  pair: (value: number) => [number, number]
): Sample[] {
  return samples.flatMap(({ labels, value }) => {
    const result = resultOf(operator, pair(value), value)
    return result === undefined ? [] : [{ labels, value: result }]
  })
}

/** Each sample with the one of the other side that has the same labels. */
function matched(operator: Operator, lefts: readonly Sample[], rights: readonly Sample[]): Sample[] {
  const { matching, symbol } = operator
  const others = new Map<string, number>()
  for (const { labels, value } of rights) {
    const key = keyOf(looked(labels, matching))
    if (others.has(key)) throw ambiguous('right', symbol, looked(labels, matching))
    others.set(key, value)
  }
  const results = new Map<string, Sample>()
  for (const { labels, value } of lefts) {
    const own = looked(labels, matching)
    const key = keyOf(own)
    const other = others.get(key)
    const result = other === undefined ? undefined : resultOf(operator, [value, other], value)
    if (result === undefined) continue
    if (results.has(key)) throw ambiguous('left', symbol, own)
    results.set(key, { labels: own, value: result })
  }
  return [...results.values()]
}

function ambiguous(side: 'left' | 'right', symbol: string, labels: Labels): EvaluationFault {
  const written = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return new EvaluationFault(`Two series on the ${side} of "${symbol}" have the labels {${written.join(', ')}}`)
}

/** Undefined where a comparison leaves the sample out; a comparison that it passes leaves it its own value. */
function resultOf({ symbol, isBool }: Operator, [left, right]: [number, number], own: number): number | undefined {
  if (isBool || !isComparison(symbol)) return compute(symbol as ComparisonOperator, left, right)
  return isTrue(symbol, left, right) ? own : undefined
}

function isComparison(symbol: Operator['symbol']): symbol is ComparisonOperator {
  return ['==', '!=', '>', '>=', '<', '<='].includes(symbol)
}
