import type { Batch } from '../../src/core/batch.ts'
import type { Family } from '../../src/core/families.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { endOf, type LossReason, pendingRows } from '../../src/core/outcome.ts'
import type { StateRecord } from '../../src/core/record.ts'
import { Flag } from '../../src/core/row.ts'
import { Gone, Idle, type Position } from '../../src/core/source.ts'
import type { Processor } from '../../src/core/steps.ts'
import type { Delivery } from '../../src/delivery/delivery.ts'
import { countFates } from '../../src/delivery/fates.ts'
import type { Track } from '../../src/delivery/track.ts'
import { FileMarks } from '../../src/inputs/file/marks.ts'
import type { FileSource, Loss } from '../../src/inputs/file/source.ts'
import { framerOf } from '../../src/inputs/framing/framer.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import type { MetricCollector } from '../../src/logql/metrics.ts'
import { Commits } from '../../src/pipeline/commits.ts'
import { Cursors } from '../../src/pipeline/cursors.ts'
import { Lanes } from '../../src/pipeline/lanes.ts'
import { RuleTap } from '../../src/pipeline/rule-tap.ts'
import type { InputPlan } from '../../src/pipeline/plan.ts'
import type { Route, Steps } from '../../src/pipeline/steps.ts'
import type { FramerCounts } from '../../src/pipeline/tally.ts'
import { Turns } from '../../src/pipeline/turns.ts'
import { Arena } from '../../src/scan/arena.ts'
import { FakeClock } from '../fakes/clock.ts'
import { multilineNow } from '../fakes/multiline.ts'
import { MemoryLink } from '../fakes/state-link.ts'

const maxLineBytes = 300
const multiline = multilineNow({ continue: '^long', maxLines: 5, maxBytes: 400, timeoutMs: 500 })

/** Options of inputs by what is read. */
export const framings = {
  lines: { framing: 'lines', maxLineBytes },
  containers: { framing: 'containers', maxLineBytes },
  'groups of lines': { framing: 'lines', maxLineBytes, multiline },
  'groups of containers': { framing: 'containers', maxLineBytes, multiline }
} as const
export type Framing = keyof typeof framings

/** Small, so that few bytes come into every state. */
const arena = new Arena(1024)
const holdBytes = 100
const heldBytes = 400
export const partialMs = 1000
const input = 'logs'

/** A log in memory that grows, is cut off, fails. */
export class MemorySource {
  readonly input = input
  readonly barrier = 0
  readonly repeatsUntil = 0
  readonly startAt = 0
  readonly resource = {}
  readonly id: string
  readonly marks: FileMarks
  /** Also those that nobody needs any more. */
  readonly cuts = new Set<Position>()
  bytes = Buffer.alloc(0)
  ended = false
  isFailing = false
  lostReason: LossReason | undefined

  constructor(id: string, link: MemoryLink) {
    this.id = id
    const cuts = link.stored().cuts.flatMap(({ source, position }) => (source === id ? [position] : []))
    this.marks = new FileMarks(id, link, { cuts, parser: undefined })
    const { marks } = this
    const addCut = marks.addCut.bind(marks)
    marks.addCut = at => {
      this.cuts.add(at)
      return addCut(at)
    }
  }

  get isReadable(): boolean {
    return this.lostReason === undefined
  }

  get size(): Position {
    return this.bytes.length
  }

  lossAt(at: Position): Loss | undefined {
    if (this.lostReason === undefined || at >= this.size) return undefined
    return { reason: this.lostReason, bytes: this.size - at }
  }

  hasHeld(): boolean {
    return false
  }

  mayBeDelivered(): boolean {
    return false
  }

  read(at: Position, into: Uint8Array): number {
    if (this.lostReason !== undefined) return Gone
    if (this.isFailing) return Idle
    const got = this.bytes.copy(into, 0, at, Math.min(this.size, this.marks.nextCut(at)))
    if (got === 0) return this.ended ? Gone : Idle
    return got
  }

  marker(): string {
    return ''
  }

  get asFile(): FileSource {
    return this as unknown as FileSource
  }
}

/** An output that has room when it is told so, and notes what it gets. */
class ScriptedOutput {
  isOpen = true
  /** `position+length flags text` of each row, by source. */
  readonly rows = new Map<string, string[]>()
  readonly pending: { track: Track; range: number; rows: number }[] = []

  hasRoom(): boolean {
    return this.isOpen
  }

  flush(): void {}

  append(track: Track, batch: Batch, to: Position, heldFrom: Position): void {
    const fates = new Int32Array(8)
    countFates(batch, fates)
    const range = track.append(batch, to, heldFrom, fates)
    if (batch.rows > 0) this.pending.push({ track, range, rows: batch.rows })
    const rows = this.rows.get(track.sourceId) ?? []
    this.rows.set(track.sourceId, rows)
    for (let row = 0; row < batch.rows; row++) rows.push(rowOf(batch, row))
  }

  skip(track: Track, from: Position, to: Position, reason: LossReason, bytes: number): void {
    track.skip(from, to, reason, bytes)
  }

  /** Ends the rows of one request: which is left to chance. */
  end(which: number): void {
    const [one] = this.pending.splice(which % this.pending.length, 1)
    one!.track.end(one!.range, endOf.delivered, one!.rows)
  }
}

/** Counts the rows of a pipeline, whatever lanes they come by. */
class CountingStep implements Processor {
  rows = 0

  apply({ isRepeat, rows }: Batch): void {
    if (!isRepeat) this.rows += rows
  }

  family(): Family {
    return { name: 'rows', help: 'Rows', type: 'counter', labels: [], bounds: [], series: [] }
  }
}

function rowOf(batch: Batch, row: number): string {
  const flags = batch.flags[row]! & (Flag.unterminated | Flag.truncated | Flag.stderr)
  return `${batch.positions[row]}+${batch.lengths[row]} ${flags} ${batch.text(batch.starts[row]!, batch.ends[row]!)}`
}

/** In place of the windows of rules: what they see is handed over with the places up to which they saw it. */
class SeenRows {
  #rows: string[] = []

  collect(batch: Batch): void {
    for (let row = 0; row < batch.rows; row++) this.#rows.push(`${batch.source.id} ${rowOf(batch, row)}`)
  }

  deltas(): unknown[] {
    const rows = this.#rows
    this.#rows = []
    return [rows.length === 0 ? undefined : rows]
  }
}

/** What rules have seen of a source in all lives, as far as it was stored. */
export function seenOf({ records }: MemoryLink, source: MemorySource): string[] {
  const rows = records.flatMap(record => (record.kind === 'deltas' ? record.deltas.flatMap(([, delta]) => delta) : []))
  return (rows as string[]).filter(row => row.startsWith(`${source.id} `)).map(row => row.slice(source.id.length + 1))
}

/** One life of everything between sources and outputs. */
export class Life {
  readonly outputs: Record<string, ScriptedOutput> = {}
  /** By pipeline. */
  readonly counting: Record<string, CountingStep> = {}
  readonly lanes: Lanes
  readonly turns: Turns
  readonly commits: Commits
  readonly meter = new Meter()
  readonly clock = new FakeClock()
  /** Where rules stand. */
  readonly tap = new RuleTap()
  readonly #seen = new SeenRows()
  readonly #steps: Steps
  readonly #plan: InputPlan

  constructor(framing: Framing, outputs: readonly string[], link: MemoryLink) {
    const { clock, meter } = this
    const cursors = new Cursors(link.stored())
    const { tap } = this
    tap.use({ sides: [{ rows: 'all', ids: ['rule'], collector: this.#seen as unknown as MetricCollector }] })
    this.lanes = new Lanes({ arena, cursors, observers: [], clock, log: silentLog, meter, tap })
    this.commits = new Commits({ lanes: this.lanes, cursors, tap, link, clock, look: () => {} })
    this.turns = new Turns({
      clock,
      canRead: () => true,
      seconds: meter.of('collector_shard_turn_seconds_total', '0'),
      between: () => {},
      part: lane => this.lanes.part(lane),
      meet: lane => this.lanes.meet(lane),
      finished: () => {},
      progressed: () => {}
    })
    this.#plan = { name: input, follow: { partialMs } } as unknown as InputPlan
    const routes = outputs.map(id => this.#routeOf(id))
    const budget = new HeldBudget(heldBytes)
    this.#steps = {
      routes,
      queries: true,
      parser: () => ({ parse: () => {} }),
      framer: (_input: unknown, _arena: unknown, counts: FramerCounts) =>
        framerOf(framings[framing], { arena, holdBytes, budget, ...counts })
    } as unknown as Steps
    this.turns.start()
  }

  #routeOf(id: string): Route {
    const output = new ScriptedOutput()
    this.outputs[id] = output
    const delivery = output as unknown as Delivery
    const pipeline = id.split('/')[0]!
    const inputs = new Set([input])
    const processors = [(this.counting[pipeline] ??= new CountingStep())]
    const bounds = { maxBacklogBytes: Infinity }
    return {
      id,
      pipeline,
      inputs,
      processors,
      seenBehind: 1,
      delivery,
      startFrom: 'beginning',
      ...bounds,
      startedAt: 0
    }
  }

  open(source: MemorySource): void {
    this.lanes.open(source.asFile, this.#plan, this.#steps)
    this.wake(source)
  }

  wake(source: MemorySource): void {
    for (const lane of this.lanes.of(source.asFile)) this.turns.add(lane)
  }

  /** An output has room from now on, or has none. */
  setRoom(id: string, isOpen: boolean): void {
    const output = this.outputs[id]!
    const had = output.isOpen
    output.isOpen = isOpen
    if (isOpen && !had) this.turns.resume(this.#steps.routes.find(route => route.id === id)!.delivery)
  }

  /** The output is taken out of the configuration, and put back. */
  replace(id: string): void {
    const leaving = this.lanes.leaving((_input, output) => output === id)
    for (const [source, tracks] of leaving) {
      for (const lane of this.lanes.of(source)) this.turns.remove(lane)
      this.lanes.retire(source, tracks)
      for (const lane of this.lanes.of(source)) this.turns.add(lane)
    }
    this.commits.now()
    for (const [source, tracks] of leaving) for (const track of tracks) this.lanes.leave(source, track)
    this.outputs[id]!.pending.length = 0
    for (const source of this.lanes.fill(this.#steps)) for (const lane of this.lanes.of(source)) this.turns.add(lane)
  }

  /** Lets everything happen that needs no time. */
  async settle(slices = 20): Promise<void> {
    for (let slice = 0; slice < slices; slice++) await this.clock.settle()
  }

  /** Rules do not wait any longer for outputs without room. */
  async detach(): Promise<void> {
    await this.pass(2020)
  }

  /** The shard looks at outputs without room again. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
    this.turns.resume(this.tap)
  }

  lanesOf(source: MemorySource): number {
    return [...this.lanes.of(source.asFile)].length
  }

  tracksOf(source: MemorySource): readonly Track[] {
    for (const [open, tracks] of this.lanes) if (open === source.asFile) return tracks
    return []
  }

  rowsOf(output: string, source: MemorySource): readonly string[] {
    return this.outputs[output]!.rows.get(source.id) ?? []
  }

  sample(name: string): number {
    return this.meter.samples().find(one => one.name === name)?.value ?? 0
  }
}

/** All rows of a source, as one reader without any hurry makes them, where rows were cut at these places. */
export async function rowsOf(source: MemorySource, framing: Framing): Promise<string[]> {
  const link = new MemoryLink()
  const cuts: StateRecord[] = [...source.cuts].map(position => ({ kind: 'cut', source: source.id, position }))
  link.append(cuts)
  const life = new Life(framing, ['one/out'], link)
  const whole = new MemorySource(source.id, link)
  whole.bytes = source.bytes
  whole.ended = true
  life.open(whole)
  while (!life.turns.isIdle) await life.settle(1)
  life.turns.stop()
  return [...life.rowsOf('one/out', whole)]
}

/** What is wrong with an account; empty: nothing. */
export function accountOf(track: Track, rows: number): string {
  const ledger = track.ledger()
  if (pendingRows(ledger) !== 0) return `${track.output}: ${pendingRows(ledger)} rows are pending`
  return ledger.read === rows ? '' : `${track.output}: ${ledger.read} rows were read of ${rows}`
}
