import { dirname, resolve } from 'node:path'
import { type Problem, Problems, quoted } from '../../config/problems.ts'
import { suggestValue } from '../../config/suggest.ts'
import { readText } from '../../config/text.ts'
import type { Node } from '../../config/tree.ts'
import { readTree } from '../../config/yaml.ts'
import { Fields } from '../fields.ts'
import { loadRules } from '../load.ts'
import type { RuleGroup } from '../rule.ts'
import { readAlertTest, readExprTest } from './read-expectations.ts'
import { readLogs } from './read-logs.ts'
import type { TestContext } from './context.ts'
import type { RuleTest, RuleTests } from './rule-test.ts'

const fileKeys = ['rule_files', 'evaluation_interval', 'tests']
const testKeys = ['name', 'start', 'interval', 'input_logs', 'alert_rule_test', 'logql_expr_test']
const notOurs = ['input_series', 'promql_expr_test', 'external_labels', 'external_url']
const defaultIntervalMs = 5000
const leastIntervalMs = 100
const defaultStart = '2026-01-01T00:00:00Z'
const minuteMs = 60_000

/** Reads a file of tests and the rules that it names, or answers with all mistakes in them. Never throws for what stands in a file. */
export function readTests(file: string): { readonly tests: RuleTests } | { readonly problems: readonly Problem[] } {
  const problems = new Problems([file])
  const text = readText(file, problems)
  const tree =
    text === undefined ? undefined : readTree(text, { file, begins: 'rule_files:', known: fileKeys }, problems)
  if (tree === undefined) return { problems: problems.sorted() }
  const fields = new Fields(tree, { keys: fileKeys, unsupported: notOurs, where: '' }, problems)
  for (const key of ['rule_files', 'tests']) if (!fields.has(key)) fields.missing(key)
  const intervalMs = fields.duration('evaluation_interval', leastIntervalMs) ?? defaultIntervalMs
  const groups = rulesOf(fields, file, problems)
  const tests = (fields.list('tests')?.items ?? []).flatMap((node, index) => {
    return readTest(node, index, { problems, intervalMs }) ?? []
  })
  if (!problems.any) reportUnknownAlerts(tests, groups, problems)
  return problems.any ? { problems: problems.sorted() } : { tests: { file, groups, intervalMs, tests } }
}

/** Rule files are named relative to the file that names them. */
function rulesOf(fields: Fields, file: string, problems: Problems): readonly RuleGroup[] {
  const nodes = fields.list('rule_files')?.items ?? []
  const paths = nodes.flatMap(node => {
    if (node.kind === 'scalar') return node.broken ? [] : [resolve(dirname(file), node.text)]
    problems.add(node.at, `Cannot use a ${node.kind} as a rule file: expected a path`)
    return []
  })
  const loaded = loadRules(paths, { loki: false })
  if ('groups' in loaded) return loaded.groups
  for (const path of paths) problems.alsoOf(path)
  for (const { message, ...at } of loaded.problems) problems.add(at, message)
  return []
}

function readTest(
  node: Node,
  index: number,
  { problems, intervalMs }: Pick<TestContext, 'problems' | 'intervalMs'>
): RuleTest | undefined {
  const position = `test ${index + 1}`
  if (node.kind !== 'map') {
    problems.add(node.at, `Cannot use this as ${position}: expected a map with "input_logs" and "alert_rule_test"`)
    return undefined
  }
  const given = node.entries.get('name')?.node
  const where = ` in test ${given?.kind === 'scalar' && given.value !== null ? quoted(given.written) : index + 1}`
  const fields = new Fields(node, { keys: testKeys, unsupported: notOurs, where }, problems)
  if (!fields.has('alert_rule_test') && !fields.has('logql_expr_test')) {
    fields.missing('alert_rule_test', 'logql_expr_test')
  }
  const startMs = startOf(fields)
  const everyMs = fields.duration('interval', 1)
  const context = { problems, where, intervalMs, startMs }
  return {
    name: fields.scalar('name')?.text ?? position,
    at: node.at,
    startMs,
    logs: fields.maps('input_logs').flatMap(one => readLogs(one, everyMs, context)),
    alerts: fields.maps('alert_rule_test').flatMap(one => readAlertTest(one, context) ?? []),
    exprs: fields.maps('logql_expr_test').flatMap(one => readExprTest(one, context) ?? [])
  }
}

/** Evaluations are at multiples of their interval, and so should be the times of a test. */
function startOf(fields: Fields): number {
  const node = fields.scalar('start')
  const ms = Date.parse(node?.text ?? defaultStart)
  if (ms % minuteMs === 0 && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(node?.text ?? defaultStart)) return ms
  const hint = 'expected a whole minute, as 2026-11-30T12:00:00Z'
  fields.report(node!.at, `Cannot use ${quoted(node!.written)} for "start"${fields.where}: ${hint}`)
  return Date.parse(defaultStart)
}

function reportUnknownAlerts(tests: readonly RuleTest[], groups: readonly RuleGroup[], problems: Problems): void {
  const known = groups.flatMap(({ rules }) => rules.flatMap(({ kind, name }) => (kind === 'alert' ? [name] : [])))
  for (const { at, alertname } of tests.flatMap(({ alerts }) => alerts)) {
    if (known.includes(alertname)) continue
    const meant = suggestValue(alertname, known)
    const hint = meant === undefined ? 'no rule file has it' : `did you mean "${meant}"?`
    problems.add(at, `Unknown alert ${quoted(alertname)}: ${hint}`)
  }
}
