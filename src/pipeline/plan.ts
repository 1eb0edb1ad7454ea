import { components } from '../components.ts'
import type {
  Config,
  DeliveryConfig,
  InputConfig,
  OutputConfig,
  ParserUse,
  PipelineConfig,
  Use
} from '../config/config.ts'
import type { RuleQuery } from '../rules/evaluate/queries.ts'
import type { FollowPlan, InputDefinition, OutputDefinition } from '../config/define.ts'

/** What shards do, as plain data: it crosses threads. */
export interface Plan {
  readonly inputs: readonly InputPlan[]
  readonly pipelines: readonly PipelinePlan[]
  readonly outputs: readonly OutputPlan[]
  /** What rules ask of rows. */
  readonly rules: readonly RuleQuery[]
}

export interface InputPlan {
  readonly name: string
  readonly type: string
  readonly follow: FollowPlan
  readonly service: string
  readonly dataset: string
  readonly resource: Readonly<Record<string, string>>
  /** Of each row the first that understands it counts. */
  readonly parsers: readonly ParserUse[]
  readonly onParseError: InputConfig['onParseError']
  /** Agent of rows that name none. */
  readonly agentId?: string
  /** We write its rows ourselves, by these options: see feeds.ts. */
  readonly feed?: Readonly<Record<string, unknown>>
}

export interface PipelinePlan extends PipelineConfig {
  /** Of outputs that do not take all rows, by name. */
  readonly choices: Readonly<Record<string, ChoicePlan>>
}

/** Which rows an output of a pipeline takes, as queries. */
export interface ChoicePlan {
  /** Left out: all. */
  readonly own?: string
  /** But none of these: they end at final outputs before it. */
  readonly taken: readonly string[]
}

export interface OutputPlan extends Use {
  readonly name: string
  /** Hashes of the files that the options name. */
  readonly contents: readonly string[]
  readonly startFrom: 'now' | 'beginning'
  readonly delivery: DeliveryConfig
  /** Only one thread can write there. */
  readonly oneWriter: boolean
}

/** Configuration → plan. Inputs that no pipeline uses are left out. */
export async function planOf(config: Config): Promise<Plan> {
  const used = new Set(config.pipelines.flatMap(pipeline => pipeline.inputs))
  const loaders: Readonly<Record<string, () => Promise<unknown>>> = components.inputs
  const inputs: InputPlan[] = []
  for (const input of config.inputs) {
    if (!used.has(input.name)) continue
    const definition = (await loaders[input.use]!()) as InputDefinition
    const { name, use, options, ...rest } = input
    const { stateDir, resource } = config.collector
    const follow = definition.plan(options, { name, stateDir })
    const feed = definition.feed === undefined ? {} : { feed: options }
    inputs.push({ ...rest, name, type: use, follow, resource, ...feed })
  }
  const pipelines = config.pipelines.map(pipeline => ({ ...pipeline, choices: choicesOf(pipeline, config.outputs) }))
  const outputs = await Promise.all(config.outputs.map(outputOf))
  return { inputs, pipelines, outputs, rules: await rulesOf(config) }
}

async function rulesOf({ rules }: Config): Promise<readonly RuleQuery[]> {
  if (rules === undefined) return []
  const { queriesOfRules } = await import('../rules/evaluate/queries.ts')
  return queriesOfRules(rules)
}

async function outputOf({ name, use, options, contents, startFrom, delivery }: OutputConfig): Promise<OutputPlan> {
  const loaders: Readonly<Record<string, () => Promise<unknown>>> = components.outputs
  const { oneWriter = false } = (await loaders[use]!()) as OutputDefinition
  return { name, use, options, contents, startFrom, delivery, oneWriter }
}

function choicesOf({ outputs }: PipelineConfig, configs: readonly OutputConfig[]): PipelinePlan['choices'] {
  const choices: Record<string, ChoicePlan> = {}
  const taken: string[] = []
  for (const name of outputs) {
    const { condition: own, final } = configs.find(one => one.name === name)!
    if (own !== undefined || taken.length > 0) choices[name] = { ...(own !== undefined && { own }), taken: [...taken] }
    if (own !== undefined && final) taken.push(own)
  }
  return choices
}
