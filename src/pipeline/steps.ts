import { components } from '../components.ts'
import type { OutputDefinition, ParserDefinition, ProcessorDefinition } from '../config/define.ts'
import type { Clock } from '../core/clock.ts'
import type { Keys } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { Output } from '../core/output.ts'
import type { StateLink } from '../core/record.ts'
import type { Position, SourceId } from '../core/source.ts'
import {
  type Framer,
  makers,
  type Parser,
  type Processor,
  type ProcessorContext,
  type StepContext
} from '../core/steps.ts'
import type { Workspace } from '../core/workspace.ts'
import { Delivery } from '../delivery/delivery.ts'
import { framersOf } from '../inputs/framing/framer.ts'
import { type Multiline, multilineOf } from '../inputs/framing/groupings.ts'
import { HeldBudget } from '../inputs/framing/held.ts'
import type { Arena } from '../scan/arena.ts'
import type { PipelineConfig, Use } from '../config/config.ts'
import type { RowFilter } from '../logql/filter.ts'
import { planChanges } from './changes.ts'
import { firstOf } from '../parsers/first-of.ts'
import { withParseFate } from './parse-fate.ts'
import { type Queries, queriesOf } from './rule-tap.ts'
import type { ChoicePlan, InputPlan, OutputPlan, PipelinePlan, Plan } from './plan.ts'
import type { FramerCounts } from './tally.ts'

export interface StepsParts {
  /** What outputs have noted, under their ids. */
  readonly notes: Map<string, string>
  /** Where an output stands in a source, as was handed over last; 0: nowhere. */
  readonly cursorOf: (source: SourceId, output: string) => Position
  readonly hostName: string
  /** The number of the shard. */
  readonly shard: string
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly keys: Keys
  readonly workspace: Workspace
  /** Bytes of dead letters in the state directory, by output id. The control thread tells them when they change. */
  readonly letterBytes: ReadonlyMap<string, number>
  /** An output will never take rows again. */
  readonly onEnd: () => void
  readonly replace?: Replace | undefined
}

/** Puts something in the place of components: see verify.ts and trace/. */
export interface Replace {
  /** `id` is `pipeline/output`. */
  readonly output?: (output: Output, id: string) => Output
  /** One of an input. */
  readonly parser?: (parser: Parser, use: string) => Parser
}

/** What becomes of rows in a pipeline. */
export interface Treatment {
  readonly processors: readonly Processor[]
  /** Rules see rows behind so many of them. */
  readonly seenBehind: number
}

/** One output of one pipeline: where lanes end. */
export interface Route extends Treatment {
  /** `pipeline/output`. */
  readonly id: string
  readonly pipeline: string
  readonly inputs: ReadonlySet<string>
  readonly delivery: Delivery
  readonly startFrom: 'now' | 'beginning'
  /** What it may have to read. */
  readonly maxBacklogBytes: number
  /** Epoch ms when it was made. */
  readonly startedAt: number
}

/** What makes rows of an input's bytes, and fields of its rows. */
interface InputSteps {
  /** Absent: each line is a row. */
  readonly multiline: Multiline | undefined
  readonly parser: Parser
}

/** What plans that follow each other share. */
class Workshop {
  /** Unfinished records of all lanes share one limit. */
  readonly held = new HeldBudget()
  /** Parsers, processors and patterns are kept: they hold tables in the workspace or take time to make, and a plan of today may be the
   * one of yesterday. */
  readonly #made = new Map<string, unknown>()

  async make<T>(owner: string, what: unknown, create: () => Promise<T>): Promise<T> {
    const key = `${owner} ${JSON.stringify(what)}`
    const known = this.#made.get(key) as T | undefined
    if (known !== undefined) return known
    const made = await create()
    this.#made.set(key, made)
    return made
  }
}

interface Made {
  readonly plan: Plan
  readonly routes: readonly Route[]
  readonly treatments: ReadonlyMap<string, Treatment>
  readonly queries: Queries | undefined
  readonly inputs: ReadonlyMap<string, InputSteps>
}

/** The plan's components, made real for one shard. */
export class Steps {
  readonly plan: Plan
  readonly routes: readonly Route[]
  /** Of rules; undefined: there are none. */
  readonly queries: Queries | undefined
  readonly #treatments: ReadonlyMap<string, Treatment>
  readonly #inputs: ReadonlyMap<string, InputSteps>
  readonly #workshop: Workshop
  readonly #framers = new Map<string, () => Framer>()

  private constructor(made: Made, workshop: Workshop) {
    this.plan = made.plan
    this.routes = made.routes
    this.queries = made.queries
    this.#treatments = made.treatments
    this.#inputs = made.inputs
    this.#workshop = workshop
  }

  /** `former` are those of the plan before: deliveries of outputs that are the same go on. Where something can not be made, it
   * throws, and nothing has changed. */
  static async create(plan: Plan, parts: StepsParts, former?: Steps): Promise<Steps> {
    const workshop = former === undefined ? new Workshop() : former.#workshop
    const context: StepContext = { keys: parts.keys, now: () => parts.clock.now() }
    const inputs = new Map<string, InputSteps>()
    const stepParts = { ...context, replace: parts.replace }
    for (const input of plan.inputs) inputs.set(input.name, await inputStepsOf(input, stepParts, workshop))
    const { rules } = plan
    const queries =
      rules.length === 0 ? undefined : await workshop.make('rules', rules, () => queriesOf(rules, parts.keys))
    const changed = former && planChanges(former.plan, plan).outputs.changed
    const kept = former?.routes.filter(({ id }) => !changed!.includes(id)) ?? []
    const routes: Route[] = []
    const treatments = new Map<string, Treatment>()
    try {
      for (const pipeline of plan.pipelines) {
        const treatment = await treatmentOf(pipeline, { ...context, meter: parts.meter }, workshop)
        treatments.set(pipeline.name, treatment)
        for (const name of pipeline.outputs) {
          const output = plan.outputs.find(one => one.name === name)!
          const known = kept.find(({ id }) => id === `${pipeline.name}/${name}`)
          routes.push(await createRoute({ pipeline, output, treatment, known }, parts))
        }
      }
    } catch (error) {
      for (const { delivery } of routes) if (!kept.some(one => one.delivery === delivery)) await delivery.close()
      throw error
    }
    return new Steps({ plan, routes, treatments, queries, inputs }, workshop)
  }

  /** Of a pipeline, which may have no output. */
  treatment(pipeline: string): Treatment {
    return this.#treatments.get(pipeline)!
  }

  parser(input: InputPlan): Parser {
    return this.#inputs.get(input.name)!.parser
  }

  /** Of one shard: the arena and the counts are the same at each call. */
  framer(input: InputPlan, arena: Arena, counts: FramerCounts): Framer {
    let make = this.#framers.get(input.name)
    if (make === undefined) {
      const { multiline } = this.#inputs.get(input.name)!
      make = framersOf({ ...input.follow, multiline }, { arena, ...counts, budget: this.#workshop.held })
      this.#framers.set(input.name, make)
    }
    return make()
  }
}

async function inputStepsOf(
  input: InputPlan,
  { replace, ...context }: StepContext & Pick<StepsParts, 'replace'>,
  workshop: Workshop
): Promise<InputSteps> {
  const { name, parsers, onParseError, follow } = input
  const { multiline } = follow
  const makeParser = async (): Promise<Parser> => {
    const made: Parser[] = []
    for (const use of parsers) {
      const parser = await createParser(use, context)
      made.push(replace?.parser?.(parser, use.use) ?? parser)
    }
    return withParseFate(firstOf(made, await filtersOf(parsers, context)), onParseError)
  }
  return {
    multiline: multiline && (await workshop.make(`groups of ${name}`, multiline, () => multilineOf(multiline))),
    parser: await workshop.make(`input ${name}`, [parsers, onParseError], makeParser)
  }
}

/** Of parsers with a condition. The language takes memory: it is loaded where there is one. */
async function filtersOf(parsers: InputPlan['parsers'], { keys }: StepContext): Promise<(RowFilter | undefined)[]> {
  if (parsers.every(({ condition }) => condition === undefined)) return []
  const { RowFilter } = await import('../logql/filter.ts')
  return parsers.map(({ condition }) => (condition === undefined ? undefined : new RowFilter(condition, keys)))
}

async function createParser({ use, options }: Use, context: StepContext): Promise<Parser> {
  return (await load<ParserDefinition>('parsers', use)).create(options, context)
}

/** Each step by itself: one that stays while others come or go remembers what it knows. */
async function treatmentOf(
  { name, process }: PipelineConfig,
  { meter, ...context }: StepContext & { readonly meter: Meter },
  workshop: Workshop
): Promise<Treatment> {
  const processors: Processor[] = []
  for (const step of process) {
    const sample: ProcessorContext['sample'] = metric => meter.of(metric, name, step.use)
    const create = async (): Promise<Processor> => {
      const definition = await load<ProcessorDefinition>('processors', step.use)
      const { parser, ...options } = step.options
      if (definition.parses !== true) return definition.create(step.options, { ...context, sample })
      const { use, ...own } = parser as { readonly use: string }
      return definition.create(options, {
        ...context,
        sample,
        parser: await createParser({ use, options: own }, context)
      })
    }
    processors.push(await workshop.make(`step of ${name}`, step, create))
  }
  const behind = process.findIndex(({ use }) => !makers.has(use))
  return { processors, seenBehind: behind < 0 ? process.length : behind }
}

interface RoutePlan {
  readonly pipeline: PipelinePlan
  readonly output: OutputPlan
  readonly treatment: Treatment
  /** Of the plan before, if it goes on. */
  readonly known: Route | undefined
}

async function createRoute({ pipeline, output, treatment, known }: RoutePlan, parts: StepsParts): Promise<Route> {
  const id = `${pipeline.name}/${output.name}`
  const { startFrom } = output
  const { maxBacklogBytes = Infinity } = output.delivery
  const choice = pipeline.choices[output.name]
  const delivery = known?.delivery ?? (await createDelivery({ id, output, choice }, parts))
  const startedAt = known?.startedAt ?? parts.clock.now()
  const inputs = new Set(pipeline.inputs)
  const own = { delivery, startFrom, maxBacklogBytes, startedAt }
  return { id, pipeline: pipeline.name, inputs, ...treatment, ...own }
}

interface DeliveryPlan {
  readonly id: string
  readonly output: OutputPlan
  readonly choice: ChoicePlan | undefined
}

async function createDelivery({ id, output: plan, choice }: DeliveryPlan, parts: StepsParts): Promise<Delivery> {
  const { keys, link, clock, log, meter, notes, workspace } = parts
  const definition = await load<OutputDefinition>('outputs', plan.use)
  // What the first one noted is of rows that another one may read by now.
  const noted = parts.shard === '0' || plan.oneWriter ? id : `${id}#${parts.shard}`
  const made = await definition.create(plan.options, {
    name: plan.name,
    id,
    hostName: parts.hostName,
    keys,
    clock,
    log,
    meter,
    note: key => notes.get(`${noted}/${key}`) ?? notes.get(`${id}/${key}`),
    setNote: (key, value) => {
      notes.set(`${noted}/${key}`, value)
      return link.untilDurable(link.append([{ kind: 'note', key: `${noted}/${key}`, value }]))
    },
    cursor: source => parts.cursorOf(source, id)
  })
  const output = parts.replace?.output?.(made, id) ?? made
  const { deadLetters, retryMinMs, retryMaxMs, ...rest } = plan.delivery
  const letters = { ...deadLetters, storedBytes: () => parts.letterBytes.get(id) ?? 0 }
  const options = { ...rest, retry: { minMs: retryMinMs, maxMs: retryMaxMs }, letters }
  const chosen = choice && (await loadRouting()).choiceOf(choice, keys)
  const delivery = new Delivery(options, output, { id, link, clock, log, meter, workspace, choice: chosen })
  delivery.onEnd = parts.onEnd
  return delivery
}

/** The language of conditions takes memory: it is loaded where there is one. */
const loadRouting = () => import('./routing.ts')

async function load<D>(room: 'parsers' | 'processors' | 'outputs', name: string): Promise<D> {
  const loaders: Readonly<Record<string, () => Promise<unknown>>> = components[room]
  return (await loaders[name]!()) as D
}
