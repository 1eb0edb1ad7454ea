import { type LabelTest, type Query, written, writtenLabel } from './naive.ts'

/** A query that computes numbers, as tests make it up. */
export type Metric = Range | Vectors | Binary | { readonly kind: 'number' | 'vector'; readonly value: number }

export interface Range {
  readonly kind: 'range'
  readonly operation: string
  readonly quantile: number | undefined
  readonly log: Query
  readonly unwrap:
    | { readonly label: string; readonly unit: string; readonly condition: LabelTest | undefined }
    | undefined
  readonly seconds: number
  readonly offset: number
  readonly by: readonly string[] | undefined
}

export interface Vectors {
  readonly kind: 'vectors'
  readonly operation: string
  readonly grouping: { readonly isBy: boolean; readonly labels: readonly string[] } | undefined
  readonly of: Metric
}

export interface Binary {
  readonly kind: 'binary'
  readonly symbol: string
  readonly isBool: boolean
  readonly matching: { readonly isOn: boolean; readonly labels: readonly string[] } | undefined
  readonly left: Metric
  readonly right: Metric
}

export function writtenMetric(metric: Metric): string {
  switch (metric.kind) {
    case 'number':
      return String(metric.value)
    case 'vector':
      return `vector(${metric.value})`
    case 'range':
      return writtenRange(metric)
    case 'vectors': {
      const { operation, grouping, of } = metric
      const by = grouping === undefined ? '' : `${grouping.isBy ? 'by' : 'without'} (${grouping.labels.join(', ')}) `
      return `${operation} ${by}(${writtenMetric(of)})`
    }
    default: {
      const { symbol, isBool, matching, left, right } = metric
      const match =
        matching === undefined ? '' : `${matching.isOn ? 'on' : 'ignoring'} (${matching.labels.join(', ')}) `
      return `(${writtenMetric(left)} ${symbol} ${isBool ? 'bool ' : ''}${match}${writtenMetric(right)})`
    }
  }
}

function writtenRange({ operation, quantile, log, unwrap, seconds, offset, by }: Range): string {
  const value = unwrap?.unit === 'number' ? unwrap.label : `${unwrap?.unit}(${unwrap?.label})`
  const condition = unwrap?.condition === undefined ? '' : `| ${writtenLabel(unwrap.condition)} `
  const taken = unwrap === undefined ? '' : `| unwrap ${value} ${condition}`
  const back = offset === 0 ? '' : ` offset ${offset}s`
  const first = quantile === undefined ? '' : `${quantile}, `
  return `${operation}(${first}${written(log)} ${taken}[${seconds}s]${back})${by === undefined ? '' : ` by (${by.join(', ')})`}`
}
