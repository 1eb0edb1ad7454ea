import type { Batch } from '../core/batch.ts'
import { Fate, parseErrors } from '../core/row.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { LossReason } from '../core/outcome.ts'
import { Body, type Output, type Refusal } from '../core/output.ts'
import type { StateLink } from '../core/record.ts'
import type { Position } from '../core/source.ts'
import type { Workspace } from '../core/workspace.ts'
import { BodyPool } from './body-pool.ts'
import { Books } from './books.ts'
import { Budget } from './budget.ts'
import { countFates } from './fates.ts'
import { Eviction } from './eviction.ts'
import { Letters } from './letters.ts'
import { type DeliveryOptions, defaultOptions } from './options.ts'
import { Packer } from './packer.ts'
import { Parcel } from './parcel.ts'
import { Refusals } from './refusals.ts'
import { Replay, type ReplayRow, type ReplayVerdict } from './replay.ts'
import { Returns } from './returns.ts'
import { Sender } from './sender.ts'
import { Settler } from './settler.ts'
import { type OutputStatus, statusOf } from './status.ts'
import type { Track } from './track.ts'

export interface DeliveryContext {
  /** `pipeline/output`. */
  readonly id: string
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** Where bodies lie, if there is room. */
  readonly workspace?: Workspace
  /** Left out: it takes all rows. */
  readonly choice?: Choice | undefined
}

/** The rows that an output takes. */
export interface Choice {
  /** Makes the rows of a batch that the output does not take `Fate.filtered`. */
  narrow(batch: Batch): void
  /** Gives the rows back the fates they had: other outputs get the same batch. */
  restore(batch: Batch): void
}

/** Whoever replays dead letters to an output that does not send then waits no longer, ms. */
const downMs = 4000

/**
 * All that lies between an encoded batch and its verdicts, for one output: batching, budget, retry, breaker, splitting, pausing,
 * dead letters. `append` is synchronous and copies what it needs out of the batch. Rows settle in their tracks later, in any
 * order, each exactly once.
 */
export class Delivery {
  /** Called when there is room again after `hasRoom()` was false. */
  onRoom: () => void = () => {}
  /** Called when the output will never take rows again; those that have not ended stay before no cursor. */
  onEnd: () => void = () => {}
  readonly #fates = new Int32Array(Object.keys(Fate).length)
  readonly #context: DeliveryContext
  readonly #output: Output
  readonly #eviction: Eviction
  readonly #budget: Budget
  readonly #pool: BodyPool
  readonly #books: Books
  readonly #letters: Letters
  readonly #refusals: Refusals
  readonly #returns: Returns
  readonly #packer: Packer
  readonly #sender: Sender
  readonly #replayMs: number
  readonly #replays = new Set<Replay>()
  #drained: (() => void)[] = []
  #isClosed = false

  constructor(options: Partial<DeliveryOptions>, output: Output, context: DeliveryContext) {
    const all = { ...defaultOptions, ...options }
    const { clock } = context
    this.#context = context
    this.#replayMs = all.replayMs
    this.#output = output
    this.#eviction = new Eviction(all.maxBacklogAgeMs, context)
    const books = new Books(context, () => this.#onEmpty())
    const budget = new Budget(all.maxInFlightBytes, () => this.onRoom())
    const pool = new BodyPool(all, context.workspace)
    this.#pool = pool
    const limit = (): number => this.#sender.queue.limit.bytes
    this.#books = books
    this.#budget = budget
    this.#letters = new Letters(all.letters, { ...context, output }, books, budget)
    this.#letters.onChange = () => this.#sender.pump()
    this.#refusals = new Refusals(clock, (parcel, refusals) => this.#letters.post(parcel, refusals))
    const send = (parcel: Parcel): void => this.#sender.push(parcel)
    this.#returns = new Returns({ clock, pool, limit, retry: all.retry, random: all.random, onDue: send })
    const onDue = (): void => this.#sender.pump()
    this.#packer = new Packer({ output, clock, pool, budget, limit, flushMs: all.flushMs, onFull: send, onDue })
    const onRetry = (parcel: Parcel, ms: number | undefined): void => this.#returns.add(parcel, ms)
    const refusals = this.#refusals
    const settler = new Settler({ output, books, budget, pool, refusals, onRetry, onSalted: send })
    const parts = { ...all, ...context, packer: this.#packer, letters: this.#letters, returns: this.#returns, refusals }
    this.#sender = new Sender({ ...parts, output, books, budget, settler, onEnd: () => this.#ended() })
  }

  /** Asks the server whether it is there, in the background, before there is a row to send. */
  open(): void {
    this.#sender.open()
  }

  /** Whether a batch may be appended. It is not refused otherwise: the budget is then exceeded. */
  hasRoom(): boolean {
    return this.#budget.hasRoom
  }

  /**
   * Takes over the chunk `[batch.base, to)` of the track's source; chunks come without gaps. Kept rows are encoded at once.
   * `heldFrom` is `Framer.heldFrom` after the chunk. No row is sent before the state record number `barrier` is durable.
   */
  append(track: Track, batch: Batch, to: Position, heldFrom: Position, barrier: number): void {
    const { choice } = this.#context
    choice?.narrow(batch)
    const evicted = this.#eviction.narrow(batch, to <= track.giveUpTo)
    this.#append(track, batch, to, heldFrom, barrier)
    if (evicted > 0) this.#eviction.restore(batch)
    choice?.restore(batch)
  }

  #append(track: Track, batch: Batch, to: Position, heldFrom: Position, barrier: number): void {
    const fates = this.#fates
    countFates(batch, fates)
    const range = track.append(batch, to, heldFrom, fates)
    const kept = fates[Fate.kept]!
    this.#books.appended(batch.rows, kept + fates[Fate.deadLettered]!)
    if (batch.cutBytes > 0) this.#books.skipped('too_large', batch.cutBytes)
    // `ends` names delivered and duplicate before the fates, in the same order
    for (let fate = 1; fate < Fate.deadLettered; fate++) this.#books.endedUnsent(fate + 1, fates[fate]!)
    if (fates[Fate.evicted]! > 0) this.#books.lostUnsent('backlog_evicted', fates[Fate.evicted]!)
    const packed = kept === 0 ? 0 : this.#packer.pack(batch, track, range, barrier)
    if (packed !== kept) throw new Error(`Output "${this.#context.id}" encoded ${packed} rows of ${kept}`)
    if (fates[Fate.deadLettered]! > 0) this.#bury(track, batch, range)
  }

  /** Passes over bytes of a source that are lost; `[from, to)` follows what was appended. */
  skip(track: Track, from: Position, to: Position, reason: LossReason, bytes: number): void {
    track.skip(from, to, reason, bytes)
    this.#books.skipped(reason, bytes)
  }

  /** Sends what is there without waiting for more. */
  flush(): void {
    const parcel = this.#packer.take(true)
    if (parcel !== undefined) this.#sender.push(parcel)
  }

  /** Resolves when every appended row has ended, or the output has. */
  drained(): Promise<void> {
    if (this.#sender.isEnded || this.#books.pendingRows === 0) return Promise.resolve()
    return new Promise(resolve => this.#drained.push(resolve))
  }

  /** Comes after a delivery to the same output that is closed: the rows that have not ended there are read again. */
  succeed(former: Delivery): void {
    this.#books.succeed(former.#books)
  }

  /** Aborts all requests and waits for them. Rows that have not ended stay before no cursor: they are read again, by the next run or
   * by a delivery that succeeds this one. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const replay of this.#replays) replay.cancel()
    await this.#sender.close()
    // behind the sender: an answer that comes still may leave rows that wait for a retry or a decision
    this.#packer.close()
    this.#returns.close()
    this.#refusals.close()
    this.#letters.close()
    await this.#output.close?.()
    this.#pool.close()
    this.#books.show(0, 0, 0, '')
  }

  /** Sends rows of dead letters again. They are in no ledger, and when refused they stay the letters they are. What could not be
   * sent for a while has no verdict; where the server is away or takes nothing, that is known after some seconds. */
  async replay(rows: readonly ReplayRow[]): Promise<Map<number, ReplayVerdict>> {
    const replay = new Replay(rows)
    this.#replays.add(replay)
    this.#books.replayed(rows.length)
    for (const parcel of replay.parcels(this.#sender.queue.limit.bytes)) {
      this.#budget.add(parcel.size)
      this.#sender.push(parcel)
    }
    const { clock } = this.#context
    const cancels = [
      clock.after(this.#replayMs, () => this.#giveUp(replay)),
      clock.after(downMs, () => this.#sender.gate.state !== 'running' && this.#giveUp(replay))
    ]
    try {
      return await replay.verdicts
    } finally {
      for (const cancel of cancels) cancel()
      this.#replays.delete(replay)
    }
  }

  status(): OutputStatus {
    const { id } = this.#context
    const [sender, books, budget] = [this.#sender, this.#books, this.#budget]
    return statusOf({ id, sender, books, budget, letters: this.#letters, refusals: this.#refusals })
  }

  #giveUp(replay: Replay): void {
    replay.isOver = true
    this.#sender.queue.clean()
    this.#returns.clean()
  }

  /** Rows that a step wants among the dead letters: as they were read, since nothing was encoded. */
  #bury(track: Track, batch: Batch, range: number): void {
    const parcel = new Parcel(new Body(1024), false)
    const refusals: Refusal[] = []
    const { body } = parcel
    for (let row = 0; row < batch.rows; row++) {
      if (batch.fate[row] !== Fate.deadLettered) continue
      const start = batch.starts[row]!
      const length = batch.ends[row]! - start
      body.reserve(length)
      batch.bytes.copy(body.bytes, body.at, start, start + length)
      body.at += length
      body.endRow(batch.positions[row]!, batch.lengths[row]!)
      const reason = parseErrors[batch.errors[row]!]! || 'dead_letter'
      refusals.push({ status: 0, type: 'parse', reason })
    }
    parcel.addEntry(track, range)
    this.#budget.add(parcel.size)
    this.#letters.post(parcel.seal(), refusals)
  }

  #ended(): void {
    this.#onEmpty()
    this.onEnd()
  }

  #onEmpty(): void {
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}
