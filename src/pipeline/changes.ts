import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/config.ts'
import type { OutputPlan, Plan } from './plan.ts'

/** What one plan has differently from another, by name. An output goes by its id, `pipeline/output`. */
export interface PlanChanges {
  readonly inputs: Names
  /** `changed`: other options, other steps in front of it, or other rows. */
  readonly outputs: Names
  /** Which inputs go to which outputs, among those that both plans have: `input → pipeline/output`. */
  readonly routes: Omit<Names, 'changed'>
}

export interface Names {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

/** What a reload changes: of the plan, and options beside it. */
export interface Changes extends PlanChanges {
  /** `log.level`, `server.token` … */
  readonly settings: readonly string[]
}

export function planChanges(before: Plan, after: Plan): PlanChanges {
  const inputs = namesOf(inputsOf(before), inputsOf(after))
  const outputs = namesOf(outputsOf(before), outputsOf(after))
  const isBetweenKept = ({ input, output }: RouteName): boolean => !isNews(inputs, input) && !isNews(outputs, output)
  const { added, removed } = namesOf(routesOf(before, isBetweenKept), routesOf(after, isBetweenKept))
  return { inputs, outputs, routes: { added, removed } }
}

/** Only one of the plans has it. */
function isNews({ added, removed }: Names, name: string): boolean {
  return added.includes(name) || removed.includes(name)
}

/** Options beside the plan that differ. `fixed` ones can not change while the program runs. */
export function settingChanges(before: Config, after: Config): { readonly live: string[]; readonly fixed: string[] } {
  const differing = (options: typeof fixedSettings): string[] =>
    Object.entries(options)
      .filter(([, of]) => !isDeepStrictEqual(of(before), of(after)))
      .map(([name]) => name)
  return { live: differing(liveSettings), fixed: differing(fixedSettings) }
}

export function isEmpty({ inputs, outputs, routes, settings }: Changes): boolean {
  return (
    [inputs, outputs, routes].every(names => Object.values(names).every(list => list.length === 0)) &&
    settings.length === 0
  )
}

/** Changes in words, one each: `input pods added`. `shown` says how the id of an output is written. */
export function sentencesOf(
  { inputs, outputs, routes, settings }: Changes,
  shown = (id: string): string => id
): string[] {
  return [
    ...sentences('input', inputs),
    ...sentences('output', outputs, shown),
    ...sentences('route', routes),
    ...settings.map(name => `${name} changed`)
  ]
}

function sentences(noun: string, names: Partial<Names>, shown = (name: string): string => name): string[] {
  return Object.entries(names).flatMap(([how, list]) => list.map(name => `${noun} ${shown(name)} ${how}`))
}

const fixedSettings: Readonly<Record<string, (config: Config) => unknown>> = {
  'collector.state_dir': ({ collector }) => collector.stateDir,
  'collector.host_name': ({ collector }) => collector.hostName,
  'collector.shards': ({ collector }) => collector.shards,
  'collector.hold_deleted': ({ collector }) => collector.holdDeletedBytes
}

const liveSettings: typeof fixedSettings = {
  'collector.drain_timeout': ({ collector }) => collector.drainTimeoutMs,
  agents: ({ agents }) => agents,
  'server.listen': ({ server }) => server.listen,
  'server.token': ({ server }) => server.token,
  'metrics.listen': ({ metrics }) => metrics?.listen,
  'log.level': ({ log }) => log.level,
  rules: ({ rules }) => rules
}

type Parts = ReadonlyMap<string, unknown>

function namesOf(before: Parts, after: Parts): Names {
  const added: string[] = []
  const changed: string[] = []
  for (const [name, part] of after) {
    if (!before.has(name)) added.push(name)
    else if (!isDeepStrictEqual(before.get(name), part)) changed.push(name)
  }
  return { added, changed, removed: [...before.keys()].filter(name => !after.has(name)) }
}

function inputsOf({ inputs }: Plan): Parts {
  return new Map(inputs.map(input => [input.name, input]))
}

/** Where a new output would begin says nothing about one that is there. */
function outputsOf({ pipelines, outputs }: Plan): Parts {
  const plans = new Map<string, OutputPlan>(outputs.map(output => [output.name, output]))
  return new Map(
    pipelines.flatMap(pipeline =>
      pipeline.outputs.map(name => {
        const { startFrom: _, ...own } = plans.get(name)!
        return [`${pipeline.name}/${name}`, { ...own, process: pipeline.process, choice: pipeline.choices[name] }]
      })
    )
  )
}

interface RouteName {
  readonly input: string
  readonly output: string
}

function routesOf({ pipelines }: Plan, isWanted: (route: RouteName) => boolean): Parts {
  const all = pipelines.flatMap(({ name, inputs, outputs }) =>
    inputs.flatMap(input => outputs.map(output => ({ input, output: `${name}/${output}` })))
  )
  return new Map(all.filter(isWanted).map(route => [`${route.input} → ${route.output}`, route]))
}
