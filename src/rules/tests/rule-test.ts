import type { Labels } from '../../logql/evaluate/sample.ts'
import type { Place } from '../../config/tree.ts'
import type { Expression, RuleGroup } from '../rule.ts'

/** A file of tests: logs, and what rules make of them. */
export interface RuleTests {
  readonly file: string
  /** Of all rule files that it names. */
  readonly groups: readonly RuleGroup[]
  /** Of expressions that stand in a test; rules have that of their group. */
  readonly intervalMs: number
  readonly tests: readonly RuleTest[]
}

/** Times in it are ms since `startMs`, but for that. */
export interface RuleTest {
  readonly name: string
  readonly at: Place
  /** Epoch ms. */
  readonly startMs: number
  readonly logs: readonly TestLog[]
  readonly alerts: readonly AlertExpectation[]
  readonly exprs: readonly ExprExpectation[]
}

export interface TestLog {
  readonly at: Place
  /** Of rows that name none; empty: none. */
  readonly service: string
  /** Constant fields, by label. */
  readonly labels: ReadonlyMap<string, string>
  /** Its bytes, as text. */
  readonly text: string
}

/** Which alerts of a rule fire at a time: these, and no others. Of their annotations those that are named here count. */
export interface AlertExpectation {
  readonly at: Place
  readonly evalMs: number
  readonly alertname: string
  readonly alerts: readonly { readonly labels: Labels; readonly annotations: Labels }[]
}

/** What an expression gives at a time: these samples, and no others. */
export interface ExprExpectation {
  readonly at: Place
  readonly evalMs: number
  readonly expr: Expression
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[]
}
