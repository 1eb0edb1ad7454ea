import { type Problems, quoted } from '../config/problems.ts'
import { placeIn, type MapNode, type ScalarNode } from '../config/tree.ts'
import { Fields } from './fields.ts'
import { countsRows, excludingSelectors, readExpression } from './read-expression.ts'
import { readTemplates, readTexts } from './read-labels.ts'
import type { AlertRule, Expression, RecordRule, Rule } from './rule.ts'

const keys = ['alert', 'record', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations', 'remember']
const onlyOfAlerts = ['for', 'keep_firing_for', 'annotations']

/** What is known of a rule before it is read. */
export interface RuleContext {
  readonly intervalMs: number
  /** Whether Loki must be able to run it. */
  readonly loki: boolean
  /** ` in rule 2 of group "a"`, for one without a name. */
  readonly where: string
  readonly problems: Problems
}

/** Reads a rule, or reports what keeps it from being one. */
export function readRule(node: MapNode, { where, ...context }: RuleContext): Rule | undefined {
  const kind = node.entries.has('record') && !node.entries.has('alert') ? 'record' : 'alert'
  const name = node.entries.get(kind)?.node
  const named = name?.kind === 'scalar' && name.value !== null ? ` in ${kind} ${quoted(name.written)}` : where
  const fields = new Fields(node, { keys, where: named }, context.problems)
  if (fields.has('alert') && fields.has('record'))
    fields.report(fields.placeOf('record'), `Cannot use "record"${named}: a rule is one or the other`)
  const id = readName(fields, kind)
  const expr = readExpr(fields, context)
  const rememberMs = readRemember(fields, expr, context.loki)
  const only = { fields, problems: context.problems, base: { at: node.at, rememberMs } }
  const rest = kind === 'alert' ? alertOf(only) : recordOf(only)
  return id === undefined || expr === undefined ? undefined : { ...rest, name: id, expr }
}

function readName(fields: Fields, kind: Rule['kind']): string | undefined {
  const node = fields.name(kind)
  if (node === undefined) {
    if (!fields.has(kind)) fields.missing('alert', 'record')
    return undefined
  }
  if (kind === 'alert') return node.text
  if (/^(?:collector|process)_/.test(node.text)) {
    const why = 'names that begin so are those of our own metrics'
    fields.report(node.at, `Cannot use ${quoted(node.written)} for "record": ${why}`)
    return undefined
  }
  if (/^ALERTS(?:_FOR_STATE)?$/.test(node.text)) {
    fields.report(node.at, `Cannot use ${quoted(node.written)} for "record": remote write tells alerts by that name`)
    return undefined
  }
  if (isMetricName(node.text)) return node.text
  const mended = node.text.replaceAll(/[^A-Za-z0-9_:]+/g, '_')
  const hint = isMetricName(mended) && /[a-z]/i.test(mended) ? `did you mean "${mended}"?` : metricNameHelp
  fields.report(node.at, `Cannot use ${quoted(node.written)} for "record": ${hint}`)
  return undefined
}

const metricNameHelp = 'a metric is made of letters, digits, "_" and ":", and begins with no digit'

function isMetricName(text: string): boolean {
  return /^[A-Za-z_:][A-Za-z0-9_:]*$/.test(text)
}

type Context = Omit<RuleContext, 'where'>

function readExpr(fields: Fields, { intervalMs, loki, problems }: Context): Expression | undefined {
  const node = fields.scalar('expr', 'a query, in single quotes')
  if (node === undefined) {
    if (!fields.has('expr')) fields.missing('expr')
    return undefined
  }
  const expr = readExpression(node, intervalMs, problems)
  if (loki && expr !== undefined) reportExcluding(fields, node, expr)
  return expr
}

function reportExcluding(fields: Fields, node: ScalarNode, expr: Expression): void {
  for (const at of excludingSelectors(expr)) {
    const message = 'Loki refuses a selector that only excludes: add what must be there, as service_name=~".+"'
    fields.report(placeIn({ ...node, text: expr.text }, at), message)
  }
}

function readRemember(fields: Fields, expr: Expression | undefined, loki: boolean): number {
  if (!fields.has('remember')) return 0
  const ms = fields.duration('remember', 1)
  if (loki) fields.report(fields.placeOf('remember'), `Loki does not know "remember"${fields.where}`)
  else if (expr !== undefined && !countsRows(expr)) {
    const functions = '"count_over_time", "rate", "bytes_over_time" or "bytes_rate"'
    fields.report(fields.placeOf('remember'), `Cannot use "remember"${fields.where}: it needs ${functions} in "expr"`)
  }
  return ms ?? 0
}

interface Only {
  readonly fields: Fields
  readonly problems: Problems
  readonly base: Pick<Rule, 'at' | 'rememberMs'>
}
type Rest<R extends Rule> = Omit<R, 'name' | 'expr'>

function alertOf({ fields, problems, base }: Only): Rest<AlertRule> {
  const { where } = fields
  const taken = { __name__: 'it is the name of a metric', alertname: 'it is the name of the alert' }
  return {
    ...base,
    kind: 'alert',
    forMs: fields.duration('for') ?? 0,
    keepFiringForMs: fields.duration('keep_firing_for') ?? 0,
    labels: readTemplates(fields.map('labels'), { what: 'label', where, taken }, problems),
    annotations: readTemplates(fields.map('annotations'), { what: 'annotation', where }, problems)
  }
}

function recordOf({ fields, problems, base }: Only): Rest<RecordRule> {
  const { where } = fields
  for (const key of onlyOfAlerts) {
    if (fields.has(key)) fields.report(fields.placeOf(key), `Cannot use "${key}"${where}: only alerts have it`)
  }
  const taken = { __name__: 'it is the name of the metric' }
  return { ...base, kind: 'record', labels: readTexts(fields.map('labels'), { what: 'label', where, taken }, problems) }
}
