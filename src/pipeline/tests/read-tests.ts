import { basename, dirname, resolve } from 'node:path'
import { components } from '../../components.ts'
import { loadConfig } from '../../config/load.ts'
import type { Environment } from '../../config/paths.ts'
import { type Problem, Problems, quoted } from '../../config/problems.ts'
import { readText } from '../../config/text.ts'
import type { MapNode, ScalarNode } from '../../config/tree.ts'
import { oneOf } from '../../config/wording.ts'
import { readTree } from '../../config/yaml.ts'
import { Fields } from '../../rules/fields.ts'
import { type Plan, planOf } from '../plan.ts'
import type { PipelineTest, PipelineTests } from './pipeline-test.ts'
import { type TestContext, textsOf } from './context.ts'
import { readFile } from './read-file.ts'
import { readRow } from './read-row.ts'

const fileKeys = ['config', 'env', 'now', 'tests']
const testKeys = ['name', 'now', 'pipeline', 'files', 'rows']
const defaultNow = '2026-01-01T00:00:00Z'
const hostName = 'test-host'
const suffix = /\.test\.ya?ml$/

/** Reads a file of tests and the configuration that it names, or answers with all mistakes in them. Never throws for what stands in a file. */
export async function readTests(
  file: string,
  env: Environment
): Promise<{ readonly tests: PipelineTests } | { readonly problems: readonly Problem[] }> {
  const problems = new Problems([file])
  const text = readText(file, problems)
  const tree =
    text === undefined
      ? undefined
      : readTree(text, { file, begins: 'tests:', known: [...fileKeys, 'rule_files'] }, problems)
  if (tree === undefined) return { problems: problems.sorted() }
  if (tree.entries.has('rule_files')) {
    problems.add(tree.at, 'Cannot run this file: it has tests of rules, which "mcp-collector rules test" runs')
    return { problems: problems.sorted() }
  }
  const fields = new Fields(tree, { keys: fileKeys, where: '' }, problems)
  if (!fields.has('tests')) fields.missing('tests')
  const plan = await planFor(fields, { file, env, problems })
  const nowMs = nowOf(fields) ?? Date.parse(defaultNow)
  const tests = plan === undefined ? [] : testsOf(fields, { problems, plan, folder: dirname(file), nowMs, where: '' })
  if (plan === undefined || problems.any) return { problems: problems.sorted() }
  return { tests: { file, plan, hostName, tests } }
}

/** The configuration that is tested: by default the one beside the file. */
async function planFor(
  fields: Fields,
  { file, env, problems }: { readonly file: string; readonly env: Environment; readonly problems: Problems }
): Promise<Plan | undefined> {
  const named = textsOf(fields, 'config', 'the path of a configuration file')
  const files = named ?? [basename(file).replace(suffix, '.yaml')]
  const paths = files.map(path => resolve(dirname(file), path))
  const own = [...(fields.map('env')?.entries ?? [])].flatMap(([name, { node }]) => {
    if (node.kind === 'scalar') return [[name, node.text] as const]
    fields.report(node.at, `Cannot use a ${node.kind} for "${name}" of env: expected text`)
    return []
  })
  if (problems.any) return undefined
  const loaded = await loadConfig(paths, { env: { ...env, ...Object.fromEntries(own) }, components })
  if ('config' in loaded) return planOf(loaded.config)
  for (const path of paths) problems.alsoOf(path)
  for (const { message, ...at } of loaded.problems) problems.add(at, message)
  return undefined
}

function testsOf(fields: Fields, context: TestContext): PipelineTest[] {
  return (fields.list('tests')?.items ?? []).flatMap((node, index) => {
    if (node.kind === 'map') return readTest(node, index, context) ?? []
    fields.report(node.at, `Cannot use this as test ${index + 1}: expected a map with "files" and "rows"`)
    return []
  })
}

function readTest(node: MapNode, index: number, context: TestContext): PipelineTest | undefined {
  const { problems, plan, folder } = context
  const given = node.entries.get('name')?.node
  const where = ` in test ${given?.kind === 'scalar' && given.value !== null ? quoted(given.written) : index + 1}`
  const fields = new Fields(node, { keys: testKeys, where }, problems)
  for (const key of ['files', 'rows']) if (!fields.has(key)) fields.missing(key)
  const nowMs = nowOf(fields) ?? context.nowMs
  const own = { problems, plan, folder, where, nowMs }
  const files = fields.maps('files').flatMap(one => readFile(one, own) ?? [])
  const named = fields.scalar('pipeline', 'the name of a pipeline')
  const pipelines = plan.pipelines.filter(({ name, inputs }) => {
    return (named === undefined || named.text === name) && files.every(({ input }) => inputs.includes(input.name))
  })
  const rows = fields.maps('rows').map(one => readRow(one, own))
  if (pipelines.length === 1)
    return {
      name: fields.scalar('name')?.text ?? `test ${index + 1}`,
      at: node.at,
      nowMs,
      pipeline: pipelines[0]!,
      files,
      rows
    }
  if (files.length > 0) reportPipelines(fields, named, plan, pipelines.length)
  return undefined
}

function reportPipelines(fields: Fields, named: ScalarNode | undefined, plan: Plan, found: number): void {
  const names = oneOf(plan.pipelines.map(({ name }) => name))
  if (named !== undefined)
    fields.report(named.at, `No pipeline ${quoted(named.written)} has all files${fields.where}: there is ${names}`)
  else if (found === 0)
    fields.report(fields.placeOf('files'), `No pipeline has all files${fields.where}: there is ${names}`)
  else fields.report(fields.at, `Missing "pipeline"${fields.where}: several have the files, name one of ${names}`)
}

function nowOf(fields: Fields): number | undefined {
  const node = fields.scalar('now')
  if (node === undefined) return undefined
  const ms = /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(node.text) ? Date.parse(node.text) : Number.NaN
  if (!Number.isNaN(ms)) return ms
  fields.report(
    node.at,
    `Cannot use ${quoted(node.written)} for "now"${fields.where}: expected a time, as 2026-11-30T12:00:00Z`
  )
  return undefined
}
