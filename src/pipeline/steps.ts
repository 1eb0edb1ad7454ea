import { components } from '../components.ts'
import type { OutputDefinition, ParserDefinition, ProcessorDefinition } from '../config/define.ts'
import type { Clock } from '../core/clock.ts'
import type { Keys } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { StateLink, StoredState } from '../core/record.ts'
import type { Framer, Parser, Processor, StepContext } from '../core/steps.ts'
import type { Workspace } from '../core/workspace.ts'
import { Delivery } from '../delivery/delivery.ts'
import { ContainerFramer } from '../inputs/framing/containers.ts'
import { HeldBudget } from '../inputs/framing/held.ts'
import { LineFramer } from '../inputs/framing/lines.ts'
import type { Arena } from '../scan/arena.ts'
import type { PipelineConfig } from '../config/config.ts'
import { withParseFate } from './parse-fate.ts'
import type { InputPlan, OutputPlan, Plan } from './plan.ts'
import type { FramerCounts } from './tally.ts'

export interface StepsParts {
  readonly plan: Plan
  readonly stored: StoredState
  readonly hostName: string
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
}

/** One output of one pipeline: where lanes end. */
export interface Route {
  /** `pipeline/output`. */
  readonly id: string
  readonly pipeline: string
  readonly inputs: ReadonlySet<string>
  readonly processors: readonly Processor[]
  readonly delivery: Delivery
  readonly startFrom: 'now' | 'beginning'
}

/** The plan's components, made real for one shard. */
export class Steps {
  readonly routes: readonly Route[]
  readonly #parsers: ReadonlyMap<string, Parser>
  /** Unfinished records of all lanes share one limit. */
  readonly #held = new HeldBudget()

  private constructor(routes: Route[], parsers: Map<string, Parser>) {
    this.routes = routes
    this.#parsers = parsers
  }

  static async create(parts: StepsParts): Promise<Steps> {
    const context: StepContext = { keys: parts.keys, now: () => parts.clock.now() }
    const parsers = new Map<string, Parser>()
    for (const input of parts.plan.inputs) {
      const definition = await load<ParserDefinition>('parsers', input.parser.use)
      const parser = definition.create(input.parser.options, context)
      parsers.set(input.name, withParseFate(parser, input.onParseError))
    }
    const routes: Route[] = []
    for (const pipeline of parts.plan.pipelines) {
      const processors: Processor[] = []
      for (const step of pipeline.process) {
        const definition = await load<ProcessorDefinition>('processors', step.use)
        processors.push(definition.create(step.options, context))
      }
      for (const name of pipeline.outputs) {
        const output = parts.plan.outputs.find(one => one.name === name)!
        routes.push(await createRoute(pipeline, output, processors, parts))
      }
    }
    return new Steps(routes, parsers)
  }

  parser(input: InputPlan): Parser {
    return this.#parsers.get(input.name)!
  }

  framer(input: InputPlan, arena: Arena, counts: FramerCounts): Framer {
    const { maxLineBytes, framing } = input.follow
    const parts = { arena, maxLineBytes, ...counts, budget: this.#held }
    return framing === 'containers' ? new ContainerFramer(parts) : new LineFramer(parts)
  }
}

async function createRoute(
  pipeline: PipelineConfig,
  plan: OutputPlan,
  processors: Processor[],
  parts: StepsParts
): Promise<Route> {
  const id = `${pipeline.name}/${plan.name}`
  const definition = await load<OutputDefinition>('outputs', plan.use)
  const output = await definition.create(plan.options, {
    name: plan.name,
    id,
    hostName: parts.hostName,
    keys: parts.keys,
    clock: parts.clock,
    log: parts.log,
    meter: parts.meter,
    note: key => parts.stored.notes[`${id}/${key}`],
    setNote: (key, value) => {
      const number = parts.link.append([{ kind: 'note', key: `${id}/${key}`, value }])
      return parts.link.untilDurable(number)
    }
  })
  const { link, clock, log, meter } = parts
  const { deadLetters, retryMinMs, retryMaxMs, ...rest } = plan.delivery
  const letters = { ...deadLetters, storedBytes: () => parts.letterBytes.get(id) ?? 0 }
  const options = { ...rest, retry: { minMs: retryMinMs, maxMs: retryMaxMs }, letters }
  const delivery = new Delivery(options, output, { id, link, clock, log, meter, workspace: parts.workspace })
  delivery.onEnd = parts.onEnd
  const inputs = new Set(pipeline.inputs)
  return { id, pipeline: pipeline.name, inputs, processors, delivery, startFrom: plan.startFrom }
}

async function load<D>(room: 'parsers' | 'processors' | 'outputs', name: string): Promise<D> {
  const loaders: Readonly<Record<string, () => Promise<unknown>>> = components[room]
  return (await loaders[name]!()) as D
}
