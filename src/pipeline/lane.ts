import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import type { LossReason } from '../core/outcome.ts'
import { Gone, Idle, type Position } from '../core/source.ts'
import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import { type Outlet, type Place, Reader, type ReaderParts } from './reader.ts'

/** Why a turn ended: more bytes are there, none are for now, no output has room, only some of them have, the lane has come to where
 * the one ahead of it stands, the source is read to its end, or the parser waits for what it needs (`loading`). */
export type TurnEnd = 'more' | 'idle' | 'full' | 'apart' | 'met' | 'finished' | 'loading'

/** Rules wait so long for outputs without room, ms: what is read once costs half of what is read twice. A request that is answered
 * slowly, or sent again once, takes less; an outage is noticed by every start anew, and alerts wait for it. */
const detachMs = 2000
/** Chunks read in one turn, so that sources share the thread fairly. */
const chunksATurn = 8

/** Where rows go. The arguments are those of `Delivery`, which is one. */
export interface Sink {
  hasRoom(): boolean
  /** Sees rows before steps drop some or change them; `append` follows with the same batch. */
  observe?(batch: Batch): void
  append(track: Track, batch: Batch, to: Position, heldFrom: Position, barrier: number): void
  skip(track: Track, from: Position, to: Position, reason: LossReason, bytes: number): void
  flush(): void
}

/** An output that takes the rows of a source, or the rules. */
export interface Taker {
  readonly track: Track
  readonly delivery: Sink
}

export interface LaneParts extends ReaderParts {
  readonly pipeline: string
  /** An unfinished last line is sent after so long without growth. */
  readonly partialMs: number
  /** Told before something is read of a source. */
  readonly stir: (source: FileSource) => void
}

/** One reader of one source, and the outputs of a pipeline that share it: all of them stand at the same place, and each encodes what
 * was read and processed once. */
export class Lane implements Outlet {
  readonly source: FileSource
  readonly pipeline: string
  /** Its neighbours: it reads up to where the one ahead stands, and there they become one. Kept by `Road`. */
  ahead: Lane | undefined
  behind: Lane | undefined
  #takers: readonly Taker[]
  readonly #reader: Reader
  readonly #partialMs: number
  readonly #clock: Clock
  readonly #stir: (source: FileSource) => void
  /** Since when only the rules have room, monotonic ms. */
  #crampedAt = Infinity

  constructor(source: FileSource, takers: readonly Taker[], place: Place, parts: LaneParts) {
    this.source = source
    this.pipeline = parts.pipeline
    this.#takers = takers
    this.#partialMs = parts.partialMs
    this.#clock = parts.clock
    this.#stir = parts.stir
    this.#reader = new Reader(source, place, parts, this)
  }

  get takers(): readonly Taker[] {
    return this.#takers
  }

  /** Everything before this position has been read. */
  get readTo(): Position {
    return this.#reader.readTo
  }

  /** Where another lane has to begin to give its outputs the same rows from here on. */
  get place(): Place {
    return { from: Math.min(...this.#takers.map(({ track }) => track.border)), knownTo: this.#reader.knownTo }
  }

  /** When an unfinished line is due, monotonic ms; Infinity when there is none at the end of the source. */
  get partialDue(): number {
    const { atEnd, isUnfinished, grewAt, patienceMs = this.#partialMs } = this.#reader
    return atEnd && isUnfinished && this.ahead === undefined ? grewAt + patienceMs : Infinity
  }

  /** Everything that is there has been read, as far as the last read could tell. */
  get isAtEnd(): boolean {
    return this.#reader.atEnd && this.ahead === undefined && !this.source.isFailing
  }

  turn(): TurnEnd {
    if (this.#takers.length === 0) return 'idle'
    this.#stir(this.source)
    const reader = this.#reader
    for (let chunk = 0; chunk < chunksATurn; chunk++) {
      if (!reader.isReturning) {
        const ready = this.#ready
        if (ready < this.#takers.length) {
          reader.atEnd = false
          return ready === 0 || this.#waits(ready) ? 'full' : 'apart'
        }
        this.#crampedAt = Infinity
      }
      const got = this.#readChunk()
      if (reader.loading !== undefined) return 'loading'
      if (got === Idle) return this.ahead !== undefined && reader.isWhere(this.ahead.#reader) ? 'met' : 'idle'
      if (got === Gone) return this.#finish()
    }
    return 'more'
  }

  /** Gives out an unfinished line whose time is over, if it still is unfinished: nobody may have looked at the file for a while.
   * Without room in any output, or while the file can not be read, it waits as long again. Returns whether there is something for
   * a turn. */
  expirePartial(now: number): boolean {
    if (now < this.partialDue) return false
    this.#stir(this.source)
    const ready = this.#ready
    if (ready > 0 && ready < this.#takers.length) return true
    if (ready > 0) {
      const got = this.#readChunk()
      if (got !== Idle) return true
      if (this.isAtEnd && this.#reader.giveOutRest()) return false
    }
    this.#reader.grewAt = now
    return false
  }

  /** What a turn that ended with `loading` waits for. */
  get loading(): Promise<unknown> | undefined {
    return this.#reader.loading
  }

  /** Does not wait for lines that may belong to those that are there: the program stops. A line without an end does not count. */
  endGroup(): void {
    const { patienceMs, isUnfinished } = this.#reader
    if (patienceMs === undefined || !isUnfinished || !this.isAtEnd || this.#ready < this.#takers.length) return
    this.#stir(this.source)
    this.#reader.giveOutRest()
  }

  /** The outputs that have no room, or are another one's, leave it. */
  release(leaves: (taker: Taker) => boolean): readonly Taker[] {
    const leaving = this.#takers.filter(leaves)
    this.#takers = this.#takers.filter(taker => !leaving.includes(taker))
    return leaving
  }

  /** Outputs join it that stand where it does. */
  admit(takers: readonly Taker[], barrier = 0): void {
    this.#takers = [...this.#takers, ...takers]
    this.#reader.barrier = Math.max(this.#reader.barrier, barrier)
  }

  /** Its outputs go on in the lane ahead. */
  mergeAhead(): void {
    this.ahead!.admit(this.#takers, this.#reader.barrier)
    this.end()
  }

  /** Nobody needs it any more. */
  end(): void {
    this.#takers = []
    this.#reader.end()
  }

  observe(batch: Batch): void {
    for (const { delivery } of this.#takers) delivery.observe?.(batch)
  }

  append(batch: Batch, to: Position, heldFrom: Position, barrier: number): void {
    for (const { delivery, track } of this.#takers) delivery.append(track, batch, to, heldFrom, barrier)
  }

  skip(from: Position, to: Position, reason: LossReason, bytes: number): void {
    for (const { delivery, track } of this.#takers) delivery.skip(track, from, to, reason, bytes)
  }

  /** Behind another lane, the end of the source is not where it seems to be. Behind a gap there may be more. */
  #finish(): TurnEnd {
    const isLost = this.source.lostReason !== undefined || this.source.lossAt(this.readTo) !== undefined
    if (this.ahead !== undefined && !isLost) return 'idle'
    const before = this.#reader.base
    if (!this.#reader.finish(this.#limit)) return this.loading === undefined ? 'idle' : 'loading'
    const hasMet = this.ahead !== undefined && this.#reader.base > before
    return hasMet || this.source.hasHeld(this.readTo) ? 'more' : 'finished'
  }

  #readChunk(): number {
    return this.#reader.readChunk(this.#limit)
  }

  get #limit(): Position {
    let limit = this.ahead === undefined ? Infinity : this.ahead.#reader.base
    for (const { delivery, track } of this.#takers) {
      if (!delivery.hasRoom() && track.giveUpTo > this.readTo) limit = Math.min(limit, track.giveUpTo)
    }
    return limit
  }

  /** When a read found the end of the source last, monotonic ms; -Infinity: none did. */
  get endedAt(): number {
    return this.isAtEnd ? this.#clock.monotonic() : this.#reader.endedAt
  }

  /** The outputs have no room, but may have soon. */
  #waits(ready: number): boolean {
    if (ready > 1 || !this.#takers.some(({ delivery }) => delivery.observe !== undefined)) return false
    const now = this.#clock.monotonic()
    this.#crampedAt = Math.min(this.#crampedAt, now)
    return now - this.#crampedAt < detachMs
  }

  /** How many of its outputs take what is next. */
  get #ready(): number {
    let ready = 0
    for (const taker of this.#takers) if (this.takes(taker)) ready++
    return ready
  }

  /** The output has room for what is next, or gives it up. */
  takes({ delivery, track }: Taker): boolean {
    return delivery.hasRoom() || track.giveUpTo > this.readTo
  }
}
