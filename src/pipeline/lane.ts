import type { Batch } from '../core/batch.ts'
import { Flag } from '../core/row.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Sample } from '../core/metrics.ts'
import type { LossReason } from '../core/outcome.ts'
import type { Position } from '../core/source.ts'
import { Gone, Idle } from '../core/source.ts'
import type { Framer, Parser, Processor } from '../core/steps.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Arena } from '../scan/arena.ts'

/** Why a turn ended: more bytes are there, none are for now, the output has no room, or the source is read to its end. */
export type TurnEnd = 'more' | 'idle' | 'full' | 'finished'

/** Chunks read in one turn, so that sources share the thread fairly. */
const chunksATurn = 8
/** A lane without an unfinished line keeps no more than this for the next one, bytes. */
const mostIdleCarry = 4096

export interface LaneParts {
  readonly arena: Arena
  /** The shard's one batch; a lane fills it and is done with it within `turn`. */
  readonly batch: Batch
  readonly framer: Framer
  readonly parser: Parser
  readonly processors: readonly Processor[]
  readonly delivery: Delivery
  readonly track: Track
  readonly clock: Clock
  /** Told of bytes that can never be read. */
  readonly log: Log
  /** An unfinished last line is sent after so long without growth. */
  readonly partialMs: number
  readonly readBytes: Sample
  readonly rows: Sample
  /** Counts rows that were not understood, in the order of `parseErrors` behind its first. */
  readonly errors: readonly Sample[]
}

/**
 * One reader of one source for one output: reads a chunk, frames, parses, processes and encodes it, all in one synchronous go.
 * What is unfinished at the end of a chunk is the carry: it goes in front of the next bytes. Framers take over what would not
 * leave room for them. The calling sequence is told in inputs/file/source.ts.
 */
export class Lane {
  readonly source: FileSource
  readonly track: Track
  readonly delivery: Delivery
  readonly #parts: LaneParts
  /** Position of the first byte of the carry: where the next chunk begins. */
  #base: Position
  #carry: Buffer = Buffer.alloc(0)
  #carried = 0
  /** Monotonic ms of the last growth of an unfinished line. */
  #grewAt = 0
  /** The last read found nothing: what is unfinished is so at the end of the source, not of a chunk. */
  #atEnd = false
  /** Records that must be durable before rows of this lane may be sent. */
  #barrier: number

  constructor(source: FileSource, base: Position, parts: LaneParts) {
    this.source = source
    this.track = parts.track
    this.delivery = parts.delivery
    this.#parts = parts
    this.#base = base
    this.#barrier = source.barrier
  }

  /** Everything before this position has been read. */
  get readTo(): Position {
    return this.#base + this.#carried
  }

  /** When an unfinished line is due, monotonic ms; Infinity when there is none at the end of the source. */
  get partialDue(): number {
    return this.#atEnd && this.#isUnfinished ? this.#grewAt + this.#parts.partialMs : Infinity
  }

  turn(): TurnEnd {
    for (let chunk = 0; chunk < chunksATurn; chunk++) {
      if (!this.delivery.hasRoom()) {
        this.#atEnd = false
        return 'full'
      }
      const got = this.#readChunk()
      if (got === Idle) return 'idle'
      if (got === Gone) return this.#finish()
    }
    return 'more'
  }

  /** Everything that is there has been read, as far as the last read could tell. */
  get isAtEnd(): boolean {
    return this.#atEnd && !this.source.isFailing
  }

  /** Gives out an unfinished line whose time is over, if it still is unfinished: nobody may have looked at the file for a while.
   * Without room in the output, or while the file can not be read, it waits as long again. Returns whether there is more for a
   * turn. */
  expirePartial(now: number): boolean {
    if (now < this.partialDue) return false
    if (this.delivery.hasRoom()) {
      const got = this.#readChunk()
      if (got !== Idle) return true
      if (this.isAtEnd && this.#giveOutRest()) return false
    }
    this.#grewAt = now
    return false
  }

  /** Gives out what has no end, and counts what is lost behind it. */
  #finish(): TurnEnd {
    const isWhole = this.#giveOutRest()
    if (!isWhole && this.source.lostReason === undefined) return 'idle'
    if (!isWhole) this.#dropHeld()
    this.#skipLost()
    return 'finished'
  }

  get #isUnfinished(): boolean {
    return this.#carried > 0 || this.#parts.framer.heldBytes > 0
  }

  #readChunk(): number {
    const { arena, clock, readBytes } = this.#parts
    if (!this.#obeyCut()) return Idle
    const got = this.source.read(this.readTo, arena.bytes.subarray(this.#carried, arena.chunkBytes))
    this.#atEnd = got < 0
    if (got < 0) return got
    this.#carry.copy(arena.bytes, 0, 0, this.#carried)
    readBytes.value += got
    this.#grewAt = clock.monotonic()
    return this.#process(this.#carried + got, false) ? got : Idle
  }

  /** Another lane may have cut where this one has an unfinished record: then it ends there for this one, too. False if the
   * framer can not go on now. */
  #obeyCut(): boolean {
    while (this.#isUnfinished && this.#nextCut <= this.readTo) {
      this.#carry.copy(this.#parts.arena.bytes, 0, 0, this.#carried)
      if (!this.#process(this.#carried, false)) return false
    }
    return true
  }

  /** A record that the framer holds may end right where the next chunk begins. */
  get #nextCut(): Position {
    const isHeld = this.#parts.framer.heldFrom < this.#base
    return this.source.marks.nextCut(isHeld ? this.#base - 1 : this.#base)
  }

  /** False if it can not be read again now. */
  #giveOutRest(): boolean {
    if (!this.#isUnfinished) return true
    this.#carry.copy(this.#parts.arena.bytes, 0, 0, this.#carried)
    return this.#process(this.#carried, true)
  }

  /** What the framer had given up for want of memory is gone from the source. */
  #dropHeld(): void {
    const { batch, framer } = this.#parts
    const from = framer.heldFrom
    framer.drop()
    batch.base = this.#base
    batch.size = 0
    batch.source = this.source
    batch.clear()
    this.delivery.append(this.track, batch, this.#base, framer.heldFrom, this.#barrier)
    this.#tellLost(this.#base - from)
    this.delivery.skip(this.track, this.#base, this.#base, this.source.lostReason!, this.#base - from)
  }

  #skipLost(): void {
    const lost = this.source.lostAfter(this.#base)
    if (lost === 0) return
    this.#tellLost(lost)
    this.delivery.skip(this.track, this.#base, this.#base + lost, this.source.lostReason!, lost)
    this.#base += lost
  }

  #tellLost(bytes: number): void {
    const { resource, lostReason: reason } = this.source
    const path = resource['log.file.path']
    this.#parts.log.warn('Bytes are lost: they were gone before they were read', { path, reason, bytes })
  }

  #tellCut(bytes: number): void {
    const path = this.source.resource['log.file.path']
    const reason: LossReason = 'too_large'
    this.#parts.log.warn('Records are cut: what is behind max_line_bytes is lost', { path, reason, bytes })
  }

  /** The journey of the first `size` bytes of the arena to the output. `final` gives out what has no end yet, and stores where
   * that was. False if the framer can not go on now: then the bytes behind the carry have to be read again. */
  #process(size: number, final: boolean): boolean {
    const { arena, batch, framer, clock } = this.#parts
    batch.bytes = arena.bytes
    batch.size = size
    batch.source = this.source
    batch.base = this.#base
    batch.readTime = clock.now()
    batch.clear()
    arena.index(batch)
    const consumed = framer.frame(batch, arena.lines, this.#nextCut, final)
    if (consumed < 0) return false
    this.#keep(consumed, size)
    this.#base += consumed
    this.#parts.rows.value += batch.rows
    batch.cutBytes = framer.cutBytes
    if (batch.cutBytes > 0) this.#tellCut(batch.cutBytes)
    if (batch.rows > 0) {
      if (final && isCut(batch)) this.source.marks.addCut(this.#base)
      this.#parts.parser.parse(batch)
      this.#countErrors(batch)
      for (const processor of this.#parts.processors) processor.apply(batch)
      this.#barrier = Math.max(this.#barrier, batch.barrier, this.source.marks.barrier)
    }
    this.delivery.append(this.track, batch, this.#base, framer.heldFrom, this.#barrier)
    return true
  }

  #countErrors({ rows, errors }: Batch): void {
    for (let row = 0; row < rows; row++) if (errors[row] !== 0) this.#parts.errors[errors[row]! - 1]!.value++
  }

  #keep(from: number, to: number): void {
    this.#carried = to - from
    // There may be ten thousand lanes, and most are at the end of a line.
    if (this.#carried === 0 && this.#carry.length > mostIdleCarry) this.#carry = Buffer.alloc(0)
    if (this.#carry.length < this.#carried) this.#carry = Buffer.allocUnsafeSlow(Math.max(1024, this.#carried * 2))
    this.#parts.batch.bytes.copy(this.#carry, 0, from, to)
  }
}

function isCut(batch: Batch): boolean {
  for (let row = 0; row < batch.rows; row++) if ((batch.flags[row]! & Flag.unterminated) !== 0) return true
  return false
}
