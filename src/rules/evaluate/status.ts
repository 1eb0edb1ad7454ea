import type { Labels } from '../../logql/evaluate/sample.ts'
import type { GroupRun } from './group-run.ts'
import type { RuleRun } from './rule-run.ts'

/** A group of rules and how its last evaluation went, as plain data. Times are epoch ms; 0: never. */
export interface RuleGroupStatus {
  readonly name: string
  readonly file: string
  readonly intervalMs: number
  readonly evaluatedAt: number
  readonly durationMs: number
  readonly rules: readonly RuleStatus[]
}

export interface RuleStatus {
  readonly kind: 'alert' | 'record'
  readonly name: string
  readonly query: string
  readonly forMs: number
  readonly keepFiringForMs: number
  /** Labels and annotations as the rule has them: templates. */
  readonly labels: Labels
  readonly annotations: Labels
  /** Those that are pending or fire; of a rule that records, none. */
  readonly alerts: readonly AlertStatus[]
  readonly evaluatedAt: number
  readonly durationMs: number
  /** Why the last evaluation failed; empty: it did not. */
  readonly fault: string
}

export interface AlertStatus {
  readonly labels: Labels
  readonly annotations: Labels
  readonly state: 'pending' | 'firing'
  readonly value: number
  readonly activeAt: number
  /** Since when it fires although it is gone. */
  readonly keptFiringSince: number
}

export function statusOf({ group, rules, at, durationMs }: GroupRun): RuleGroupStatus {
  const { name, intervalMs } = group
  return { name, file: group.at.file, intervalMs, evaluatedAt: at, durationMs, rules: rules.map(ruleStatus) }
}

function ruleStatus({ rule, alerts, at, durationMs, fault }: RuleRun): RuleStatus {
  const isAlert = rule.kind === 'alert'
  return {
    kind: rule.kind,
    name: rule.name,
    query: rule.expr.text,
    forMs: isAlert ? rule.forMs : 0,
    keepFiringForMs: isAlert ? rule.keepFiringForMs : 0,
    labels: isAlert ? textsOf(rule.labels) : Object.fromEntries(rule.labels),
    annotations: isAlert ? textsOf(rule.annotations) : {},
    alerts: (alerts?.active ?? []).map(({ labels, annotations, state, value, activeAt, missedAt }) => ({
      labels,
      annotations,
      state: state === 'firing' ? 'firing' : 'pending',
      value,
      activeAt,
      keptFiringSince: missedAt
    })),
    evaluatedAt: at,
    durationMs,
    fault
  }
}

function textsOf(templates: ReadonlyMap<string, { readonly text: string }>): Labels {
  return Object.fromEntries([...templates].map(([name, { text }]) => [name, text]))
}
