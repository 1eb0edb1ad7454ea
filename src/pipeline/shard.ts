import type { Clock } from '../core/clock.ts'
import { mergeFamilies } from '../core/families.ts'
import { Keys } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import { Meter } from '../core/metrics.ts'
import type { StateLink, StoredState } from '../core/record.ts'
import type { SourceId } from '../core/source.ts'
import { bodyBytes } from '../delivery/body-pool.ts'
import type { ReplayRow } from '../delivery/replay.ts'
import { type Disk, systemDisk } from '../inputs/file/disk.ts'
import type { Whereabouts } from '../inputs/file/whereabouts.ts'
import { AgentWatch } from '../rules/agents/watch.ts'
import { Arena } from '../scan/arena.ts'
import { AgentReporter } from './agent-reporter.ts'
import { Backlog } from './backlog.ts'
import { Commits } from './commits.ts'
import { Cursors } from './cursors.ts'
import { Departures } from './departures.ts'
import { handOver } from './handover.ts'
import { Inputs } from './inputs.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import type { AgentReport, Answers, ReplayVerdicts, ShardStart, ShardStatus } from './messages.ts'
import { Overflow } from './overflow.ts'
import type { InputPlan, Plan } from './plan.ts'
import { Steps, type StepsParts } from './steps.ts'
import { ledgerRows, measureLag, measureUnseen, statusOf } from './report.ts'
import { openHolds } from './holds.ts'
import { RuleTap } from './rule-tap.ts'
import { Tail, type TailParts } from './tail.ts'
import { Turns } from './turns.ts'

/** While draining, a source counts as read when it was at its end for so long, ms. */
const quietMs = 1000
/** Of a workspace: bodies that find no room lie elsewhere. */
const mostBodyBytes = 512 * 1024 * 1024
/** While draining, deleted files that were not read are copied for so long at most, ms. */
const holdMs = 1500
/** For the kernels of an input's parser and processors. */
const tableBytes = 384 * 1024
const spareInputs = 32

export interface ShardContext {
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  /** An output has ended for good: so should the collector. */
  readonly onEnd?: () => void
  /** Called while it drains, once rules have all that it will read. */
  readonly onRead?: () => void
  /** Called about once a second while there is something to say. */
  readonly onAgents?: (report: AgentReport) => void
  /** Called with rows that somebody looks at; see `Tail`. */
  readonly onRows?: TailParts['onRows']
  readonly replace?: StepsParts['replace']
  /** Tests bring one of their own. */
  readonly disk?: Disk
  /** For whoever looks whether it goes on. */
  readonly whereabouts?: Whereabouts
}

/**
 * Owns some sources and runs their whole path from chunk to send. It usually lives in a worker thread (shard-main.ts); tests run
 * it in place. It never waits for the control thread, but for `StateLink.untilDurable` before a shipment.
 */
export class Shard {
  readonly meter = new Meter()
  readonly tail: Tail
  readonly #start: ShardStart
  readonly #context: ShardContext
  readonly #arena: Arena
  readonly #keys = new Keys()
  readonly #agents: AgentReporter
  readonly #departures: Departures
  readonly #cursors: Cursors
  readonly #lanes: Lanes
  readonly #backlog: Backlog
  readonly #overflow: Overflow
  readonly #commits: Commits
  readonly #tap = new RuleTap()
  readonly #turns: Turns
  readonly #inputs: Inputs
  readonly #notes: Map<string, string>
  readonly #letterBytes = new Map<string, number>()
  /** What earlier runs left. */
  readonly #stored: StoredState
  #steps!: Steps
  #lastReadAt = 0
  #isReading = false

  constructor(start: ShardStart, context: ShardContext) {
    const { link, clock, log, disk = systemDisk, whereabouts } = context
    this.#start = start
    this.#context = context
    this.#arena = new Arena(undefined, spareBytesOf(start.plan))
    this.#cursors = new Cursors(start.stored)
    const inputOf = (name: string): InputPlan | undefined => this.#steps.plan.inputs.find(one => one.name === name)
    const agents = new AgentWatch(this.#keys, inputOf)
    const { onRows = () => {} } = context
    this.tail = new Tail({ keys: this.#keys, hostName: start.hostName, clock, onRows })
    const observers = [agents, this.tail]
    const lanesParts = { arena: this.#arena, cursors: this.#cursors, observers, clock, log, tap: this.#tap }
    this.#lanes = new Lanes({ ...lanesParts, meter: this.meter })
    const seen = whereabouts?.over(disk) ?? disk
    const departures = (this.#departures = new Departures(seen, this.#lanes))
    const { onAgents: tell = () => {} } = context
    this.#agents = new AgentReporter({ watch: agents, lanes: this.#lanes, departures, tell })
    this.#backlog = new Backlog(clock)
    const look = (): void => this.#look()
    this.#commits = new Commits({ lanes: this.#lanes, cursors: this.#cursors, tap: this.#tap, link, clock, look })
    this.#notes = new Map(Object.entries(start.stored.notes))
    this.#turns = new Turns({
      clock,
      canRead: () => link.writable,
      seconds: this.meter.of('collector_shard_turn_seconds_total', start.shard),
      between: () => {
        this.#keys.trim()
        whereabouts?.sign()
      },
      part: lane => this.#lanes.part(lane),
      meet: lane => this.#lanes.meet(lane),
      finished: lane => this.#finish(lane),
      progressed: () => this.#progressed()
    })
    this.#overflow = new Overflow({ lanes: this.#lanes, turns: this.#turns, bounds: () => this.#steps.routes })
    const { hostId, hostName } = start
    const parts = { cursors: this.#cursors, lanes: this.#lanes, commits: this.#commits, turns: this.#turns }
    const steps = (): Steps => this.#steps
    const shared = { link, clock, log, meter: this.meter, ...parts }
    const { stored, holds } = openHolds(start, shared)
    this.#stored = stored
    this.#inputs = new Inputs({ hostId, hostName, ...shared, ...(holds && { holds }), steps, disk: seen, departures })
  }

  /** Creates outputs and steps, then starts to follow. */
  async open(): Promise<void> {
    const { plan } = this.#start
    this.#steps = await this.#newSteps(plan)
    this.#tap.use(this.#steps.queries)
    if (this.#steps.queries === undefined) this.#cursors.unobserve()
    await this.#inputs.follow(plan.inputs, this.#stored)
  }

  /** Begins to read, and to ask outputs whether they are there. Until then sources are only known. */
  read(): void {
    this.#isReading = true
    for (const { delivery } of this.#steps.routes) delivery.open()
    this.#turns.start()
  }

  /** Goes on with another plan: see handover.ts. Inputs that are new or have changed wait for `follow`. Rejects where something can
   * not be made; then nothing has changed. */
  async change(plan: Plan): Promise<void> {
    const former = this.#steps
    this.#steps = await this.#newSteps(plan, former)
    // From here on rows are added up for the rules of these steps.
    this.#commits.now()
    this.#tap.use(this.#steps.queries)
    const { clock } = this.#context
    const parts = { lanes: this.#lanes, inputs: this.#inputs, commits: this.#commits, turns: this.#turns }
    await handOver(former, this.#steps, { ...parts, clock, meter: this.meter })
    if (this.#isReading) for (const { delivery } of this.#steps.routes) delivery.open()
  }

  /** Follows what `change` has left to be followed. `stored` is what the state knows now. */
  follow(stored: StoredState): Promise<void> {
    this.#cursors.learn(stored)
    if (this.#steps.queries === undefined) this.#cursors.unobserve()
    return this.#inputs.follow(this.#steps.plan.inputs, stored)
  }

  setLetterBytes(bytes: Readonly<Record<string, number>>): void {
    this.#letterBytes.clear()
    for (const [output, stored] of Object.entries(bytes)) this.#letterBytes.set(output, stored)
  }

  status(): ShardStatus {
    const status = statusOf({
      plan: this.#steps.plan,
      lanes: this.#lanes,
      routes: this.#steps.routes,
      backlog: this.#backlog,
      inputs: this.#inputs.followed,
      unseen: this.#unseen
    })
    const { kept } = this.#inputs
    return { ...status, ...(kept && { kept }) }
  }

  ledgers(): Answers['ledgers'] {
    return ledgerRows(this.#lanes)
  }

  /** Hands over what rows have added to rules until now and who has left, and says how far reading is behind. */
  observed(): Answers['observed'] {
    this.#departures.look()
    this.#commits.now()
    const isReading = this.#isReading && this.#context.link.writable
    return { unseenMs: isReading ? Math.max(0, ...this.#lanes.unseen().values()) : Infinity }
  }

  samples(): Answers['samples'] {
    const { routes } = this.#steps
    measureLag(this.#lanes, routes, this.meter)
    measureUnseen(this.#unseen, this.meter)
    this.#backlog.measure(
      this.#lanes,
      routes.map(({ id }) => id),
      this.meter
    )
    return this.meter.samples()
  }

  /** Metrics that steps make of rows. */
  families(): Answers['families'] {
    const steps = new Set(this.#steps.routes.flatMap(({ processors }) => processors))
    return mergeFamilies([...steps].flatMap(step => step.family?.() ?? []))
  }

  /** Sends rows of dead letters again. */
  async replay(output: string, rows: readonly ReplayRow[]): Promise<ReplayVerdicts> {
    const route = this.#steps.routes.find(one => one.id === output)
    if (route === undefined) throw new Error(`Output "${output}" is not configured any more`)
    return Object.fromEntries(await route.delivery.replay(rows))
  }

  /** How far rules are behind, by input, ms: not for longer than it is followed. */
  get #unseen(): Map<string, number> {
    const now = this.#context.clock.now()
    const { followed } = this.#inputs
    const all = [...this.#lanes.unseen()].map(([input, ms]): [string, number] => {
      return [input, Math.min(ms, Math.max(0, now - (followed.get(input)?.startedAt ?? now)))]
    })
    return new Map(all)
  }

  #look(): void {
    this.#backlog.look(this.#lanes.restless())
    this.#overflow.look()
    this.#agents.look()
    this.#turns.resume(this.#tap)
  }

  #progressed(): void {
    this.#lastReadAt = this.#context.clock.monotonic()
    this.#commits.soon()
  }

  /** All of a source is read, its file is gone: once it is settled too, the lane ends. */
  #finish(lane: Lane): void {
    for (const { delivery } of lane.takers) delivery.flush()
    this.#commits.soon()
  }

  /** Reads on until every source has been at its end for a second or half of the time is over, then sends what is read and
   * stores the cursors, while the files are open still: a cursor tells what stands before it. Resolves with the rows that stay
   * behind. */
  async drain(withinMs: number): Promise<number> {
    const { clock, link } = this.#context
    const end = clock.monotonic() + withinMs
    this.#inputs.hold()
    await this.#quiet(end - withinMs / 2)
    this.#turns.stop()
    this.#lanes.endGroups()
    const deliveries = this.#steps.routes.map(route => route.delivery)
    for (const delivery of deliveries) delivery.flush()
    this.observed()
    // behind that, which is handed over in microtasks, too
    queueMicrotask(() => this.#context.onRead?.())
    await Promise.race([
      Promise.all(deliveries.map(one => one.drained())),
      this.#pause(Math.max(0, end - clock.monotonic()))
    ])
    for (const delivery of deliveries) await delivery.close()
    this.#commits.last()
    this.#inputs.hold()
    await this.#inputs.finishHolds(holdMs)
    this.#inputs.stopAll()
    await Promise.race([link.untilDurable(link.append([])), this.#pause(1000)])
    this.#inputs.closeHolds()
    return this.#lanes.pendingRows
  }

  /** All that is there has been read, as far as can be told. */
  get isAtEnd(): boolean {
    return this.#lanes.areAtEnd && this.#turns.isIdle
  }

  /** Until nothing was there to read for a while. A lane without room, or that may not read, has not come to the end. */
  async #quiet(end: number): Promise<void> {
    const { clock } = this.#context
    let since = clock.monotonic()
    for (let now = since; now < end && now - since < quietMs; now = clock.monotonic()) {
      await this.#pause(50)
      if (!this.isAtEnd || this.#lastReadAt > since) since = clock.monotonic()
    }
  }

  async #newSteps(plan: Plan, former?: Steps): Promise<Steps> {
    const { link, clock, log, onEnd = () => {}, replace } = this.#context
    const { hostName, shard } = this.#start
    const parts = {
      hostName,
      shard,
      link,
      clock,
      log,
      onEnd,
      replace,
      notes: this.#notes,
      cursorOf: (source: SourceId, output: string) => this.#cursors.get(source, output)?.position ?? 0,
      letterBytes: this.#letterBytes
    }
    const shared = { meter: this.meter, keys: this.#keys, workspace: this.#arena.workspace }
    const steps = await Steps.create(plan, { ...parts, ...shared }, former)
    for (const { delivery } of steps.routes) delivery.onRoom = () => this.#turns.resume(delivery)
    return steps
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => this.#context.clock.after(ms, resolve))
  }
}

/** What bodies of all outputs and tables of all inputs may take of the workspace, and of some that a reload may add: what is not
 * used costs nothing. */
function spareBytesOf({ inputs, outputs, pipelines }: Plan): number {
  const bodies = new Map(outputs.map(({ name, delivery }) => [name, bodyBytes(delivery)]))
  let bytes = Math.max(...bodies.values())
  for (const pipeline of pipelines) for (const name of pipeline.outputs) bytes += bodies.get(name)!
  return Math.min(mostBodyBytes, bytes) + (inputs.length + spareInputs) * tableBytes
}
