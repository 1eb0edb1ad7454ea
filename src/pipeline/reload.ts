import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { formatProblem } from '../config/problems.ts'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import { type Changes, isEmpty, planChanges, sentencesOf, settingChanges } from './changes.ts'
import type { Reload } from './collector.ts'
import { type Plan, planOf } from './plan.ts'

/** What runs: a configuration, and what it leads to. */
export interface Running {
  readonly config: Config
  readonly plan: Plan
}

export interface ReloadsParts {
  /** Reads the configuration again, in the way it was read at the start. */
  readonly load: () => Promise<Loaded>
  /** Takes over what is beside the plan. Rejects where that can not be; then all is as before. */
  readonly adopt: (config: Config) => Promise<void>
  /** Lets the shards go on with another plan. Rejects where that can not be; then they go on with the one they have. */
  readonly change: (running: Running) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

type Outcome = Pick<Reload, 'result' | 'problems'> & { readonly changes?: Changes }

/** Problems in the log, the others are counted. */
const mostLogged = 20
const nothing = { added: [], changed: [], removed: [] }
const noChanges: Changes = { inputs: nothing, outputs: nothing, routes: nothing, settings: [] }

/** Reloads of the configuration, one after another: what is read, compared, taken over, and told of each. */
export class Reloads {
  last: Reload | undefined
  /** Epoch ms of the last load that was taken over. */
  configuredAt: number
  #running: Running
  #turn: Promise<unknown> = Promise.resolve()
  /** Shards run what is known to run here: one that did not answer in time may have changed all the same. */
  #isSure = true
  #isClosed = false
  readonly #parts: ReloadsParts

  constructor(running: Running, parts: ReloadsParts) {
    this.#running = running
    this.#parts = parts
    this.configuredAt = parts.clock.now()
    this.#show()
  }

  get running(): Running {
    return this.#running
  }

  reload(by: string): Promise<Reload> {
    const reload = this.#turn.then(() => this.#reload(by))
    this.#turn = reload
    return reload
  }

  /** Lets the one that has its turn come to its end, and no other begin. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#turn
  }

  /** Never rejects. */
  async #reload(by: string): Promise<Reload> {
    const { clock } = this.#parts
    const at = clock.now()
    const began = clock.monotonic()
    const { result, problems, changes = noChanges } = await this.#outcome().catch(failed)
    const reload = { at, by, result, durationMs: Math.round(clock.monotonic() - began), changes, problems }
    this.last = reload
    if (problems.length === 0) this.configuredAt = at
    this.#parts.meter.of('collector_reloads_total', result).value++
    this.#show()
    this.#tell(reload)
    return reload
  }

  async #outcome(): Promise<Outcome> {
    if (this.#isClosed) return failed(new Error('The collector is stopping'))
    const loaded = await this.#parts.load()
    if ('problems' in loaded) return { result: 'refused', problems: loaded.problems }
    const { config } = loaded
    const before = this.#running
    const { live, fixed } = settingChanges(before.config, config)
    if (fixed.length > 0) return { result: 'refused', problems: fixed.map(needsRestart) }
    const next = { config, plan: await planOf(config) }
    const changes = { ...planChanges(before.plan, next.plan), settings: live }
    if (isEmpty(changes) && this.#isSure) return { result: 'unchanged', problems: [] }
    await this.#take(next)
    return { result: 'changed', problems: [], changes }
  }

  async #take(next: Running): Promise<void> {
    const { adopt, change } = this.#parts
    await adopt(next.config)
    try {
      await change(next)
    } catch (error) {
      this.#isSure = false
      await adopt(this.#running.config)
      throw error
    }
    this.#isSure = true
    this.#running = next
  }

  #show(): void {
    const { meter } = this.#parts
    meter.of('collector_config_last_reload_successful').value = (this.last?.problems.length ?? 0) === 0 ? 1 : 0
    meter.of('collector_config_last_reload_success_timestamp_seconds').value = this.configuredAt / 1000
  }

  /** One line for each reload: who, what, how long. Names only: options may hold secrets. */
  #tell({ by, result, durationMs: ms, changes, problems }: Reload): void {
    const { log } = this.#parts
    if (result === 'changed')
      return log.info('Configuration reloaded', { by, changes: sentencesOf(changes).join(', '), ms })
    if (result === 'unchanged') return log.info('Configuration reloaded: nothing has changed', { by, ms })
    log.error('Configuration not reloaded: the one before goes on', { by, result, problems: problems.length, ms })
    for (const problem of problems.slice(0, mostLogged)) log.error(sentenceOf(problem))
  }
}

/** A problem as one line, with its place where it has one. */
export function sentenceOf(problem: Reload['problems'][number]): string {
  return 'file' in problem ? formatProblem(problem) : problem.message
}

function needsRestart(option: string): { message: string } {
  return { message: `Cannot change "${option}" while the collector runs: it needs a restart` }
}

function failed(error: unknown): Outcome {
  return { result: 'failed', problems: [{ message: messageOf(error) }] }
}
