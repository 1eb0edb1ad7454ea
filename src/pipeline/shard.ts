import type { Clock } from '../core/clock.ts'
import { Keys } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import { Meter } from '../core/metrics.ts'
import type { StateLink } from '../core/record.ts'
import { bodyBytes } from '../delivery/body-pool.ts'
import { Claims } from '../inputs/file/claims.ts'
import { Follower } from '../inputs/file/follower.ts'
import type { FileSource } from '../inputs/file/source.ts'
import { Arena } from '../scan/arena.ts'
import { Commits } from './commits.ts'
import { Cursors } from './cursors.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import type { Answers, ReplayRow, ReplayVerdicts, ShardStart, ShardStatus } from './messages.ts'
import type { InputPlan, Plan } from './plan.ts'
import { Steps } from './steps.ts'
import { ledgerRows, measureLag, statusOf } from './report.ts'
import { Turns } from './turns.ts'

/** While draining, a source counts as read when it was at its end for so long, ms. */
const quietMs = 1000
/** Of a workspace: bodies that find no room lie elsewhere. */
const mostBodyBytes = 512 * 1024 * 1024
/** For the kernels of an input's parser and processors. */
const tableBytes = 384 * 1024

export interface ShardContext {
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  /** An output has ended for good: so should the collector. */
  readonly onEnd?: () => void
}

/**
 * Owns some sources and runs their whole path from chunk to send. It usually lives in a worker thread (shard-main.ts); tests run
 * it in place. It never waits for the control thread, but for `StateLink.untilDurable` before a shipment.
 */
export class Shard {
  readonly meter = new Meter()
  readonly #start: ShardStart
  readonly #context: ShardContext
  readonly #arena: Arena
  readonly #keys = new Keys()
  readonly #cursors: Cursors
  readonly #lanes: Lanes
  readonly #commits: Commits
  readonly #turns: Turns
  readonly #followers: Follower[] = []
  readonly #letterBytes = new Map<string, number>()
  #steps!: Steps
  #lastReadAt = 0

  constructor(start: ShardStart, context: ShardContext) {
    const { link, clock, log } = context
    this.#start = start
    this.#context = context
    this.#arena = new Arena(undefined, spareBytesOf(start.plan))
    this.#cursors = new Cursors(start.stored)
    this.#lanes = new Lanes({ arena: this.#arena, cursors: this.#cursors, clock, log, meter: this.meter })
    this.#commits = new Commits({ lanes: this.#lanes, cursors: this.#cursors, link, clock })
    this.#turns = new Turns({
      clock,
      canRead: () => link.writable,
      seconds: this.meter.of('collector_shard_turn_seconds_total', start.shard),
      between: () => this.#keys.trim(),
      part: lane => this.#lanes.part(lane),
      meet: lane => this.#lanes.meet(lane),
      finished: lane => this.#finish(lane),
      progressed: () => this.#progressed()
    })
  }

  /** Creates outputs and steps, then starts to follow. */
  async open(): Promise<void> {
    const { link, clock, log } = this.#context
    const { plan, stored, hostName } = this.#start
    const parts = {
      plan,
      stored,
      hostName,
      link,
      clock,
      log,
      meter: this.meter,
      keys: this.#keys,
      workspace: this.#arena.workspace,
      letterBytes: this.#letterBytes,
      onEnd: this.#context.onEnd ?? (() => {})
    }
    this.#steps = await Steps.create(parts)
    for (const route of this.#steps.routes) {
      route.delivery.onRoom = () => this.#turns.resume(route.delivery)
    }
    const claims = new Claims(stored.sources, new Set(plan.inputs.map(input => input.name)))
    for (const input of plan.inputs) {
      const follower = this.#newFollower(input, claims)
      this.#followers.push(follower)
      await follower.start()
    }
  }

  /** Begins to read, and to ask outputs whether they are there. Until then sources are only known. */
  read(): void {
    for (const { delivery } of this.#steps.routes) delivery.open()
    this.#turns.start()
  }

  setLetterBytes(bytes: Readonly<Record<string, number>>): void {
    this.#letterBytes.clear()
    for (const [output, stored] of Object.entries(bytes)) this.#letterBytes.set(output, stored)
  }

  status(): ShardStatus {
    return statusOf({
      plan: this.#start.plan,
      lanes: this.#lanes,
      routes: this.#steps.routes,
      followers: this.#followers
    })
  }

  ledgers(): Answers['ledgers'] {
    return ledgerRows(this.#lanes)
  }

  samples(): Answers['samples'] {
    measureLag(this.#lanes, this.#steps.routes, this.meter)
    return this.meter.samples()
  }

  /** Sends rows of dead letters again. */
  async replay(output: string, rows: readonly ReplayRow[]): Promise<ReplayVerdicts> {
    const route = this.#steps.routes.find(one => one.id === output)
    if (route === undefined) throw new Error(`Output "${output}" is not configured any more`)
    return Object.fromEntries(await route.delivery.replay(rows))
  }

  #newFollower(input: InputPlan, claims: Claims): Follower {
    const { link, clock, log } = this.#context
    const { hostId, hostName, stored } = this.#start
    const { name, service, dataset, resource } = input
    return new Follower(
      { ...input.follow, name, service, dataset, resource },
      {
        hostId,
        hostName,
        link,
        stored,
        clock,
        log,
        meter: this.meter,
        claims,
        open: source => {
          this.#lanes.open(source, input, this.#steps)
          this.#wake(source)
        },
        wake: source => this.#wake(source),
        settledAll: source => this.#lanes.settled(source),
        close: source => this.#closeSource(source),
        forget: id => this.#cursors.forget(id),
        scanned: () => this.#commits.along()
      }
    )
  }

  #closeSource(source: FileSource): void {
    this.#commits.now()
    for (const lane of this.#lanes.of(source)) this.#turns.remove(lane)
    this.#lanes.close(source)
  }

  #wake(source: FileSource): void {
    for (const lane of this.#lanes.of(source)) this.#turns.add(lane)
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
    await this.#quiet(end - withinMs / 2)
    this.#turns.stop()
    const deliveries = this.#steps.routes.map(route => route.delivery)
    for (const delivery of deliveries) delivery.flush()
    await Promise.race([
      Promise.all(deliveries.map(one => one.drained())),
      this.#pause(Math.max(0, end - clock.monotonic()))
    ])
    for (const delivery of deliveries) await delivery.close()
    this.#commits.last()
    for (const follower of this.#followers) follower.stop()
    await Promise.race([link.untilDurable(link.append([])), this.#pause(1000)])
    return this.#lanes.pendingRows
  }

  /** Until nothing was there to read for a while. A lane without room, or that may not read, has not come to the end. */
  async #quiet(end: number): Promise<void> {
    const { clock } = this.#context
    let since = clock.monotonic()
    for (let now = since; now < end && now - since < quietMs; now = clock.monotonic()) {
      await this.#pause(50)
      const isQuiet = this.#lanes.areAtEnd && this.#turns.isIdle
      if (!isQuiet || this.#lastReadAt > since) since = clock.monotonic()
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => this.#context.clock.after(ms, resolve))
  }
}

/** What bodies of all outputs and tables of all inputs may take of the workspace. */
function spareBytesOf(plan: Plan): number {
  let bytes = 0
  for (const pipeline of plan.pipelines) {
    for (const name of pipeline.outputs) bytes += bodyBytes(plan.outputs.find(one => one.name === name)!.delivery)
  }
  return Math.min(mostBodyBytes, bytes) + plan.inputs.length * tableBytes
}
