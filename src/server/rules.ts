import type { AlertStatus, RuleGroupStatus, RuleStatus } from '../rules/evaluate/status.ts'

/** Which rules are asked for; an empty list: all. */
export interface RuleQuery {
  readonly type: string | undefined
  readonly names: readonly string[]
  readonly groups: readonly string[]
  readonly files: readonly string[]
  /** Rules without their alerts. */
  readonly excludesAlerts: boolean
}

const kinds: Readonly<Record<string, RuleStatus['kind']>> = { alert: 'alert', record: 'record' }
/** Of a time that never was, as Go writes it. */
const never = '0001-01-01T00:00:00Z'

/** What is wrong with a query, in the words of Prometheus; undefined: nothing. */
export function faultIn({ type }: RuleQuery): string | undefined {
  return type === undefined || Object.hasOwn(kinds, type) ? undefined : `not supported value ${JSON.stringify(type)}`
}

/** The body of `/api/v1/rules`, in the form of Prometheus. Groups without a rule that is asked for are left out. */
export function rulesBody(groups: readonly RuleGroupStatus[], query: RuleQuery): object {
  const asked = groups
    .filter(({ name, file }) => isAsked(query.groups, name) && isAsked(query.files, file))
    .map(group => ({ ...group, rules: group.rules.filter(rule => isRuleAsked(rule, query)) }))
    .filter(({ rules }) => rules.length > 0)
    .toSorted((a, b) => compare(a.file, b.file) || compare(a.name, b.name))
  return success({ groups: asked.map(group => groupBody(group, query.excludesAlerts)) })
}

/** The body of `/api/v1/alerts`: all that are pending or fire. */
export function alertsBody(groups: readonly RuleGroupStatus[]): object {
  return success({ alerts: groups.flatMap(({ rules }) => rules.flatMap(({ alerts }) => alerts.map(alertBody))) })
}

function success(data: object): object {
  return { status: 'success', data }
}

function isAsked(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name)
}

function isRuleAsked({ kind, name }: RuleStatus, { type, names }: RuleQuery): boolean {
  return (type === undefined || kinds[type] === kind) && isAsked(names, name)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function groupBody({ name, file, intervalMs, evaluatedAt, durationMs, rules }: RuleGroupStatus, bare: boolean): object {
  return {
    name,
    file,
    rules: rules.map(rule => ruleBody(rule, bare)),
    interval: intervalMs / 1000,
    limit: 0,
    evaluationTime: durationMs / 1000,
    lastEvaluation: timeOf(evaluatedAt)
  }
}

function ruleBody(rule: RuleStatus, bare: boolean): object {
  const { kind, name, query, labels, fault, evaluatedAt, durationMs } = rule
  const health = fault !== '' ? 'err' : evaluatedAt === 0 ? 'unknown' : 'ok'
  const rest = {
    health,
    ...(fault !== '' && { lastError: fault }),
    evaluationTime: durationMs / 1000,
    lastEvaluation: timeOf(evaluatedAt)
  }
  if (kind === 'record') return { name, query, labels, ...rest, type: 'recording' }
  const { forMs, keepFiringForMs, annotations, alerts } = rule
  const times = { duration: forMs / 1000, keepFiringFor: keepFiringForMs / 1000 }
  const shown = bare ? [] : alerts.map(alertBody)
  return {
    state: stateOf(alerts),
    name,
    query,
    ...times,
    labels,
    annotations,
    alerts: shown,
    ...rest,
    type: 'alerting'
  }
}

function stateOf(alerts: readonly AlertStatus[]): 'firing' | 'pending' | 'inactive' {
  if (alerts.some(({ state }) => state === 'firing')) return 'firing'
  return alerts.length > 0 ? 'pending' : 'inactive'
}

function alertBody({ labels, annotations, state, value, activeAt, keptFiringSince }: AlertStatus): object {
  const kept = keptFiringSince > 0 && { keepFiringSince: timeOf(keptFiringSince) }
  return { labels, annotations, state, activeAt: timeOf(activeAt), ...kept, value: numberOf(value) }
}

function timeOf(ms: number): string {
  return ms === 0 ? never : new Date(ms).toISOString()
}

/** As Go writes it with an exponent: `1.5e+00`. */
function numberOf(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}
