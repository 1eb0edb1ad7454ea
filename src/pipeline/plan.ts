import { components } from '../components.ts'
import type { Config, DeliveryConfig, InputConfig, PipelineConfig, Use } from '../config/config.ts'
import type { FollowPlan, InputDefinition } from '../config/define.ts'

/** What shards do, as plain data: it crosses threads. */
export interface Plan {
  readonly inputs: readonly InputPlan[]
  readonly pipelines: readonly PipelineConfig[]
  readonly outputs: readonly OutputPlan[]
}

export interface InputPlan {
  readonly name: string
  readonly type: string
  readonly follow: FollowPlan
  readonly service: string
  readonly dataset: string
  readonly resource: Readonly<Record<string, string>>
  readonly parser: Use
  readonly onParseError: InputConfig['onParseError']
}

export interface OutputPlan extends Use {
  readonly name: string
  readonly startFrom: 'now' | 'beginning'
  readonly delivery: DeliveryConfig
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
    inputs.push({ ...rest, name, type: use, follow: definition.plan(options), resource: config.collector.resource })
  }
  return { inputs, pipelines: config.pipelines, outputs: config.outputs }
}
