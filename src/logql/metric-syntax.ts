import type { LabelFilter, LogQuery } from './syntax.ts'

/** A query that computes numbers, as a tree. `at` is where a part begins in its text. */
export type Metric = Literal | VectorOf | RangeAggregation | VectorAggregation | Binary

export interface Literal {
  readonly kind: 'literal'
  readonly value: number
  readonly at: number
}

/** `vector(1)`: one sample without labels. */
export interface VectorOf {
  readonly kind: 'vector'
  readonly value: number
  readonly at: number
}

export const rangeOperations = [
  'rate',
  'count_over_time',
  'bytes_rate',
  'bytes_over_time',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'first_over_time',
  'last_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'absent_over_time'
] as const
export type RangeOperation = (typeof rangeOperations)[number]

/** A number for each group of the rows whose time lies in (t - offset - range, t - offset]. */
export interface RangeAggregation {
  readonly kind: 'range'
  readonly operation: RangeOperation
  /** Which quantile, from 0 to 1. */
  readonly quantile: number
  readonly log: LogQuery
  /** Where the numbers are; without it rows or bytes are counted. */
  readonly unwrap: Unwrap | undefined
  readonly rangeMs: number
  readonly offsetMs: number
  readonly grouping: Grouping | undefined
  readonly at: number
}

export interface Unwrap {
  readonly label: string
  /** What the value is: a duration becomes seconds, a size bytes. */
  readonly unit: 'number' | 'duration' | 'bytes'
  /** Conditions on rows whose value has been read. */
  readonly conditions: readonly LabelFilter[]
}

export interface Grouping {
  /** By these labels, else by all but these. */
  readonly isBy: boolean
  readonly labels: readonly string[]
  readonly at: number
}

export const vectorOperations = ['sum', 'avg', 'min', 'max', 'count', 'stddev', 'stdvar'] as const
export type VectorOperation = (typeof vectorOperations)[number]

export interface VectorAggregation {
  readonly kind: 'vectors'
  readonly operation: VectorOperation
  /** Without it everything becomes one sample. */
  readonly grouping: Grouping | undefined
  readonly of: Metric
  readonly at: number
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^'
export type ComparisonOperator = '==' | '!=' | '>' | '>=' | '<' | '<='
export type SetOperator = 'and' | 'or' | 'unless'

export interface Operator {
  readonly symbol: ArithmeticOperator | ComparisonOperator | SetOperator
  /** A comparison says 0 or 1 of each sample, instead of leaving some out. */
  readonly isBool: boolean
  /** By which labels samples of both sides belong together; undefined: by all. */
  readonly matching: Matching | undefined
  readonly at: number
}

export interface Matching {
  /** By these labels, else by all but these. */
  readonly isOn: boolean
  readonly labels: readonly string[]
}

export interface Binary {
  readonly kind: 'binary'
  readonly operator: Operator
  readonly left: Metric
  readonly right: Metric
  readonly at: number
}
