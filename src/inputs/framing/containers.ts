import type { Batch } from '../../core/batch.ts'
import { Flag, Kind, parseErrors } from '../../core/row.ts'
import type { Position } from '../../core/source.ts'
import type { Framer, Lines } from '../../core/steps.ts'
import { unescape } from '../../scan/text.ts'
import { TimeScanner } from '../../scan/time.ts'
import { ContainerLine, longestPart } from './container-line.ts'
import { cutOf, HeldBudget } from './held.ts'
import type { LineOptions } from './lines.ts'
import { LineFramer } from './lines.ts'
import { PartialRecord } from './partial-record.ts'
import { insertRows } from './rows.ts'

/** A record whose end is so far behind its start is given out, so that a lost last part does not hold the cursor back for ever. */
const longestRecord = 64 * 1024 * 1024
const containerError = parseErrors.indexOf('container')
const carriageReturn = 0x0d

/**
 * Rows are records of containers. Each line tells by itself whether Docker (json-file) or a CRI runtime wrote it; parts are joined
 * for each stream. What neither wrote stays a row as it is, with the error `container`.
 *
 * Lines are cut first, then the rows are rewritten in place: parts vanish, joined and unescaped content moves to the overlay.
 */
export class ContainerFramer implements Framer {
  readonly #lines: LineFramer
  readonly #line = new ContainerLine()
  readonly #time = new TimeScanner('UTC')
  /** Of stdout and of stderr. */
  readonly #partials: readonly PartialRecord[]
  readonly #options: LineOptions
  readonly #budget: HeldBudget
  readonly #longestRecord: number
  /** Records without content are rows. */
  readonly #keepsEmpty: boolean
  #row = 0

  constructor(options: LineOptions & { readonly keepsEmpty?: boolean }, longest = longestRecord) {
    this.#keepsEmpty = options.keepsEmpty ?? false
    this.#budget = options.budget ?? new HeldBudget()
    this.#lines = new LineFramer({ ...options, maxLineBytes: longestPart(options.maxLineBytes), budget: this.#budget })
    this.#options = options
    this.#longestRecord = longest
    this.#partials = [0, Flag.stderr].map(stream => new PartialRecord(stream, options.maxLineBytes, this.#budget))
  }

  get heldFrom(): Position {
    let from = this.#lines.heldFrom
    for (const partial of this.#partials) if (partial.isBegun && partial.held.from < from) from = partial.held.from
    return from
  }

  get heldBytes(): number {
    // A begun record without content still has to be given out.
    let bytes = this.#lines.heldBytes
    for (const partial of this.#partials) if (partial.isBegun) bytes += Math.max(1, partial.held.length)
    return bytes
  }

  get cutBytes(): number {
    return this.#lines.cutBytes
  }

  frame(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    const next = this.cut(batch, lines, cutAt, final)
    this.#budget.trim()
    return next
  }

  cut(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    for (const partial of this.#partials) if (partial.held.isGivenUp && !partial.restore(batch.source)) return -1
    const next = this.#lines.cut(batch, lines, cutAt, final)
    if (next < 0) return next
    const first = this.#makeRoom(batch)
    const rows = batch.rows
    this.#row = 0
    for (let row = first; row < rows; row++) this.#take(batch, row)
    batch.rows = this.#row
    if (final || batch.base + next === cutAt) {
      for (const partial of this.#partials) {
        if (!partial.isBegun) continue
        batch.addRow(0, 0, 0, 0, 0)
        this.#giveOut(batch, partial, Flag.unterminated)
        batch.rows = this.#row
      }
    }
    return next
  }

  drop(): void {
    this.#lines.drop()
    for (const { held } of this.#partials) held.clear()
  }

  /** A held record may be given out in front of any line: moves the rows up, so that a row is never written before it is read. */
  #makeRoom(batch: Batch): number {
    let held = 0
    for (const partial of this.#partials) if (partial.isBegun) held++
    if (held > 0) insertRows(batch, held)
    return held
  }

  #take(batch: Batch, row: number): void {
    const line = this.#line
    const position = batch.positions[row]!
    const length = batch.lengths[row]!
    const flags = batch.flags[row]!
    for (const partial of this.#partials) {
      const isLong = partial.isBegun && position - partial.held.from > this.#longestRecord
      if (isLong) this.#giveOut(batch, partial, Flag.truncated)
    }
    if (!line.read(batch, row)) {
      this.#keep(batch, row, flags)
      return
    }
    const hasTime = this.#time.parse(batch.bytes, line.timeStart, line.timeEnd, Kind.text)
    const partial = this.#partials[line.isStderr ? 1 : 0]!
    if (partial.isBegun || line.isPartial) {
      if (!partial.isBegun) partial.begin(position, hasTime, this.#time)
      partial.append(batch.bytes, line, position + length)
      if (!line.isPartial) this.#giveOut(batch, partial, flags)
      return
    }
    if (line.isEscaped) this.#unescape(batch)
    else this.#stripReturn(batch)
    if (line.end === line.start && !this.#keepsEmpty) return
    const rest = this.#cut(batch, flags)
    this.#write(batch, position, length, rest | (line.isStderr ? Flag.stderr : 0) | (hasTime ? Flag.hasTime : 0))
  }

  /** Content with escapes moves to the overlay. */
  #unescape(batch: Batch): void {
    const line = this.#line
    const start = batch.overlay(line.end - line.start)
    line.end = unescape(batch.bytes, line.start, line.end, batch.bytes, start)
    line.start = start
    batch.used = line.end
    this.#stripReturn(batch)
    line.mark = this.#options.arena.indexSpan(batch, line.start, line.end)
  }

  #stripReturn(batch: Batch): void {
    const line = this.#line
    if (line.end > line.start && batch.bytes[line.end - 1] === carriageReturn) line.end--
  }

  /** Cuts content that is too long; returns the row's flags. */
  #cut(batch: Batch, flags: number, isCut = false): number {
    const line = this.#line
    const { maxLineBytes, truncatedRows } = this.#options
    const isLong = line.end - line.start > maxLineBytes
    if (!isLong && !isCut) return flags
    if (isLong) {
      const end = cutOf(batch.bytes, line.start, maxLineBytes)
      this.#lines.cutBytes += line.end - end
      line.end = end
    }
    if (truncatedRows && (flags & Flag.truncated) === 0) truncatedRows.value++
    return flags | Flag.truncated
  }

  #giveOut(batch: Batch, partial: PartialRecord, flags: number): void {
    const { held } = partial
    const line = this.#line
    line.start = batch.overlay(held.length)
    line.end = line.start + held.length
    held.bytes.copy(batch.bytes, line.start, 0, held.length)
    if (!held.isCut) this.#stripReturn(batch)
    const rest = this.#cut(batch, flags, held.isCut)
    this.#lines.cutBytes += held.cutBytes
    line.mark = this.#options.arena.indexSpan(batch, line.start, line.end)
    const time = partial.hasTime ? Flag.hasTime : 0
    const row = this.#row
    if (line.end > line.start || this.#keepsEmpty)
      this.#write(batch, held.from, partial.to - held.from, rest | partial.stream | time)
    if (row < this.#row && partial.hasTime) {
      batch.time[row] = partial.time
      batch.nanos[row] = partial.nanos
    }
    held.clear()
  }

  /** Writes the content of `#line` as the next row. */
  #write(batch: Batch, position: Position, length: number, flags: number): void {
    const row = this.#row++
    batch.starts[row] = this.#line.start
    batch.ends[row] = this.#line.end
    batch.mark[row] = this.#line.mark
    batch.positions[row] = position
    batch.lengths[row] = length
    batch.flags[row] = flags
    batch.time[row] = this.#time.ms
    batch.nanos[row] = this.#time.nanos
  }

  /** A line that no runtime wrote stays as it is. */
  #keep(batch: Batch, from: number, flags: number): void {
    const line = this.#line
    line.start = batch.starts[from]!
    line.end = batch.ends[from]!
    line.mark = batch.mark[from]!
    const row = this.#row
    this.#write(batch, batch.positions[from]!, batch.lengths[from]!, this.#cut(batch, flags))
    batch.flags[row]! |= Flag.unparsed
    batch.errors[row] = containerError
  }
}
