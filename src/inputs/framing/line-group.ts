import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import type { Position } from '../../core/source.ts'
import type { Arena } from '../../scan/arena.ts'
import { type HeldBudget, Held } from './held.ts'

const newline = 0x0a
/** A group is cut before it is so long. */
const longest = 2 ** 30
/** Flags of a line that its group has, too. */
const inherited = Flag.truncated | Flag.unterminated | Flag.invalidUtf8
/** So many lines, each of so many bytes at most, may wait for one that tells whether they are in the group. */
const mostWaiting = 8
const longestWaiting = 2048

/** A line, or lines that were joined: where its content is in the batch, and where it comes from. */
export class Piece {
  start = 0
  end = 0
  mark = 0
  position: Position = 0
  /** Source position behind it. */
  to: Position = 0
  flags = 0
  time = 0
  nanos = 0
  /** Lines without content before it. */
  blanks = 0
  /** The content, while its chunk is gone. */
  kept: Buffer | undefined

  read(batch: Batch, row: number, blanks: number): void {
    this.start = batch.starts[row]!
    this.end = batch.ends[row]!
    this.mark = batch.mark[row]!
    this.position = batch.positions[row]!
    this.to = this.position + batch.lengths[row]!
    this.flags = batch.flags[row]!
    this.time = batch.time[row]!
    this.nanos = batch.nanos[row]!
    this.blanks = blanks
  }

  /** Its time, as its runtime wrote it; -Infinity: it wrote none. */
  get ownTime(): number {
    return (this.flags & Flag.hasTime) === 0 ? -Infinity : this.time
  }

  copy(from: Piece): void {
    this.start = from.start
    this.end = from.end
    this.mark = from.mark
    this.position = from.position
    this.to = from.to
    this.flags = from.flags
    this.time = from.time
    this.nanos = from.nanos
    this.blanks = from.blanks
  }

  /** Writes it as a row. */
  write(batch: Batch, row: number): void {
    batch.starts[row] = this.start
    batch.ends[row] = this.end
    batch.mark[row] = this.mark
    batch.positions[row] = this.position
    batch.lengths[row] = this.to - this.position
    batch.flags[row] = this.flags
    batch.errors[row] = 0
    batch.time[row] = this.time
    batch.nanos[row] = this.nanos
  }
}

/**
 * The group of one stream that has not ended: the lines that are in it, and those that wait for one that tells. Joined lines are
 * parted by single line feeds, lines without content stay as such. Where that is what stands in the chunk, nothing is copied.
 */
export class LineGroup {
  /** The lines that are in it. Their span, unless they are in `held`. */
  readonly whole = new Piece()
  readonly held: Held
  readonly waiting: Piece[] = []
  /** How many of `waiting` do. */
  waits = 0
  lines = 0
  /** Of the joined content. */
  bytes = 0
  /** What `Grouping` said of the last line. */
  state = 0
  /** Lines without content behind the last one. */
  blanks = 0
  /** Time of the last line, as its runtime wrote it; -Infinity: it wrote none. */
  lastTime = -Infinity

  constructor(budget: HeldBudget) {
    this.held = new Held(longest, budget)
  }

  get isEmpty(): boolean {
    return this.lines === 0
  }

  begin(piece: Piece, state: number): void {
    this.whole.copy(piece)
    this.lines = 1
    this.bytes = piece.end - piece.start
    this.state = state
    this.blanks = 0
  }

  /** Bytes of the content with a line behind those that are here. */
  bytesWith(piece: Piece): number {
    let bytes = this.bytes + added(piece)
    for (let i = 0; i < this.waits; i++) bytes += added(this.waiting[i]!)
    return bytes
  }

  canWait(piece: Piece): boolean {
    const isLong = piece.end - piece.start > longestWaiting || (piece.flags & Flag.truncated) !== 0
    return !isLong && this.waits < mostWaiting
  }

  wait(piece: Piece, state: number): void {
    if (this.waits === this.waiting.length) this.waiting.push(new Piece())
    this.waiting[this.waits++]!.copy(piece)
    this.state = state
    this.blanks = 0
  }

  /** The line is in the group, and so are those that waited. */
  join(batch: Batch, piece: Piece, state: number): void {
    for (let i = 0; i < this.waits; i++) this.#add(batch, this.waiting[i]!)
    this.waits = 0
    this.#add(batch, piece)
    this.state = state
    this.blanks = 0
  }

  #add(batch: Batch, piece: Piece): void {
    const { whole, held } = this
    this.lines++
    this.bytes += added(piece)
    whole.flags |= piece.flags & inherited
    whole.to = piece.to
    if (held.from < 0 && isNext(batch, whole.end, piece)) {
      whole.end = piece.end
      return
    }
    this.#hold(batch)
    held.append(lineFeeds(piece.blanks + 1), 0, piece.blanks + 1)
    held.append(batch.bytes, piece.start, piece.end)
  }

  #hold(batch: Batch): void {
    if (this.held.from >= 0) return
    this.held.from = this.whole.position
    this.held.append(batch.bytes, this.whole.start, this.whole.end)
  }

  /** Keeps all of it for the next chunk. */
  keep(batch: Batch): void {
    if (this.isEmpty) return
    this.#hold(batch)
    for (let i = 0; i < this.waits; i++) {
      const piece = this.waiting[i]!
      piece.kept = Buffer.from(batch.bytes.subarray(piece.start, piece.end))
    }
  }

  /** The lines that wait have places in the chunk at hand. Returns how many rows all of it can become. */
  unpack(batch: Batch, arena: Arena): number {
    for (let i = 0; i < this.waits; i++) {
      const piece = this.waiting[i]!
      put(batch, arena, piece, piece.kept!)
      piece.kept = undefined
    }
    return this.isEmpty ? 0 : this.waits + 1
  }

  /** So has the content, where it does not stand there as it is. */
  place(batch: Batch, arena: Arena): void {
    if (this.held.from >= 0) put(batch, arena, this.whole, this.held.bytes.subarray(0, this.held.length))
  }

  /** Forgets all of it. */
  clear(): void {
    // it allocates, and most groups never get there
    if (this.held.from >= 0) this.held.clear()
    this.lines = 0
    this.waits = 0
    this.blanks = 0
    this.lastTime = -Infinity
  }
}

function put(batch: Batch, arena: Arena, piece: Piece, content: Buffer): void {
  piece.start = batch.overlay(content.length)
  piece.end = piece.start + content.length
  content.copy(batch.bytes, piece.start)
  piece.mark = arena.indexSpan(batch, piece.start, piece.end)
}

function added(piece: Piece): number {
  return piece.blanks + 1 + piece.end - piece.start
}

/** Whether the line stands behind `end` with nothing but its line feeds between. */
function isNext({ bytes }: Batch, end: number, piece: Piece): boolean {
  if (piece.start - end !== piece.blanks + 1) return false
  for (let at = end; at < piece.start; at++) if (bytes[at] !== newline) return false
  return true
}

let feeds = Buffer.alloc(64, newline)
function lineFeeds(count: number): Buffer {
  if (count > feeds.length) feeds = Buffer.alloc(count * 2, newline)
  return feeds
}
