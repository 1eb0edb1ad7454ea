import type { Place } from '../config/tree.ts'
import type { Metric } from '../logql/metric-syntax.ts'
import type { Template } from './template.ts'

/** Rules that are evaluated together, in their order, at multiples of the interval. */
export interface RuleGroup {
  /** Unique in its file. */
  readonly name: string
  readonly at: Place
  readonly intervalMs: number
  /** Which rows rules see: all, or those that no step of the pipeline has dropped. */
  readonly rows: 'all' | 'kept'
  readonly rules: readonly Rule[]
}

export type Rule = AlertRule | RecordRule

/** The query of a rule: what collectors and evaluators take, and what it was read as. */
export interface Expression {
  readonly text: string
  readonly metric: Metric
}

interface AnyRule {
  readonly name: string
  readonly at: Place
  readonly expr: Expression
  /** How long groups of rows that were seen count as 0 when they are silent; 0: not at all. */
  readonly rememberMs: number
}

export interface AlertRule extends AnyRule {
  readonly kind: 'alert'
  /** How long samples must be there before an alert fires. */
  readonly forMs: number
  /** How long it goes on firing when they are gone. */
  readonly keepFiringForMs: number
  readonly labels: ReadonlyMap<string, Template>
  readonly annotations: ReadonlyMap<string, Template>
}

export interface RecordRule extends AnyRule {
  readonly kind: 'record'
  readonly labels: ReadonlyMap<string, string>
}
