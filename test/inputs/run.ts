import { Batch } from '../../src/core/batch.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { newLedger } from '../../src/core/outcome.ts'
import { Gone, Idle } from '../../src/core/source.ts'
import type { Disk } from '../../src/inputs/file/disk.ts'
import { Follower, type FollowInput } from '../../src/inputs/file/follower.ts'
import type { FileSource } from '../../src/inputs/file/source.ts'
import { framerOf } from '../../src/inputs/framing/framer.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import { Arena } from '../../src/scan/arena.ts'
import { FakeClock } from '../fakes/clock.ts'
import { multilineNow } from '../fakes/multiline.ts'
import type { MemoryLink } from '../fakes/state-link.ts'

export interface SeenRow {
  readonly id: string
  readonly path: string
  readonly text: string
  readonly position: number
  readonly length: number
  readonly flags: number
}

/** Lane, delivery and output in one, as the comment of inputs/file/source.ts wants it. */
class Reader {
  base: number
  carried = 0
  settled: number
  readonly source: FileSource
  readonly #framer
  readonly #run: Run
  #carry: Buffer = Buffer.alloc(0)

  constructor(source: FileSource, base: number, run: Run) {
    this.source = source
    this.base = base
    this.settled = base
    this.#run = run
    const { multiline, ...input } = run.input
    const plan = { ...input, multiline: multiline && multilineNow(multiline) }
    this.#framer = framerOf(plan, { arena: run.arena, budget: new HeldBudget() })
  }

  readAll(): void {
    const { arena, batch } = this.#run
    for (;;) {
      const got = this.source.read(this.base + this.carried, arena.bytes.subarray(this.carried, arena.chunkBytes))
      if (got === Idle) break
      if (got === Gone) {
        this.cut()
        const loss = this.source.lossAt(this.base)
        if (loss === undefined) break
        this.#run.lost.push({ ...loss, path: this.source.path })
        this.base += loss.bytes
        continue
      }
      this.#process(batch, this.carried + got, false)
    }
    if (this.#run.settles) this.settled = Math.min(this.base, this.#framer.heldFrom)
  }

  cut(): void {
    if (this.carried > 0 || this.#framer.heldBytes > 0) this.#process(this.#run.batch, this.carried, true)
    if (this.#run.settles) this.settled = this.base
  }

  #process(batch: Batch, size: number, final: boolean): void {
    const { arena } = this.#run
    this.#carry.copy(arena.bytes)
    batch.bytes = arena.bytes
    batch.size = size
    batch.base = this.base
    batch.source = this.source
    batch.clear()
    arena.index(batch)
    const next = this.#framer.frame(batch, arena.lines, this.source.marks.nextCut(this.base), final)
    this.#carry = Buffer.from(batch.bytes.subarray(next, size))
    this.carried = size - next
    this.base += next
    for (let row = 0; row < batch.rows; row++) this.#run.rows.push(rowOf(batch, row, this.source))
    if (final && batch.rows > 0) this.source.marks.addCut(this.base)
  }
}

function rowOf(batch: Batch, row: number, source: FileSource): SeenRow {
  return {
    id: source.id,
    path: source.path,
    text: batch.text(batch.starts[row]!, batch.ends[row]!),
    position: batch.positions[row]!,
    length: batch.lengths[row]!,
    flags: batch.flags[row]!
  }
}

export interface RunOptions {
  readonly link: MemoryLink
  readonly settles?: boolean
  readonly disk?: Disk
  readonly clock?: FakeClock
  /** Lines beyond it never come together. */
  readonly chunkBytes?: number
}

/** One run of a follower, from start to kill. */
export class Run {
  readonly arena: Arena
  readonly batch: Batch
  readonly rows: SeenRow[] = []
  readonly lost: { reason: string; bytes: number; path: string }[] = []
  readonly readers = new Map<FileSource, Reader>()
  readonly closed: FileSource[] = []
  readonly meter = new Meter()
  readonly clock: FakeClock
  readonly input: FollowInput
  readonly follower: Follower
  readonly settles: boolean
  readonly #link: MemoryLink

  constructor(input: FollowInput, options: RunOptions) {
    this.arena = new Arena(options.chunkBytes ?? 4096)
    this.batch = this.arena.newBatch()
    this.input = input
    this.#link = options.link
    this.settles = options.settles ?? true
    this.clock = options.clock ?? new FakeClock(Date.now())
    const stored = options.link.stored()
    const woken = new Set<FileSource>()
    this.#woken = woken
    this.follower = new Follower(input, {
      hostId: 'host',
      hostName: 'host',
      link: options.link,
      stored,
      clock: this.clock,
      log: silentLog,
      meter: this.meter,
      ...(options.disk === undefined ? {} : { disk: options.disk }),
      open: source => {
        const cursor = stored.cursors.find(one => one.source === source.id)
        const position = this.#closedAt.get(source.id) ?? cursor?.position ?? source.startAt
        this.readers.set(source, new Reader(source, position, this))
        woken.add(source)
      },
      wake: source => void woken.add(source),
      forget: id => void this.#closedAt.delete(id),
      settledAll: source => this.readers.get(source)?.settled ?? Infinity,
      close: source => {
        this.#closedAt.set(source.id, this.readers.get(source)!.settled)
        this.readers.delete(source)
        this.closed.push(source)
      }
    })
  }
  readonly #woken: Set<FileSource>
  /** Where sources were settled that may be opened again. */
  readonly #closedAt = new Map<string, number>()

  /** Follows for so long, reading whatever wakes. */
  async pass(ms = 1000): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      await this.clock.advance(Math.min(250, left))
      this.read()
    }
  }

  async start(): Promise<this> {
    await this.follower.start()
    this.read()
    return this
  }

  read(): void {
    for (const source of this.#woken) {
      this.#woken.delete(source)
      this.readers.get(source)?.readAll()
    }
  }

  cut(): void {
    for (const reader of this.readers.values()) reader.cut()
  }

  /** Stores the cursors, as happens once a second. */
  commit(): void {
    for (const [source, reader] of this.readers) {
      const marker = source.marker(reader.settled)
      const cursor = { source: source.id, output: 'out', position: reader.settled, marker, ledger: newLedger() }
      const uncut = source.marks.dropCuts(reader.settled)
      this.#link.append([{ kind: 'cursor', cursor }, ...(uncut === undefined ? [] : [uncut])])
    }
  }

  async stop(): Promise<void> {
    this.commit()
    this.follower.stop()
  }

  get texts(): string[] {
    return this.rows.map(row => row.text)
  }
}

export function followInput(paths: string[], more: Partial<FollowInput> = {}): FollowInput {
  return {
    name: 'logs',
    service: '',
    dataset: 'mcp.agent',
    resource: {},
    paths,
    exclude: [],
    framing: 'lines',
    pathFields: 'none',
    readFrom: 'beginning',
    ignoreOlderMs: 86_400_000,
    maxLineBytes: 1024,
    partialMs: 5000,
    scanMs: 1000,
    followSymlinks: false,
    linkRoots: [],
    rotatedTo: [],
    compression: 'none',
    maxOpenFiles: 512,
    shard: 'auto',
    ...more
  }
}
