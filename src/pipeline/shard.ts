import type { Batch } from '../core/batch.ts'
import { parseErrors } from '../core/row.ts'
import type { Clock } from '../core/clock.ts'
import { crashPoint } from '../core/crash-points.ts'
import { Keys } from '../core/keys.ts'
import type { Log } from '../core/log.ts'
import { Meter } from '../core/metrics.ts'
import type { StateLink, StateRecord } from '../core/record.ts'
import type { Position } from '../core/source.ts'
import { bodyBytes } from '../delivery/body-pool.ts'
import { Track } from '../delivery/track.ts'
import { Claims } from '../inputs/file/claims.ts'
import { Follower } from '../inputs/file/follower.ts'
import type { FileSource } from '../inputs/file/source.ts'
import { Arena } from '../scan/arena.ts'
import { Cursors } from './cursors.ts'
import { Lane } from './lane.ts'
import type { Answers, ReplayRow, ReplayVerdicts, ShardStart, ShardStatus } from './messages.ts'
import type { InputPlan, Plan } from './plan.ts'
import { type Route, Steps } from './steps.ts'
import { ledgerRows, measureLag, statusOf } from './report.ts'
import { Turns } from './turns.ts'

/** Cursors are stored so often, ms. */
const commitMs = 1000
/** While draining, a source counts as read when it was at its end for so long, ms. */
const quietMs = 1000

/** Of a workspace: bodies that find no room lie elsewhere. */
const mostBodyBytes = 512 * 1024 * 1024

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
  /** An input's numbers are those of one reader, however many outputs read the same source: the others count here. */
  readonly #uncounted = new Meter()
  readonly #start: ShardStart
  readonly #context: ShardContext
  readonly #arena: Arena
  readonly #batch: Batch
  readonly #keys = new Keys()
  readonly #turns: Turns
  readonly #lanes = new Map<FileSource, Lane[]>()
  readonly #followers: Follower[] = []
  readonly #letterBytes = new Map<string, number>()
  readonly #cursors: Cursors
  #steps!: Steps
  #stopCommits: (() => void) | undefined
  #lastReadAt = 0
  /** When the timer of the next commit was set. */
  #movedAt = 0

  constructor(start: ShardStart, context: ShardContext) {
    this.#start = start
    this.#arena = new Arena(undefined, Math.min(mostBodyBytes, bodyBytesOf(start.plan)))
    this.#batch = this.#arena.newBatch()
    this.#cursors = new Cursors(start.stored)
    this.#context = context
    this.#turns = new Turns({
      clock: context.clock,
      canRead: () => context.link.writable,
      seconds: this.meter.of('collector_shard_turn_seconds_total', start.shard),
      between: () => this.#keys.trim(),
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
      const follower = new Follower(
        { ...input.follow, name: input.name, service: input.service, dataset: input.dataset, resource: input.resource },
        {
          hostId: this.#start.hostId,
          hostName,
          link,
          stored,
          clock,
          log,
          meter: this.meter,
          claims,
          open: source => this.#openSource(source, input),
          wake: source => this.#wake(source),
          settledAll: source => this.#settledAll(source),
          close: source => this.#closeSource(source),
          forget: id => this.#cursors.forget(id),
          scanned: () => this.#commitAlong()
        }
      )
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

  #openSource(source: FileSource, input: InputPlan): void {
    const lanes: Lane[] = []
    for (const route of this.#steps.routes) {
      if (!route.inputs.has(input.name)) continue
      const meter = lanes.length === 0 ? this.meter : this.#uncounted
      const cursor = this.#cursors.get(source.id, route.id)
      const position = cursor?.position ?? this.#startOf(source, route)
      const track = new Track(source, route.id, cursor, position)
      lanes.push(
        new Lane(source, position, {
          arena: this.#arena,
          batch: this.#batch,
          framer: this.#steps.framer(input, this.#arena, meter),
          parser: this.#steps.parser(input),
          processors: route.processors,
          delivery: route.delivery,
          track,
          clock: this.#context.clock,
          partialMs: input.follow.partialMs,
          readBytes: meter.of('collector_input_read_bytes_total', input.name),
          rows: meter.of('collector_input_rows_total', input.name),
          errors: parseErrors.slice(1).map(reason => meter.of('collector_parse_errors_total', input.name, reason))
        })
      )
    }
    this.#lanes.set(source, lanes)
    this.#wake(source)
  }

  /** A known source without any cursor is not old content to a new output: a crash left it before its first cursors were stored,
   * which are those of all outputs at once. `now` is where another output stands: a record begins there. */
  #startOf(source: FileSource, route: Route): Position {
    if (!source.wasKnown || !this.#cursors.has(source.id)) return source.startAt
    return route.startFrom === 'beginning' ? source.startAt : this.#cursors.furthest(source.id)
  }

  #closeSource(source: FileSource): void {
    this.commit()
    for (const lane of this.#lanes.get(source) ?? []) this.#turns.remove(lane)
    this.#lanes.delete(source)
  }

  #wake(source: FileSource): void {
    for (const lane of this.#lanes.get(source) ?? []) this.#turns.add(lane)
  }

  #progressed(): void {
    this.#lastReadAt = this.#context.clock.monotonic()
    this.#commitSoon()
  }

  /** All of a source is read, its file is gone: once it is settled too, the lane ends. */
  #finish(lane: Lane): void {
    lane.delivery.flush()
    this.#commitSoon()
  }

  #settledAll(source: FileSource): Position {
    let settled = Infinity
    for (const lane of this.#lanes.get(source) ?? []) settled = Math.min(settled, lane.track.settled)
    return settled
  }

  #commitSoon(): void {
    if (this.#stopCommits !== undefined) return
    this.#movedAt = this.#context.clock.monotonic()
    this.#stopCommits = this.#context.clock.after(commitMs, () => {
      this.#stopCommits = undefined
      this.commit()
    })
  }

  /** Sizes of files that grew are stored at each scan: cursors go into the same commit, rather than into one of their own. */
  #commitAlong(): void {
    if (this.#stopCommits === undefined) return
    if (this.#context.clock.monotonic() - this.#movedAt < commitMs / 2) return
    this.#stopCommits()
    this.#stopCommits = undefined
    this.commit()
  }

  /** Hands all cursors that moved to the state database; comes again while rows are pending. Returns the number to wait for, or 0. */
  commit(): number {
    const records: StateRecord[] = []
    let pending = 0
    for (const [source, lanes] of this.#lanes) {
      let lowest = Infinity
      for (const lane of lanes) {
        pending += lane.track.pendingRows
        lowest = Math.min(lowest, lane.track.settled)
        const moved = lane.track.takeCursor()
        if (moved === undefined) continue
        const marker = source.marker(moved.position)
        const cursor = { source: source.id, output: lane.track.output, ...moved, marker }
        this.#cursors.set(cursor)
        records.push({ kind: 'cursor', cursor })
      }
      const dropped = source.marks.dropCuts(lowest)
      if (dropped !== undefined) records.push(dropped)
    }
    if (pending > 0) this.#commitSoon()
    if (records.length === 0) return 0
    const number = this.#context.link.append(records)
    crashPoint('pipeline.commit.after')
    return number
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
    this.#stopCommits?.()
    this.commit()
    for (const follower of this.#followers) follower.stop()
    await Promise.race([link.untilDurable(link.append([])), this.#pause(1000)])
    let pending = 0
    for (const lane of this.#allLanes()) pending += lane.track.pendingRows
    return pending
  }

  /** Until nothing was there to read for a while. A lane without room, or that may not read, has not come to the end. */
  async #quiet(end: number): Promise<void> {
    const { clock } = this.#context
    let since = clock.monotonic()
    for (let now = since; now < end && now - since < quietMs; now = clock.monotonic()) {
      await this.#pause(50)
      if (!this.#isQuiet || this.#lastReadAt > since) since = clock.monotonic()
    }
  }

  get #isQuiet(): boolean {
    for (const lane of this.#allLanes()) if (!lane.isAtEnd) return false
    return this.#turns.isIdle
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => this.#context.clock.after(ms, resolve))
  }

  *#allLanes(): Iterable<Lane> {
    for (const lanes of this.#lanes.values()) yield* lanes
  }
}

/** What the bodies of all outputs may take. */
function bodyBytesOf(plan: Plan): number {
  let bytes = 0
  for (const pipeline of plan.pipelines) {
    for (const name of pipeline.outputs) bytes += bodyBytes(plan.outputs.find(one => one.name === name)!.delivery)
  }
  return bytes
}
