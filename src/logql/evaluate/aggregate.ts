import type { VectorAggregation, VectorOperation } from '../metric-syntax.ts'
import { keyOf, labelsBut, labelsOnly } from './labels.ts'
import type { Labels, Sample } from './sample.ts'

/** Makes one sample of all those that have the same labels, as far as the grouping looks at them. */
export function aggregated({ operation, grouping }: VectorAggregation, samples: readonly Sample[]): Sample[] {
  const groups = new Map<string, { readonly labels: Labels; readonly values: number[] }>()
  for (const { labels, value } of samples) {
    const own =
      grouping?.isBy === false ? labelsBut(labels, grouping.labels) : labelsOnly(labels, grouping?.labels ?? [])
    const key = keyOf(own)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { labels: own, values: [value] })
    else group.values.push(value)
  }
  return [...groups.values()].map(({ labels, values }) => ({ labels, value: operations[operation](values) }))
}

const operations: Readonly<Record<VectorOperation, (values: readonly number[]) => number>> = {
  sum,
  avg: mean,
  min: values => values.reduce((least, value) => (value < least || Number.isNaN(least) ? value : least)),
  max: values => values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most)),
  count: values => values.length,
  stddev: values => Math.sqrt(variance(values)),
  stdvar: variance
}

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}

/** Of all there is, not of a selection. */
function variance(values: readonly number[]): number {
  const middle = mean(values)
  return sum(values.map(value => (value - middle) ** 2)) / values.length
}
