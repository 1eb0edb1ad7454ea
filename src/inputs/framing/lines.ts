import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import type { Position } from '../../core/source.ts'
import type { Framer, Lines } from '../../core/steps.ts'
import type { Arena } from '../../scan/arena.ts'
import { cutOf, Held, HeldBudget } from './held.ts'
import { findLineEnds, type LineEnd } from './line-ends.ts'

const carriageReturn = 0x0d

/** An unfinished line so long leaves the chunk for a side buffer, where it grows without being indexed again. */
const defaultHoldBytes = 32768
/** A line this long ends here: lengths are 32-bit numbers. */
const longestLine = 2 ** 30
/** Of all framers that never held a line: there may be ten thousand. */
const nothingHeld = new Held(0, new HeldBudget())

export interface LineOptions {
  /** Content above it is cut off; the row's length still covers the whole line. */
  readonly maxLineBytes: number
  /** Of the batches to come: the shard's. */
  readonly arena: Arena
  readonly budget?: HeldBudget
  readonly holdBytes?: number
  /** How lines end, if not by LF. */
  readonly end?: LineEnd
  /** Counters of the input; absent: not counted. */
  readonly nulBytes?: { value: number }
  readonly truncatedRows?: { value: number }
}

/**
 * Rows are lines. LF and CRLF end one, a lone CR does not. Lines without content are no rows. NULs in front of a line, as a writer
 * without O_APPEND leaves them after a truncation, are skipped and counted: the row starts behind them.
 *
 * Borders depend on bytes and stored cuts alone, never on how the bytes were cut into chunks.
 */
export class LineFramer implements Framer {
  cutBytes = 0
  readonly #options: LineOptions
  #held = nothingHeld
  readonly #budget: HeldBudget
  readonly #holdBytes: number
  /** Characters have two bytes. */
  readonly #isWide: boolean
  /** Of the held line: its last byte, since a CR may be cut off from its LF. */
  #lastByte = 0

  constructor(options: LineOptions) {
    this.#options = options
    this.#budget = options.budget ?? new HeldBudget()
    this.#holdBytes = options.holdBytes ?? defaultHoldBytes
    this.#isWide = options.end !== undefined && options.end.unit !== 'byte'
  }

  get heldFrom(): Position {
    return this.#held.from < 0 ? Infinity : this.#held.from
  }

  get heldBytes(): number {
    // What was given up still has to be given out.
    return this.#held.from < 0 ? 0 : Math.max(1, this.#held.length)
  }

  frame(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    const next = this.cut(batch, lines, cutAt, final)
    this.#budget.trim()
    return next
  }

  drop(): void {
    this.#held.clear()
  }

  /** `frame` for a framer that holds more than this one and minds the budget. A hot loop: one turn a line. */
  cut(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    this.cutBytes = 0
    const size = this.#sizeOf(batch, cutAt, final)
    if (this.#options.end !== undefined) findLineEnds(batch, lines, size, this.#options.end)
    if (this.#held.isGivenUp && !this.#restore(batch, lines, size, final || batch.base + size === cutAt)) return -1
    const { maxLineBytes } = this.#options
    const { base } = batch
    let start = this.#held.from < 0 ? 0 : this.#continue(batch, lines, size)
    if (start < 0) return final || base + size === cutAt ? this.#giveOutHeld(batch, size) : size
    let i = start > 0 && lines.count > 0 && lines.ends[0]! < start ? 1 : 0
    let mark = i === 0 ? 0 : lines.marks[0]!
    while (batch.marks[mark]! < start) mark++
    const bytes = batch.bytes
    const { rows } = this.#options.arena
    const isOpen = !this.#isWide && rows.open(batch, lines, size, maxLineBytes)
    for (; i < lines.count; i++) {
      if (isOpen) {
        i = rows.add(batch, i, start, mark)
        start = rows.start
        mark = rows.mark
        if (i === lines.count) break
      }
      const at = lines.ends[i]!
      if (at >= size) break
      if (bytes[start] === 0 && !this.#isWide) {
        start = this.#skipNuls(bytes, start, at)
        while (batch.marks[mark]! < start) mark++
      }
      const end = !this.#isWide && at > start && bytes[at - 1] === carriageReturn ? at - 1 : at
      if (end - start > maxLineBytes) {
        this.cutBytes += end - this.#addTruncated(batch, start, mark, at + 1)
      } else if (end > start) batch.addRow(start, end, base + start, at + 1 - start, mark)
      start = at + 1
      mark = lines.marks[i]!
    }
    return this.#rest(batch, start, mark, { size, isOver: final || base + size === cutAt })
  }

  /** How much of the chunk is looked at: a character of two bytes whose second is missing comes again. */
  #sizeOf({ base, size }: Batch, cutAt: number, final: boolean): number {
    if (cutAt - base <= size) return cutAt - base
    return final || !this.#isWide ? size : size - ((base + size) % 2)
  }

  /** What stands behind the last line end. Returns the first byte to be seen again. */
  #rest(batch: Batch, start: number, mark: number, end: { size: number; isOver: boolean }): number {
    const { size } = end
    if (start < size && batch.bytes[start] === 0 && !this.#isWide) {
      start = this.#skipNuls(batch.bytes, start, size)
      while (batch.marks[mark]! < start) mark++
    }
    const length = size - start
    if (length === 0) return size
    if (end.isOver) {
      const row = batch.rows
      if (length > this.#options.maxLineBytes) this.cutBytes += size - this.#addTruncated(batch, start, mark, size)
      else batch.addRow(start, size, batch.base + start, length, mark)
      batch.flags[row]! |= Flag.unterminated
      return size
    }
    if (length < this.#holdBytes) return start
    if (this.#held === nothingHeld) this.#held = new Held(this.#options.maxLineBytes, this.#budget)
    this.#held.from = batch.base + start
    this.#hold(batch.bytes, start, size)
    return size
  }

  /** Returns where the row ends. */
  #addTruncated(batch: Batch, start: number, mark: number, next: number): number {
    const end = cutOf(batch.bytes, start, this.#options.maxLineBytes)
    const row = batch.addRow(start, end, batch.base + start, next - start, mark)
    batch.flags[row]! |= Flag.truncated
    if (this.#options.truncatedRows) this.#options.truncatedRows.value++
    return end
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    if (end > start) this.#lastByte = bytes[end - 1]!
    this.#held.append(bytes, start, end)
  }

  /** Reads what was given up again, if the line ends in this chunk. */
  #restore(batch: Batch, lines: Lines, size: number, isOver: boolean): boolean {
    const hasEnd = lines.count > 0 && lines.ends[0]! < size
    const longest = this.#held.from + longestLine
    const end = batch.base + (hasEnd ? lines.ends[0]! : size)
    if (!hasEnd && !isOver && end <= longest) return true
    // What is in the chunk is appended as always.
    return this.#held.restore(batch.source, Math.min(batch.base, longest))
  }

  /** Goes on with the held line. Returns where the next one starts, or -1 when it has not ended. */
  #continue(batch: Batch, lines: Lines, size: number): number {
    const lineEnd = lines.count > 0 && lines.ends[0]! < size ? lines.ends[0]! : -1
    const limit = this.#held.from + longestLine - batch.base
    if ((lineEnd < 0 ? size : lineEnd) > limit) {
      this.#hold(batch.bytes, 0, limit)
      this.#addHeld(batch, limit, 0)
      return limit
    }
    if (lineEnd < 0) {
      this.#hold(batch.bytes, 0, size)
      return -1
    }
    this.#hold(batch.bytes, 0, lineEnd)
    this.#addHeld(batch, lineEnd + 1, !this.#isWide && this.#lastByte === carriageReturn ? 2 : 1)
    return lineEnd + 1
  }

  #giveOutHeld(batch: Batch, size: number): number {
    const row = batch.rows
    this.#addHeld(batch, size, 0)
    batch.flags[row]! |= Flag.unterminated
    return size
  }

  /** Puts the held line into the overlay, as a row that ends in the source before `batch.bytes[next]`, with a line end of so many
   * bytes: the first of two is among what is held. */
  #addHeld(batch: Batch, next: number, lineEnd: number): void {
    const held = this.#held
    const { maxLineBytes } = this.#options
    const length = held.isCut || lineEnd < 2 ? held.length : held.length - 1
    const start = batch.overlay(length)
    held.bytes.copy(batch.bytes, start, 0, length)
    const position = held.from
    const isTruncated = held.isCut || length > maxLineBytes
    const end = isTruncated ? cutOf(batch.bytes, start, Math.min(maxLineBytes, length - 1)) : start + length
    const mark = this.#options.arena.indexSpan(batch, start, end)
    const row = batch.addRow(start, end, position, batch.base + next - position, mark)
    if (isTruncated) {
      this.cutBytes += batch.base + next - lineEnd - position - (end - start)
      batch.flags[row]! |= Flag.truncated
      if (this.#options.truncatedRows) this.#options.truncatedRows.value++
    }
    held.clear()
  }

  #skipNuls(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    while (at < end && bytes[at] === 0) at++
    if (this.#options.nulBytes) this.#options.nulBytes.value += at - start
    return at
  }
}
