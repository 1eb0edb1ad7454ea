import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { LossReason } from '../core/outcome.ts'
import type { Position } from '../core/source.ts'
import { Gone, Idle } from '../core/source.ts'
import type { Framer, Observer, Parser, Processor } from '../core/steps.ts'
import type { FileSource, Loss } from '../inputs/file/source.ts'
import type { Arena } from '../scan/arena.ts'
import { Carry } from './carry.ts'
import { forget, type FramerCounts, type Frontier, type Tally } from './tally.ts'

const lostMessage = 'Bytes are lost: they were gone before they were read'
const atMostMessage = 'Bytes are lost, at most so many: the run before may have sent some of them'
const formatMessage = 'The format is recognised'
const cutMessage = 'Records are cut: what is behind max_line_bytes is lost'

/** What is read so soon behind the end of a source was written meanwhile, ms: three scans. */
const liveMs = 3000

export interface ReaderParts {
  readonly arena: Arena
  /** The shard's one batch: whoever gets it is done with it when the call returns. */
  readonly batch: Batch
  readonly framer: Framer
  readonly framed: FramerCounts
  readonly parser: Parser
  /** The first is `normalize`. */
  readonly processors: readonly Processor[]
  readonly observers: readonly Observer[]
  /** Behind so many processors rows are to be observed. */
  readonly seenBehind: number
  readonly clock: Clock
  /** Told of bytes that can never be read. */
  readonly log: Log
  /** Told what is so once a source. */
  readonly sourceLog: Log
  readonly tally: Tally
  /** How far the steps have come that count rows, if there are any. */
  readonly frontier: Frontier | undefined
}

/** Where a reader begins. */
export interface Place {
  readonly from: Position
  /** Rows that end before this are known already: up to here it reads only to have again what is unfinished there. */
  readonly knownTo: Position
}

/** What becomes of what is read, in the order of the source. The arguments are those of `Delivery`. */
export interface Outlet {
  observe(batch: Batch): void
  append(batch: Batch, to: Position, heldFrom: Position, barrier: number): void
  skip(from: Position, to: Position, reason: LossReason, bytes: number): void
}

/**
 * Reads one source, a chunk at a time: frames, parses and processes it and gives it out, all in one synchronous go. What is
 * unfinished at the end of a chunk is the carry: it goes in front of the next bytes. Framers take over what would not leave room for
 * them. The calling sequence is told in inputs/file/source.ts.
 *
 * What it gives out behind a place depends on the bytes and the stored cuts alone, wherever it began.
 */
export class Reader {
  readonly source: FileSource
  /** Position of the first byte of the carry: where the next chunk begins. */
  #base: Position
  readonly #knownTo: Position
  readonly #parts: ReaderParts
  readonly #outlet: Outlet
  readonly #carry = new Carry()
  /** Monotonic ms of the last growth of an unfinished line. */
  grewAt = 0
  /** The last read found nothing: what is unfinished is so at the end of the source, not of a chunk. */
  atEnd = false
  /** When one did last, monotonic ms. */
  endedAt = -Infinity
  /** Records that must be durable before its rows may be sent. */
  barrier: number
  /** What was read last waits for this, and nothing came of it. */
  loading: Promise<unknown> | undefined

  constructor(source: FileSource, place: Place, parts: ReaderParts, outlet: Outlet) {
    this.source = source
    this.#base = place.from
    this.#knownTo = place.knownTo
    this.#parts = parts
    this.#outlet = outlet
    this.barrier = source.barrier
  }

  /** Everything before is given out, or held by the framer. */
  get base(): Position {
    return this.#base
  }

  /** Everything before this position has been read. */
  get readTo(): Position {
    return this.#base + this.#carry.length
  }

  /** It has not come to what nobody knows yet. */
  get isReturning(): boolean {
    return this.#base < this.#knownTo
  }

  get isUnfinished(): boolean {
    return this.#carry.length > 0 || this.#parts.framer.heldBytes > 0
  }

  /** Whole lines wait so long for others; undefined while there is a line without an end. */
  get patienceMs(): number | undefined {
    return this.#carry.length > 0 ? undefined : this.#parts.framer.patienceMs
  }

  /** Everything before is given out, by this one or before it began, or held. */
  get knownTo(): Position {
    return Math.max(this.#base, this.#knownTo)
  }

  /** Whether both have read the same and hold the same of what is unfinished: then they would go on alike. */
  isWhere(other: Reader): boolean {
    if (this.isReturning || other.isReturning || this.#base !== other.#base) return false
    return this.#parts.framer.heldFrom === other.#parts.framer.heldFrom
  }

  /** Reads a chunk that ends before `limit`. The answer is that of `Source.read`. */
  readChunk(limit: Position): number {
    const { arena, clock, tally, frontier } = this.#parts
    this.loading = undefined
    if (!this.#obeyCut()) return this.#isGone ? Gone : Idle
    const most = this.isReturning
      ? this.#knownTo
      : Math.min(limit, tally.limit(this.readTo), frontier?.limit(this.readTo) ?? Infinity)
    const end = Math.min(arena.chunkBytes, most - this.#base)
    if (end <= this.#carry.length) return Idle
    const isLive = this.atEnd && clock.monotonic() - this.endedAt < liveMs
    const got = this.source.read(this.readTo, arena.bytes.subarray(this.#carry.length, end))
    this.atEnd = got < 0
    if (got < 0) {
      this.endedAt = clock.monotonic()
      return got
    }
    this.#carry.copyTo(arena.bytes)
    this.grewAt = clock.monotonic()
    if (this.#waits(this.#carry.length + got)) return Idle
    return this.#process(this.#carry.length + got, false, isLive) ? got : Idle
  }

  /** Gives out what has no end. False if it can not be read again now. */
  giveOutRest(): boolean {
    if (!this.isUnfinished) return true
    this.#carry.copyTo(this.#parts.arena.bytes)
    return !this.#waits(this.#carry.length) && this.#process(this.#carry.length, true)
  }

  /** Gives out what is there of a source that has ended, or has a gap, and counts what is lost behind it, up to a limit. False if that
   * is not possible now. */
  finish(limit: Position): boolean {
    const { source } = this
    const reason = source.lossAt(this.readTo)?.reason ?? source.lostReason
    // Else everything is there, but what the spool can not read again.
    const lostReason = reason ?? (source.isReadable ? undefined : 'corrupt_frame')
    if (this.isReturning) {
      if (lostReason === undefined) return false
      const from = Math.min(this.#base, this.#parts.framer.heldFrom)
      this.#base = this.#knownTo
      this.#carry.drop()
      this.#dropHeld(from, lostReason)
    } else if (!this.giveOutRest()) {
      if (lostReason === undefined || !this.#isGone) return false
      this.#dropHeld(this.#parts.framer.heldFrom, lostReason)
      this.giveOutRest()
    }
    this.#skipLost(limit)
    return true
  }

  /** Nobody needs it any more: what it holds takes no memory. */
  end(): void {
    this.#parts.framer.drop()
    this.#carry.drop()
  }

  /** The parser is not ready for these bytes of the arena: they have to be read again. */
  #waits(size: number): boolean {
    const { arena, parser } = this.#parts
    this.loading = this.#isGone ? undefined : parser.loading?.(arena.bytes, size, this.source)
    return this.loading !== undefined
  }

  /** Nothing of it can be read again. */
  get #isGone(): boolean {
    return !this.source.isReadable
  }

  /** Another reader may have cut where this one has an unfinished record: then it ends there for this one, too. False if the
   * framer can not go on now. */
  #obeyCut(): boolean {
    while (this.isUnfinished && this.#nextCut <= this.readTo) {
      this.#carry.copyTo(this.#parts.arena.bytes)
      if (!this.#process(this.#carry.length, false)) return false
    }
    return true
  }

  /** A record that the framer holds may end right where the next chunk begins. */
  get #nextCut(): Position {
    const isHeld = this.#parts.framer.heldFrom < this.#base
    const cut = this.source.marks.nextCut(isHeld ? this.#base - 1 : this.#base)
    // made when what is known already was read: the record that ends there is new
    if (this.isReturning && cut === this.#knownTo) return Infinity
    return this.#parts.frontier?.isHeldAt(cut, this.#base) === true ? Infinity : cut
  }

  /** What the framer held is gone from the source before it could be read again. */
  #dropHeld(from: Position, reason: LossReason): void {
    const { batch, framer } = this.#parts
    framer.drop()
    batch.base = this.#base
    batch.size = 0
    batch.source = this.source
    batch.clear()
    this.#outlet.append(batch, this.#base, framer.heldFrom, this.barrier)
    this.#tell(lostMessage, { reason, from, bytes: this.#base - from })
    this.#outlet.skip(this.#base, this.#base, reason, this.#base - from)
  }

  #skipLost(limit: Position): void {
    while (this.#base < limit) {
      const loss = this.source.lossAt(this.#base)
      if (loss === undefined) return
      const bytes = Math.min(loss.bytes, limit - this.#base)
      const message = this.source.mayBeDelivered(this.#base) ? atMostMessage : lostMessage
      this.#tell(message, { reason: loss.reason, from: this.#base, bytes })
      this.#outlet.skip(this.#base, this.#base + bytes, loss.reason, bytes)
      this.#base += bytes
    }
  }

  #tell(message: string, loss: Loss & { readonly from?: Position }): void {
    this.#parts.log.warn(message, { path: this.source.resource['log.file.path'], ...loss })
  }

  #tellFormat(): void {
    const { sourceLog: log } = this.#parts
    const { format } = this.source.marks
    const fields = { path: this.source.resource['log.file.path'], format }
    // these need no word: they are known by every row, whatever was chosen
    if (format === 'json' || format === 'logfmt') log.debug(formatMessage, fields)
    else log.info(formatMessage, fields)
  }

  /** The journey of the first `size` bytes of the arena. `final` gives out what has no end yet, and stores where that was. False if
   * the framer can not go on now: then the bytes behind the carry have to be read again. */
  #process(size: number, final: boolean, isLive = false): boolean {
    const { arena, batch, framer, clock, frontier } = this.#parts
    batch.bytes = arena.bytes
    batch.size = size
    batch.source = this.source
    batch.base = this.#base
    batch.readTime = clock.now()
    batch.clear()
    arena.index(batch)
    const isKnown = this.isReturning
    const cut = this.#nextCut
    const consumed = framer.frame(batch, arena.lines, cut, final)
    if (consumed < 0) {
      forget(this.#parts.framed)
      return false
    }
    this.#carry.keep(batch.bytes, consumed, size)
    this.#base += consumed
    batch.cutBytes = framer.cutBytes
    // also where no row came of it: what follows does not continue it
    if (final) this.source.marks.addCut(this.#base)
    batch.isLive = isLive
    batch.isRepeat = isKnown || frontier?.advance(batch.base, this.#base, final || this.#base === cut) === false
    if (batch.rows > 0 && !isKnown) this.#understand()
    const isNew = this.#parts.tally.count(batch, this.#base, this.#parts.framed)
    if (isNew && batch.cutBytes > 0) {
      this.#tell(cutMessage, { reason: 'too_large', bytes: batch.cutBytes })
    }
    if (!isKnown) this.#outlet.append(batch, this.#base, framer.heldFrom, this.barrier)
    return true
  }

  #understand(): void {
    const { batch, parser, processors, seenBehind } = this.#parts
    const known = this.source.marks.parser
    parser.parse(batch)
    if (this.source.marks.parser !== known) this.#tellFormat()
    let step = 0
    for (; step < seenBehind; step++) processors[step]!.apply(batch)
    this.#letSee()
    for (; step < processors.length; step++) processors[step]!.apply(batch)
    this.barrier = Math.max(this.barrier, batch.barrier, this.source.marks.barrier)
  }

  #letSee(): void {
    const { batch, observers, tally } = this.#parts
    if (tally.isNew(batch, this.#base)) for (const observer of observers) observer.observe(batch)
    this.#outlet.observe(batch)
  }
}
