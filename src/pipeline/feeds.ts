import { isDeepStrictEqual } from 'node:util'
import { components } from '../components.ts'
import type { Feed, FeedContext, InputDefinition } from '../config/define.ts'
import { messageOf } from '../core/errors.ts'
import type { InputPlan, Plan } from './plan.ts'

interface Running {
  readonly input: InputPlan
  readonly feed: Feed
}

/** The inputs that make their rows themselves: each writes them to a file, which a shard follows as it follows others. */
export class Feeds {
  readonly #parts: Omit<FeedContext, 'name'>
  readonly #running = new Map<string, Running>()
  #turn: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor({ clock, log, meter, stateDir }: Omit<FeedContext, 'name'>) {
    this.#parts = { clock, log, meter, stateDir }
  }

  /** Lets those of a plan run, and no others; what has not changed goes on. Never rejects. */
  run(plan: Plan): Promise<void> {
    this.#turn = this.#turn.then(() => this.#run(plan))
    return this.#turn
  }

  stop(): void {
    this.#isStopped = true
    this.#end(() => true)
  }

  async #run({ inputs }: Plan): Promise<void> {
    this.#end(({ input }) => !inputs.some(one => isDeepStrictEqual(one, input)))
    for (const input of inputs) {
      if (this.#isStopped || input.feed === undefined || this.#running.has(input.name)) continue
      try {
        await this.#begin(input, input.feed)
      } catch (error) {
        this.#parts.log.error('Cannot begin: the input has no rows', { input: input.name, cause: messageOf(error) })
      }
    }
  }

  async #begin(input: InputPlan, options: NonNullable<InputPlan['feed']>): Promise<void> {
    const loaders: Readonly<Record<string, () => Promise<unknown>>> = components.inputs
    const definition = (await loaders[input.type]!()) as InputDefinition
    const feed = await definition.feed?.(options, { ...this.#parts, name: input.name })
    if (feed === undefined) return
    if (this.#isStopped) feed.stop()
    else this.#running.set(input.name, { input, feed })
  }

  #end(isOver: (running: Running) => boolean): void {
    for (const [name, running] of this.#running) {
      if (!isOver(running)) continue
      running.feed.stop()
      this.#running.delete(name)
    }
  }
}
