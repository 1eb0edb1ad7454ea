import { hash } from 'node:crypto'
import type { RulesConfig } from '../../config/config.ts'
import type { MetricQuery } from '../../logql/metrics.ts'
import { identityOf, rulesIn } from '../load.ts'
import type { Rule, RuleGroup } from '../rule.ts'

/** Of the numbers in the windows of an aggregation. */
const maxBytes = 64 * 1024 * 1024

/** Where rules come from. */
export type RuleSource = Pick<RulesConfig, 'files' | 'maxSeries'>

/** What a rule asks of rows. */
export interface RuleQuery {
  /** Of the rule, its query and all that its numbers depend on: what is stored under it can be used as long as it stays the same. */
  readonly id: string
  /** Whether it asks all rows, or those that no step of the pipeline has dropped. */
  readonly rows: RuleGroup['rows']
  readonly query: MetricQuery
}

/** What all rules of a configuration ask, as plain data. */
export function queriesOf(groups: readonly RuleGroup[], maxSeries: number): RuleQuery[] {
  return groups.flatMap(group => group.rules.map(rule => queryOf(rule, group, maxSeries)))
}

/** The same of a configuration. */
export function queriesOfRules({ files, maxSeries }: RuleSource): RuleQuery[] {
  return queriesOf(rulesIn(files), maxSeries)
}

export function queryOf(rule: Rule, { intervalMs, rows }: RuleGroup, maxGroups: number): RuleQuery {
  const query = { query: rule.expr.text, intervalMs, rememberMs: rule.rememberMs, maxGroups, maxBytes }
  return { id: idOf([ruleId(rule), rows, query]), rows, query }
}

/** Name and labels are what a rule is known by: its alerts go on when its expression changes. */
export function ruleId(rule: Rule): string {
  return idOf(identityOf(rule))
}

function idOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value)).slice(0, 24)
}
