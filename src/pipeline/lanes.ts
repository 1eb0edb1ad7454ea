import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import { crashPoint } from '../core/crash-points.ts'
import { limited, type Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { Position } from '../core/source.ts'
import type { Observer } from '../core/steps.ts'
import { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Arena } from '../scan/arena.ts'
import type { Cursors } from './cursors.ts'
import { Lane } from './lane.ts'
import { type RuleTap, tapId } from './rule-tap.ts'
import type { InputPlan } from './plan.ts'
import { type NewLane, Road } from './road.ts'
import type { Route, Steps } from './steps.ts'
import { type FramerCounts, Frontier, InputCounts, Tally } from './tally.ts'

const lossLogMs = 10_000

export interface LanesParts {
  /** All lanes read into this one, one at a time. */
  readonly arena: Arena
  /** Where outputs stood last. */
  readonly cursors: Cursors
  readonly observers: readonly Observer[]
  readonly clock: Clock
  readonly log: Log
  /** The shard's. */
  readonly meter: Meter
  /** Where rules see rows. */
  readonly tap: RuleTap
}

const noFrontiers: ReadonlyMap<string, Frontier> = new Map()
const noRoads: readonly Road[] = []
const noTracks: readonly Track[] = []
const nobodyLeft: ReadonlyMap<string, Position> = new Map()

/** An open source. There may be ten thousand. */
interface Open {
  readonly input: InputPlan
  readonly tally: Tally
  /** Of pipelines with a step that counts rows. */
  frontiers: ReadonlyMap<string, Frontier>
  /** One for each pipeline. Replaced, not added to: an array that grows takes memory for sixteen more. */
  roads: readonly Road[]
  /** Of each output that wants it, and of those that are leaving. */
  tracks: readonly Track[]
  /** Of outputs that left: rows from their cursors up to here may have been sent. */
  left: ReadonlyMap<string, Position>
  /** What rules have seen of it; absent: there are none. */
  sight: Sight | undefined
}

/** Rules see a source in one of its pipelines. */
interface Sight {
  readonly track: Track
  /** Absent while that one is exchanged for another. */
  road: Road | undefined
}

/** The open sources of a shard and who reads them: a road of lanes for each pipeline, at first a lane for all outputs that stand at
 * the same place. The shard opens and closes them when its followers say so; `Turns` decides which lane reads next. */
export class Lanes {
  readonly #parts: LanesParts
  readonly #batch: Batch
  /** What is lost is not told for each of a thousand files. */
  readonly #log: Log
  readonly #open = new Map<FileSource, Open>()
  readonly #restless = new Set<FileSource>()
  readonly #counts = new Map<string, InputCounts>()
  /** Of the framer that is at work; 0 between two. */
  readonly #framed: FramerCounts = {
    nulBytes: { value: 0 },
    truncatedRows: { value: 0 },
    splitGroups: { value: 0 }
  }

  constructor(parts: LanesParts) {
    this.#parts = parts
    this.#batch = parts.arena.newBatch()
    this.#log = limited(parts.log, lossLogMs, () => parts.clock.monotonic())
  }

  /** What outputs have read and settled of each open source. */
  *[Symbol.iterator](): Generator<readonly [source: FileSource, tracks: readonly Track[]]> {
    for (const [source, { tracks }] of this.#open) yield [source, tracks]
  }

  /** The same of those that something may have happened to since they were found at rest: of thousands of open sources most are, and
   * nobody looks at them each second. */
  *restless(): Generator<readonly [source: FileSource, tracks: readonly Track[]]> {
    for (const source of this.#restless) yield [source, this.tracksOf(source)]
  }

  /** What has moved is stored: leaves out those that are read and settled to their ends. */
  settleDown(): void {
    for (const source of this.#restless) if (this.#isAtRest(source)) this.#restless.delete(source)
  }

  #isAtRest(source: FileSource): boolean {
    for (const lane of this.of(source)) if (!lane.isAtEnd) return false
    return this.tracksOf(source).every(track => track.isAtRest && track.settled >= source.size)
  }

  readonly #stir = (source: FileSource): void => void this.#restless.add(source)

  /** Of one source; none where it is not open. */
  tracksOf(source: FileSource): readonly Track[] {
    return this.#open.get(source)?.tracks ?? []
  }

  /** None where the source is not open, or nobody wants it. */
  *of(source: FileSource): Generator<Lane> {
    for (const road of this.#open.get(source)?.roads ?? []) yield* road
  }

  /** Each output that wants it goes on at its cursor. */
  open(source: FileSource, input: InputPlan, steps: Steps): void {
    const tally = new Tally(this.#countsOf(input.name))
    const open: Open = {
      input,
      tally,
      frontiers: noFrontiers,
      roads: noRoads,
      tracks: noTracks,
      left: nobodyLeft,
      sight: undefined
    }
    this.#open.set(source, open)
    this.#stir(source)
    for (const route of steps.routes) {
      if (route.inputs.has(input.name)) this.#enter(source, open, { route, steps })
    }
    this.#watch(source, open, steps)
  }

  #countsOf(input: string): InputCounts {
    let counts = this.#counts.get(input)
    if (counts === undefined) this.#counts.set(input, (counts = new InputCounts(this.#parts.meter, input)))
    return counts
  }

  close(source: FileSource): void {
    for (const lane of this.of(source)) lane.end()
    for (const track of this.tracksOf(source)) track.isLeft = true
    this.#open.delete(source)
    this.#restless.delete(source)
  }

  /** Outputs that want an open source and are not there yet go on at their cursors. Returns the sources. */
  fill(steps: Steps): FileSource[] {
    const filled: FileSource[] = []
    for (const [source, open] of this.#open) {
      this.#stir(source)
      const missing = steps.routes.filter(({ id, inputs }) => {
        return inputs.has(open.input.name) && !open.tracks.some(({ output }) => output === id)
      })
      for (const route of missing) this.#enter(source, open, { route, steps })
      const isSeenAnew = this.#watch(source, open, steps)
      if (missing.length > 0 || isSeenAnew) filled.push(source)
    }
    return filled
  }

  /** Tracks of outputs that are to leave open sources of an input. */
  leaving(leaves: (input: string, output: string) => boolean): Map<FileSource, Track[]> {
    const found = new Map<FileSource, Track[]>()
    for (const [source, { input, tracks }] of this.#open) {
      const leaving = tracks.filter(({ output }) => leaves(input.name, output))
      if (leaving.length > 0) found.set(source, leaving)
    }
    return found
  }

  /** Nothing more is read for these tracks; what was read goes on its way, and moves their cursors still. */
  retire(source: FileSource, tracks: readonly Track[]): void {
    const open = this.#open.get(source)!
    for (const { output } of tracks) for (const road of open.roads) road.leave(output)
    if (open.sight?.road?.isOnlyOf(tapId)) this.#look(open.sight, undefined)
    // the next one may have other steps
    open.roads = open.roads.filter(road => !road.isEmpty)
  }

  /** What was retired leaves, settled or not. */
  leave(source: FileSource, track: Track): void {
    const open = this.#open.get(source)
    if (open === undefined) return
    open.tracks = open.tracks.filter(one => one !== track)
    // its predecessor may have come further than it has
    open.left = new Map([...open.left, [track.output, Math.max(track.repeatsUntil, track.read)]])
    track.isLeft = true
  }

  /** Some outputs of the lane have no room: they leave it. Returns the lane they are in then. */
  part(lane: Lane): Lane {
    crashPoint('pipeline.part.before')
    const late = this.#roadOf(lane).part(lane)
    crashPoint('pipeline.part.after')
    return late
  }

  /** The lane stands where the one ahead does: they become one, which is returned. */
  meet(lane: Lane): Lane {
    crashPoint('pipeline.meet.before')
    const one = this.#roadOf(lane).meet(lane)
    crashPoint('pipeline.meet.after')
    return one
  }

  /** The lowest position up to which all outputs have settled the source; Infinity if nobody reads it. */
  settled(source: FileSource): Position {
    let settled = Infinity
    for (const track of this.tracksOf(source)) settled = Math.min(settled, track.settled)
    return Math.min(settled, this.sightOf(source)?.settled ?? Infinity)
  }

  /** How far rules have seen one source; undefined: they do not see it. */
  sightOf(source: FileSource): Track | undefined {
    return this.#open.get(source)?.sight?.track
  }

  /** For how long what is there may not have been seen by rules, ms, by input; Infinity: something never was read to its end. What can
   * not be read does not count. */
  unseen(): Map<string, number> {
    const now = this.#parts.clock.monotonic()
    const unseen = new Map<string, number>()
    for (const [source, { sight }] of this.#open) {
      if (sight === undefined || source.isFailing) continue
      for (const lane of sight.road ?? []) {
        if (!lane.takers.some(({ track }) => track === sight.track)) continue
        unseen.set(source.input, Math.max(unseen.get(source.input) ?? 0, now - lane.endedAt))
      }
    }
    return unseen
  }

  /** Rows that were read and have not ended. */
  get pendingRows(): number {
    let pending = 0
    for (const [, tracks] of this.restless()) for (const track of tracks) pending += track.pendingRows
    return pending
  }

  /** Nothing more will be read: see `Lane.endGroup`. */
  endGroups(): void {
    for (const source of this.#open.keys()) for (const lane of this.of(source)) lane.endGroup()
  }

  /** All of them have read what is there. */
  get areAtEnd(): boolean {
    for (const source of this.#open.keys()) for (const lane of this.of(source)) if (!lane.isAtEnd) return false
    return true
  }

  /** Where no lane has come to the end of what is there: names of inputs, and ids of sources that can not be read now. */
  *behind(): Generator<string> {
    for (const source of this.#restless) {
      let isBehind = false
      for (const { isAtEnd } of this.of(source)) {
        isBehind = !isAtEnd
        if (isAtEnd) break
      }
      if (isBehind) yield source.isFailing ? source.id : source.input
    }
  }

  #roadOf(lane: Lane): Road {
    return this.#open.get(lane.source)!.roads.find(road => road.pipeline === lane.pipeline)!
  }

  #enter(source: FileSource, open: Open, { route, steps }: { route: Route; steps: Steps }): void {
    const road = this.#roadFor(source, open, { route, steps })
    const cursor = this.#parts.cursors.get(source.id, route.id)
    const position = cursor?.position ?? this.#startOf(source, route)
    const track = new Track(source, route.id, cursor, position)
    track.repeatsUntil = Math.max(track.repeatsUntil, open.left.get(route.id) ?? 0)
    open.tracks = open.tracks.concat(track)
    road.enter({ track, delivery: route.delivery }, { from: position, knownTo: position })
  }

  #roadFor(source: FileSource, open: Open, { route, steps }: { route: Route; steps: Steps }): Road {
    const known = open.roads.find(({ pipeline }) => pipeline === route.pipeline)
    if (known !== undefined) return known
    const road = new Road(route.pipeline, this.#newLane(source, open, { route, steps }))
    open.roads = open.roads.concat(road)
    return road
  }

  /** Lets rules see the source in the first pipeline that has it, going on where they were; or not at all. Returns whether it is read
   * elsewhere now. */
  #watch(source: FileSource, open: Open, steps: Steps): boolean {
    const route = steps.queries && steps.routes.find(({ inputs }) => inputs.has(open.input.name))
    if (open.sight !== undefined && open.sight.road?.pipeline !== route?.pipeline) {
      this.#look(open.sight, undefined)
      open.roads = open.roads.filter(road => !road.isEmpty)
    }
    if (route === undefined) {
      open.sight = undefined
      return false
    }
    if (open.sight?.road !== undefined) return false
    open.sight ??= { track: this.#sightOf(source), road: undefined }
    this.#look(open.sight, this.#roadFor(source, open, { route, steps }))
    return true
  }

  #sightOf(source: FileSource): Track {
    const { cursors } = this.#parts
    const known = cursors.observed(source.id)
    const track = new Track(
      source,
      tapId,
      undefined,
      known?.from ?? Math.max(source.startAt, cursors.furthest(source.id))
    )
    track.resume(known?.knownTo ?? 0)
    return track
  }

  #look(sight: Sight, road: Road | undefined): void {
    const { track } = sight
    sight.road?.leave(tapId)
    sight.road = road
    road?.enter({ track, delivery: this.#parts.tap }, { from: track.border, knownTo: track.read })
  }

  #newLane(source: FileSource, open: Open, { route, steps }: { route: Route; steps: Steps }): NewLane {
    // It is kept for each of ten thousand sources, with what it names of what stands outside.
    return (takers, place) => {
      const { arena, clock, observers, log: sourceLog } = this.#parts
      const { pipeline, processors, seenBehind } = route
      const { input, tally } = open
      const frontier = frontierOf(open, route)
      const someRemember = processors.some(step => step.forLane !== undefined)
      return new Lane(source, takers, place, {
        pipeline,
        arena,
        batch: this.#batch,
        stir: this.#stir,
        framer: steps.framer(input, arena, this.#framed),
        framed: this.#framed,
        parser: steps.parser(input),
        processors: someRemember ? processors.map(step => step.forLane?.() ?? step) : processors,
        observers,
        seenBehind,
        clock,
        log: this.#log,
        sourceLog,
        partialMs: input.follow.partialMs,
        tally,
        frontier
      })
    }
  }

  /** A source without any cursor is not old content to a new output: it is new, or a crash left it before its first cursors were
   * stored, which are those of all outputs at once. `now` is where another output stands: a record begins there. */
  #startOf(source: FileSource, route: Route): Position {
    const { cursors } = this.#parts
    return route.startFrom === 'beginning' || !cursors.has(source.id) ? source.startAt : cursors.furthest(source.id)
  }
}

/** It stays while lanes come and go. */
function frontierOf(open: Open, { pipeline, processors }: Route): Frontier | undefined {
  const known = open.frontiers.get(pipeline)
  if (known !== undefined || processors.every(step => step.family === undefined)) return known
  const frontier = new Frontier()
  open.frontiers = new Map([...open.frontiers, [pipeline, frontier]])
  return frontier
}
