import { matchesGlob } from 'node:path'
import { silentLog } from '../../src/core/log.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { Shard } from '../../src/pipeline/shard.ts'
import { FakeClock } from '../fakes/clock.ts'
import { MemoryDisk, type MemoryInode } from '../fakes/memory-disk.ts'
import { LossyState } from './link.ts'
import { ModelStore } from './store.ts'
import type { ShardRecord } from '../../src/core/record.ts'
import { hashOf } from '../../src/inputs/file/identity.ts'
import { fromStored } from '../../src/inputs/file/stored.ts'
import { type Generation, Truth } from './truth.ts'

/** One collector, from start to end. */
interface Life {
  readonly shard: Shard
  readonly disk: ReturnType<MemoryDisk['process']>
  readonly clock: FakeClock
}

/** Reads of fewer bytes look at heads and markers. */
const leastChunk = 1025
const drainMs = 3000

/** A disk, a state and a store, what was written to the one and has to be in the other, and the collector in between. */
export class World {
  readonly disk: MemoryDisk
  readonly state = new LossyState()
  readonly store = new ModelStore()
  readonly truth = new Truth()
  readonly #plan: Plan
  readonly #isNamed: (name: string) => boolean
  #life: Life | undefined
  #clock: FakeClock
  /** Virtual ms since the beginning, whatever the clock on the wall says. */
  #elapsed = 0
  /** How often a collector ended with rows that had not, or without having stored it. */
  abruptEnds = 0

  constructor(plan: Plan, pattern: string, epoch: number) {
    this.#clock = new FakeClock(epoch)
    this.disk = new MemoryDisk(() => this.now())
    this.#isNamed = name => matchesGlob(name, pattern)
    this.#plan = plan
  }

  now(): number {
    return this.#clock.now()
  }

  get elapsed(): number {
    return this.#elapsed
  }

  get isRunning(): boolean {
    return this.#life !== undefined
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) return
    this.#clock = new FakeClock(this.now())
    const clock = this.#clock
    for (const generation of this.truth.generations) generation.readTo = generation.seenTo = 0
    const disk = this.disk.process((inode, size, room) => this.#see(inode, size, room >= leastChunk))
    const start = { plan: this.#plan, stored: this.state.stored(), hostId: 'host', hostName: 'host', shard: '0' }
    const shard = new Shard(start, {
      link: this.state.open(clock),
      clock,
      log: silentLog,
      disk,
      replace: { output: () => this.store.output() }
    })
    this.#life = { shard, disk, clock }
    await shard.open()
    shard.read()
    await this.#rest()
  }

  async pass(ms: number): Promise<void> {
    this.#elapsed += ms
    await this.#clock.advance(ms)
    await this.#rest()
  }

  step(ms: number): void {
    this.#clock.step(ms)
  }

  /** SIGKILL: what is not durable never was. */
  async kill(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    this.abruptEnds++
    await this.#end(life)
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    const drained = life.shard.drain(drainMs)
    await this.pass(drainMs + 2000)
    if ((await drained) > 0 || this.state.mode !== 'ok') this.abruptEnds++
    if (this.state.mode === 'ok') this.state.flush()
    await this.#end(life)
  }

  setState(mode: LossyState['mode']): void {
    this.state.mode = mode
    if (mode === 'ok') this.state.flush()
  }

  /** Answers what waits; `ack` also what is to come. */
  async answer(how: 'ack' | 'nack' | 'half' | 'cut'): Promise<void> {
    if (how === 'ack') this.store.mode = 'ok'
    this.store[how]()
    await this.#rest()
  }

  /** It has a name that the collector looks for. */
  matches(inode: MemoryInode): boolean {
    return this.disk.names.some(name => this.disk.inode(name) === inode && this.#isNamed(name))
  }

  /** A collector has met it, and will know it again. */
  wasKnown(inode: MemoryInode): boolean {
    return this.state.durableRecords.some(record => {
      if (record.kind !== 'source') return false
      const { ino, birth } = fromStored(record.source)
      return ino === String(inode.ino) && birth === String(inode.birthNs)
    })
  }

  append(name: string, filler: number, isEnd: boolean): void {
    this.write(this.disk.append(name, Buffer.alloc(0)), filler, isEnd)
  }

  /** By a descriptor that the program has kept open. */
  write(inode: MemoryInode, filler: number, isEnd: boolean): void {
    const bytes = this.truth.next(filler, isEnd)
    this.disk.write(inode, bytes)
    const piece = this.truth.wrote(inode, bytes, this.#elapsed)
    const { generation } = piece
    if (inode.links === 0) generation.isGone = true
    if (inode.links > 0 || inode.opened > 0) return
    // Nobody can ever read it, nor know that it was there.
    piece.isExcused = true
    generation.knownTo = Math.min(generation.knownTo, piece.start)
  }

  truncate(name: string): void {
    const inode = this.disk.inode(name)
    if (inode === undefined || inode.bytes.length === 0) return
    this.#destroy(this.truth.truncated(inode))
    this.disk.truncate(name)
  }

  unlink(name: string): void {
    const inode = this.disk.inode(name)
    if (inode === undefined) return
    const isLast = inode.links === 1
    if (isLast && inode.opened === 0) this.#destroy(this.truth.of(inode))
    else if (isLast) this.truth.of(inode).isGone = true
    this.disk.unlink(name)
  }

  rename(from: string, to: string): void {
    if (this.disk.inode(from) === undefined) return
    if (this.disk.inode(to) !== this.disk.inode(from)) this.unlink(to)
    this.disk.rename(from, to)
  }

  async #end(life: Life): Promise<void> {
    this.#life = undefined
    this.store.forget()
    const durable = this.state.durableRecords
    life.disk.kill()
    this.state.open(this.#clock)
    await this.#rest()
    const delivered = this.delivered()
    for (const generation of this.truth.generations) {
      if (!generation.isGone) continue
      for (const piece of generation.pieces) if (!delivered.has(piece.id)) piece.isExcused = true
      // What the next one knows of it is what was stored.
      generation.knownTo = Math.min(generation.knownTo, knownIn(durable, generation))
    }
    // From here on, time passes without a collector.
    this.#clock = new FakeClock(this.now())
  }

  /** Numbers of the pieces in the store, each as often as it is there. */
  delivered(): Map<number, number> {
    const counts = new Map<number, number>()
    for (const text of this.store.documents.values()) {
      for (const [, id] of text.matchAll(/<(\d+)>/g)) counts.set(Number(id), (counts.get(Number(id)) ?? 0) + 1)
    }
    return counts
  }

  #destroy(generation: Generation): void {
    generation.isGone = true
    const known = knownIn(this.state.records(), generation)
    generation.knownTo = this.isRunning && known > 0 ? Math.max(generation.seenTo, known) : known
    for (const piece of generation.pieces) if (piece.end > generation.readTo || !this.isRunning) this.#excuse(piece)
  }

  #excuse(piece: { readonly id: number; isExcused: boolean }): void {
    if (!this.delivered().has(piece.id)) piece.isExcused = true
  }

  #see(inode: MemoryInode, size: number, isRead: boolean): void {
    const generation = this.truth.of(inode)
    generation.seenTo = Math.max(generation.seenTo, size)
    if (isRead) generation.readTo = Math.max(generation.readTo, size)
  }

  /** Lets everything run that needs no time. */
  async #rest(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await this.#clock.settle()
  }
}

/** How much of a generation there is in such a state. */
function knownIn(records: readonly ShardRecord[], generation: Generation): number {
  const { inode, head } = generation
  let id = ''
  let known = 0
  for (const record of records) {
    if (record.kind === 'forget' && record.source === id) known = Infinity
    if (record.kind !== 'source') continue
    const file = fromStored(record.source)
    if (file.ino !== String(inode.ino) || file.birth !== String(inode.birthNs)) continue
    if (hashOf(head.subarray(0, file.headLength)) !== file.head) continue
    id = file.id
    known = file.size
  }
  return known
}
