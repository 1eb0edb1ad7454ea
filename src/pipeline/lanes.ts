import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import { limited, type Log, silentLog } from '../core/log.ts'
import { Meter } from '../core/metrics.ts'
import { parseErrors } from '../core/row.ts'
import type { Position } from '../core/source.ts'
import { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Arena } from '../scan/arena.ts'
import type { Cursors } from './cursors.ts'
import { Lane } from './lane.ts'
import type { InputPlan } from './plan.ts'
import type { Route, Steps } from './steps.ts'

const lossLogMs = 10_000

export interface LanesParts {
  /** All lanes read into this one, one at a time. */
  readonly arena: Arena
  /** Where outputs stood last. */
  readonly cursors: Cursors
  readonly clock: Clock
  readonly log: Log
  /** The shard's. */
  readonly meter: Meter
}

/** The open sources of a shard, each with its lanes: one for each output that wants it. The shard opens and closes them when its
 * followers say so; `Turns` decides which of them reads next. */
export class Lanes {
  readonly #parts: LanesParts
  readonly #batch: Batch
  /** An input's numbers are those of one reader, however many outputs read the same source: the others count here. */
  readonly #uncounted = new Meter()
  /** What is lost is told once for all outputs of a source, and not for each of a thousand files. */
  readonly #log: Log
  readonly #bySource = new Map<FileSource, Lane[]>()

  constructor(parts: LanesParts) {
    this.#parts = parts
    this.#batch = parts.arena.newBatch()
    this.#log = limited(parts.log, lossLogMs, () => parts.clock.monotonic())
  }

  get bySource(): ReadonlyMap<FileSource, readonly Lane[]> {
    return this.#bySource
  }

  /** None where the source is not open, or nobody wants it. */
  of(source: FileSource): readonly Lane[] {
    return this.#bySource.get(source) ?? []
  }

  /** Makes its lanes: each goes on at the cursor of its output. */
  open(source: FileSource, input: InputPlan, steps: Steps): void {
    const { arena, cursors, clock } = this.#parts
    const lanes: Lane[] = []
    for (const route of steps.routes) {
      if (!route.inputs.has(input.name)) continue
      const meter = lanes.length === 0 ? this.#parts.meter : this.#uncounted
      const cursor = cursors.get(source.id, route.id)
      const position = cursor?.position ?? this.#startOf(source, route)
      const track = new Track(source, route.id, cursor, position)
      lanes.push(
        new Lane(source, position, {
          arena,
          batch: this.#batch,
          framer: steps.framer(input, arena, meter),
          parser: steps.parser(input),
          processors: route.processors,
          delivery: route.delivery,
          track,
          clock,
          log: lanes.length === 0 ? this.#log : silentLog,
          partialMs: input.follow.partialMs,
          readBytes: meter.of('collector_input_read_bytes_total', input.name),
          rows: meter.of('collector_input_rows_total', input.name),
          errors: parseErrors.slice(1).map(reason => meter.of('collector_parse_errors_total', input.name, reason))
        })
      )
    }
    this.#bySource.set(source, lanes)
  }

  close(source: FileSource): void {
    this.#bySource.delete(source)
  }

  /** The lowest position up to which all outputs have settled the source; Infinity if nobody reads it. */
  settled(source: FileSource): Position {
    let settled = Infinity
    for (const lane of this.of(source)) settled = Math.min(settled, lane.track.settled)
    return settled
  }

  /** Rows that were read and have not ended. */
  get pendingRows(): number {
    let pending = 0
    for (const lanes of this.#bySource.values()) for (const lane of lanes) pending += lane.track.pendingRows
    return pending
  }

  /** All of them have read what is there. */
  get areAtEnd(): boolean {
    for (const lanes of this.#bySource.values()) for (const lane of lanes) if (!lane.isAtEnd) return false
    return true
  }

  /** A known source without any cursor is not old content to a new output: a crash left it before its first cursors were stored,
   * which are those of all outputs at once. `now` is where another output stands: a record begins there. */
  #startOf(source: FileSource, route: Route): Position {
    const { cursors } = this.#parts
    if (!source.wasKnown || !cursors.has(source.id)) return source.startAt
    return route.startFrom === 'beginning' ? source.startAt : cursors.furthest(source.id)
  }
}
