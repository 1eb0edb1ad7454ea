import { hostname } from 'node:os'
import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import { type Family, mergeFamilies } from '../core/families.ts'
import type { Log } from '../core/log.ts'
import { Meter, type Sample } from '../core/metrics.ts'
import { StateStore } from '../state/store.ts'
import type { Loaded } from '../config/load.ts'
import { allAccounts, belongsTo } from './accounts.ts'
import type { Collector, CollectorStatus, LedgerRow, Letters, Reload, TailWanted } from './collector.ts'
import { Feeds } from './feeds.ts'
import { resetKey } from './holds.ts'
import { AgentBeside } from './agent-beside.ts'
import { AgentDesk } from './agent-desk.ts'
import { hostIdOf } from './host-id.ts'
import { LetterAges } from './letter-ages.ts'
import { DeadLetterDesk, maxAgeMs } from './letters.ts'
import { planOf } from './plan.ts'
import { Reloads, type Running } from './reload.ts'
import type { RuleGroupStatus } from '../rules/evaluate/status.ts'
import { RuleDesk } from './rules.ts'
import { Shards } from './shards.ts'
import { TailDesk } from './tail-desk.ts'

/** The shard gets this much less than the time to drain, so that its last cursors still are stored within it. */
const closingMs = 500
const tidyMs = 3_600_000
/** Of the note about the age of dead letters. */
const agesKey = 'collector/letter_ages'

export interface RunOptions {
  readonly log: Log
  readonly version: string
  /** Reads the configuration again. */
  readonly load: () => Promise<Loaded>
  /** Takes over what others than the collector do with a configuration: where it listens, what it logs. Rejects where it can not;
   * then all is as before. */
  readonly adopt: (config: Config) => Promise<void>
  readonly clock?: Clock
}

/**
 * Opens the state, starts the shards and returns once they know their sources. Nothing is read before `Collector.start`.
 * Throws `ExitError` when the state directory is in use or of a newer version.
 */
export async function openCollector(config: Config, options: RunOptions): Promise<Collector> {
  const { log, clock = systemClock } = options
  const plan = await planOf(config)
  const meter = new Meter()
  const state = StateStore.open(config.collector.stateDir, { clock, log, meter })
  try {
    const control = new Control({ config, plan }, state, { ...options, clock, meter })
    await control.open()
    return control
  } catch (error) {
    state.close()
    throw error
  }
}

interface ControlOptions extends Required<RunOptions> {
  readonly meter: Meter
}

class Control implements Collector {
  ready: Collector['ready'] = 'starting'
  readonly letters: Letters
  readonly agents: AgentDesk
  readonly #tails: TailDesk
  readonly ended: Promise<void>
  readonly #reloads: Reloads
  readonly #state: StateStore
  readonly #options: ControlOptions
  readonly #shards: Shards
  readonly #rules: RuleDesk
  /** By both clocks: what has passed since is not told by one that may be set. */
  readonly #startedAt: number
  readonly #startedMonotonic: number
  readonly #ages: LetterAges
  readonly #beside: AgentBeside
  readonly #feeds: Feeds
  readonly #wasReset: boolean
  #stopTidying: () => void = () => {}
  #stopping: Promise<readonly LedgerRow[]> | undefined

  constructor(running: Running, state: StateStore, options: ControlOptions) {
    const { config, plan } = running
    this.#state = state
    this.#options = options
    this.#startedAt = options.clock.now()
    this.#startedMonotonic = options.clock.monotonic()
    this.#reloads = new Reloads(running, { ...options, change: next => this.#change(next) })
    const hostName = config.collector.hostName ?? hostname()
    const hostId = hostIdOf(config.collector.stateDir)
    const { stateDir, holdDeletedBytes } = config.collector
    const stored = state.load()
    this.#wasReset = stored.notes[resetKey] === 'yes'
    const isStateLost = state.origin !== 'found' || this.#wasReset
    const spool = { stateDir, maxBytes: holdDeletedBytes, isStateLost }
    this.#ages = new LetterAges(stored.notes[agesKey], options.clock)
    this.#shards = new Shards({ plan, stored, hostId, hostName, spool }, { ...options, state })
    this.#rules = new RuleDesk({ ...options, state, observe: () => this.#shards.observed() })
    this.letters = new DeadLetterDesk(state, this.#shards, () => this.#tellLetters(), options.clock)
    this.ended = this.#shards.ended
    const behind = (): ReadonlyMap<string, number> => this.#shards.behind
    this.agents = new AgentDesk(config.agents, {
      state,
      clock: options.clock,
      behind,
      left: all => this.#rules.leave(all)
    })
    const changed = (): void => void this.reload('agent.config')
    this.#beside = new AgentBeside({ clock: options.clock, log: options.log, changed })
    this.#beside.use(config.agents.beside)
    this.#feeds = new Feeds({ ...options, stateDir })
    this.#shards.onAgents = report => this.agents.take(report)
    this.#tails = new TailDesk(this.#shards, options.meter)
    state.onWritable = isWritable => {
      this.agents.isPaused = !isWritable
      this.#shards.tellWritable()
    }
    this.#shards.onLetters = () => this.#tellLetters()
    const build = options.meter.of('collector_build_info', options.version, process.version)
    build.value = 1
  }

  async open(): Promise<void> {
    await this.#rules.open(this.#config)
    await this.#shards.open()
  }

  get stalled(): Collector['stalled'] {
    return this.#shards.stalled
  }

  get #config(): Config {
    return this.#reloads.running.config
  }

  get degraded(): readonly string[] {
    if (this.#state.writable) return []
    return [`Cannot write the state in "${this.#config.collector.stateDir}": ${this.#state.problem}`]
  }

  start(): void {
    this.ready = 'ready'
    // Behind the sources that the shard has found in the spool.
    if (this.#wasReset) this.#state.append([{ kind: 'note', key: resetKey, value: '' }])
    this.#tidy()
    this.#tellLetters()
    this.agents.start()
    this.#shards.start()
    void this.#feeds.run(this.#reloads.running.plan)
    this.#rules.start()
  }

  /** Once an hour: what nobody has seen for days is forgotten, and old dead letters go. */
  #tidy(): void {
    const { clock, log } = this.#options
    const routes = this.#config.pipelines.flatMap(({ name, outputs }) => outputs.map(output => `${name}/${output}`))
    this.#state.expire(new Set(routes))
    try {
      this.#purgeLetters()
    } catch (error) {
      log.warn(`Cannot remove old dead letters: ${messageOf(error)}, trying again in an hour`)
    }
    this.#stopTidying = clock.after(tidyMs, () => this.#tidy())
  }

  /** Throws what SQLite throws: the disk may be full, or somebody has the file open. */
  #purgeLetters(): void {
    const { letters: stored } = this.#state
    this.#state.append([{ kind: 'note', key: agesKey, value: this.#ages.mark(stored.newestId) }])
    for (const output of stored.totals().keys()) {
      const letters = stored.purge(output, this.#ages.newestBefore(maxAgeMs(this.#config, output)))
      if (letters > 0) this.#options.log.warn('Dead letters were older than max_age and are gone', { output, letters })
    }
  }

  /** The shard bounds its dead letters by what is stored already. */
  #tellLetters(): void {
    const totals = [...this.#state.letters.totals()].map(([output, { bytes }]) => [output, bytes])
    this.#shards.post({ type: 'letters', bytes: Object.fromEntries(totals) })
  }

  async status(): Promise<CollectorStatus> {
    const { inputs, outputs, problems, kept } = await this.#shards.status()
    const letters = this.#state.letters.totals()
    const { notifiers } = this.#rules
    return {
      version: this.#options.version,
      pid: process.pid,
      startedAt: this.#startedAt,
      uptimeMs: Math.round(this.#options.clock.monotonic() - this.#startedMonotonic),
      stateDir: this.#config.collector.stateDir,
      ready: this.ready,
      degraded: this.degraded,
      stalled: this.stalled,
      configuredAt: this.#reloads.configuredAt,
      ...(this.#reloads.last !== undefined && { lastReload: this.#reloads.last }),
      inputs,
      outputs: outputs.map(output => ({ ...output, deadLetters: letters.get(output.name)?.count ?? 0 })),
      problems,
      ...(notifiers && notifiers.length > 0 && { notifiers }),
      ...(kept && { kept })
    }
  }

  async samples(): Promise<readonly Sample[]> {
    this.#options.meter.of('collector_state_degraded').value = this.#state.writable ? 0 : 1
    this.#rules.measure()
    return [...(await this.#shards.samples()), ...this.agents.samples()]
  }

  async families(): Promise<readonly Family[]> {
    return mergeFamilies([...(await this.#shards.families()), ...this.#rules.families])
  }

  rules(): readonly RuleGroupStatus[] {
    return this.#rules.groups
  }

  async ledgers(): Promise<readonly LedgerRow[]> {
    return allAccounts(this.#state, await this.#shards.ledgers(), belongsTo(this.#reloads.running.plan))
  }

  tail(wanted: TailWanted): ReturnType<TailDesk['open']> {
    return this.#tails.open(wanted)
  }

  reload(by: string): Promise<Reload> {
    return this.#reloads.reload(by)
  }

  async #change({ config, plan }: Running): Promise<void> {
    await this.#rules.expect(config)
    try {
      await this.#shards.change(plan)
    } catch (error) {
      await this.#rules.change(this.#config)
      throw error
    }
    await this.#rules.change(config)
    await this.#feeds.run(plan)
    this.agents.options = config.agents
    this.#beside.use(config.agents.beside)
  }

  stop(): Promise<readonly LedgerRow[]> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<readonly LedgerRow[]> {
    const began = this.#options.clock.monotonic()
    await this.#reloads.close()
    const waitedMs = this.#options.clock.monotonic() - began
    // Nothing was read yet (the server could not listen): whoever waits for the reason should not wait for a drain.
    if (this.ready !== 'starting') await this.#drain(waitedMs)
    this.agents.stop()
    this.#beside.stop()
    this.#tails.close()
    this.ready = 'draining'
    const ledgers = await this.ledgers().catch(() => [])
    await this.#shards.close()
    this.#state.close()
    return ledgers
  }

  async #drain(waitedMs: number): Promise<void> {
    this.ready = 'draining'
    this.#stopTidying()
    this.#feeds.stop()
    const { log } = this.#options
    const withinMs = Math.max(0, this.#config.collector.drainTimeoutMs - closingMs - waitedMs)
    const { read, sent } = this.#shards.drain(withinMs)
    const [behind] = await Promise.all([sent, this.#rules.stop(withinMs, read)])
    if (behind > 0) log.warn('Rows stay behind; the next start sends them', { rows: behind })
  }
}
