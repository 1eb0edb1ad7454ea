import { quoted } from '../../config/problems.ts'
import type { MapNode } from '../../config/tree.ts'
import { writeDuration } from '../../config/units.ts'
import type { Labels } from '../../logql/evaluate/sample.ts'
import { Fields } from '../fields.ts'
import { readExpression } from '../read-expression.ts'
import { readTexts } from '../read-labels.ts'
import type { TestContext } from './context.ts'
import type { AlertExpectation, ExprExpectation } from './rule-test.ts'

export function readAlertTest(node: MapNode, context: TestContext): AlertExpectation | undefined {
  const { problems } = context
  const where = ` of alert_rule_test${context.where}`
  const fields = new Fields(node, { keys: ['eval_time', 'alertname', 'exp_alerts'], where }, problems)
  const evalMs = fields.duration('eval_time')
  const name = fields.scalar('alertname')
  for (const key of ['eval_time', 'alertname']) if (!fields.has(key)) fields.missing(key)
  const alerts = fields.maps('exp_alerts').map(one => {
    const own = new Fields(one, { keys: ['exp_labels', 'exp_annotations'], where }, problems)
    return {
      labels: textsOf(own, 'exp_labels', context),
      annotations: textsOf(own, 'exp_annotations', context)
    }
  })
  if (evalMs === undefined || name === undefined) return undefined
  return { at: name.at, evalMs, alertname: name.text, alerts }
}

export function readExprTest(node: MapNode, context: TestContext): ExprExpectation | undefined {
  const { problems, intervalMs } = context
  const where = ` of logql_expr_test${context.where}`
  const fields = new Fields(node, { keys: ['expr', 'eval_time', 'exp_samples'], where }, problems)
  for (const key of ['expr', 'eval_time']) if (!fields.has(key)) fields.missing(key)
  const evalMs = fields.duration('eval_time')
  if (evalMs !== undefined && evalMs % intervalMs !== 0) {
    const hint = `expected a multiple of evaluation_interval (${writeDuration(intervalMs)})`
    fields.report(fields.placeOf('eval_time'), `Cannot use this "eval_time"${where}: ${hint}`)
  }
  const text = fields.scalar('expr')
  const expr = text && readExpression(text, intervalMs, problems)
  const samples = fields.maps('exp_samples').flatMap(one => readSample(one, where, context) ?? [])
  if (evalMs === undefined || text === undefined || expr === undefined) return undefined
  return { at: text.at, evalMs, expr, samples }
}

function readSample(
  node: MapNode,
  where: string,
  context: TestContext
): ExprExpectation['samples'][number] | undefined {
  const fields = new Fields(node, { keys: ['labels', 'value'], where }, context.problems)
  const value = fields.scalar('value', 'a number')
  if (!fields.has('value')) fields.missing('value')
  if (value === undefined) return undefined
  const number = typeof value.value === 'number' ? value.value : Number(value.text || Number.NaN)
  if (Number.isNaN(number) && value.text !== 'NaN') {
    fields.report(value.at, `Cannot use ${quoted(value.written)} for "value"${where}: expected a number`)
  }
  return { labels: textsOf(fields, 'labels', context), value: number }
}

function textsOf(fields: Fields, key: string, { problems }: TestContext): Labels {
  const what = key === 'exp_annotations' ? 'annotation' : 'label'
  const texts = readTexts(fields.map(key), { what, where: fields.where }, problems)
  return Object.fromEntries([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
