import { readAgentBeside } from './agent-beside.ts'
import { assemble } from './assemble.ts'
import { Binding } from './bind.ts'
import { crossCheck } from './check.ts'
import { metricNames } from './check-metrics.ts'
import { checkFiles } from './check-files.ts'
import { checkTexts } from './check-texts.ts'
import type { Config } from './config.ts'
import type { ComponentRegistry } from './define.ts'
import { explain } from './explain.ts'
import { mergeTrees } from './merge.ts'
import type { Environment } from './paths.ts'
import { type Problem, Problems } from './problems.ts'
import { fileSchema } from './schema.ts'
import { toolOf } from './suggest.ts'
import { readText } from './text.ts'
import type { MapNode } from './tree.ts'
import { readRuleFiles } from './rule-files.ts'
import { loadComponents, usedBy } from './used.ts'
import { readTree } from './yaml.ts'

/** What a file may have at its top. */
const sections = [
  'version',
  'collector',
  'inputs',
  'process',
  'outputs',
  'pipelines',
  'agent',
  'agents',
  'server',
  'metrics',
  'rules',
  'log'
]

export interface LoadContext {
  readonly env: Environment
  readonly components: ComponentRegistry
  /** Told of each file that `${file:…}` or an option names, before it is read: it is part of the configuration, too. */
  readonly onFile?: (path: string) => void
}
export type Loaded = { readonly config: Config } | { readonly problems: readonly Problem[] }

/**
 * Reads configuration files, merged in their order, and answers with the configuration or with all mistakes in it, sorted.
 * Never throws for what stands in a file. Only components that the files name are loaded.
 */
export async function loadConfig(files: readonly string[], context: LoadContext): Promise<Loaded> {
  const { env, components } = context
  const problems = new Problems(files)
  const trees = files.map(file => treeOf(file, context, problems))
  const whole = trees.filter(tree => tree !== undefined)
  // Without a file, everything that it names would look missing.
  if (whole.length < trees.length || whole.length === 0) return { problems: problems.sorted() }

  const tree = mergeTrees(whole, problems)
  const beside = readAgentBeside(tree, env)
  if (beside !== undefined) context.onFile?.(beside.file)
  const used = await loadComponents(components, usedBy(tree))
  const schema = fileSchema(used, tree.entries.has('rules'))
  const binding = new Binding(tree, schema, { problems, env })
  for (const { file } of binding.files) context.onFile?.(file)
  const result = schema.safeParse(binding.value)
  for (const issue of result.error?.issues ?? []) if (issue.path[0] !== 'version') explain(issue, binding)
  crossCheck(tree, binding)
  await checkTexts(binding, problems, components)
  const ruleFiles = readRuleFiles(tree, { binding, env, problems, onFile: context.onFile })
  if (ruleFiles.length > 0) (await components.rules()).checkRules(ruleFiles, metricNames(tree), problems)
  if (problems.any || !result.success) return { problems: problems.sorted() }
  const config = assemble(result.data, used, { files, env, named: binding.files, ruleFiles, beside })
  await checkFiles(config, used, { binding, registry: components })
  return problems.any ? { problems: problems.sorted() } : { config }
}

function treeOf(file: string, { env, onFile }: LoadContext, problems: Problems): MapNode | undefined {
  const text = readText(file, problems)
  if (text === undefined) return undefined
  const other = toolOf(text)
  if (other === undefined) return readTree(text, { file, variables: { env, file, onFile }, known: sections }, problems)
  const line = text.slice(0, other.offset).split('\n').length
  const ours = '"mcp-collector reference config" shows the form of ours'
  problems.add({ file, line, column: 1 }, `Cannot read this file: it is a configuration of ${other.tool}; ${ours}`)
  return undefined
}
