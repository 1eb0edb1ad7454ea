import type { Batch } from '../../core/batch.ts'
import { closed, type Grouping, other, undecided } from '../../core/grouping.ts'
import { Flag } from '../../core/row.ts'
import type { Position, Source } from '../../core/source.ts'
import type { Framer, Lines } from '../../core/steps.ts'
import type { Arena } from '../../scan/arena.ts'
import { HeldBudget } from './held.ts'
import { LineGroup, longestWaiting, mostWaiting, Piece } from './line-group.ts'

/** A group whose last line is so far behind is given out, so that a stream that fell silent does not hold the cursor back. */
const longestGroup = 64 * 1024 * 1024

/** A framer whose rows are lines. */
export interface LineSource extends Framer {
  /** `frame` for a framer that holds more than this one and minds the budget. */
  cut(batch: Batch, lines: Lines, cutAt: number, final: boolean): number
}

export interface MultilineOptions {
  readonly grouping: Grouping
  readonly maxLines: number
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly arena: Arena
  readonly budget: HeldBudget
  /** Makes the framer of the lines; one that reads again counts nothing. */
  readonly lines: (parts: { readonly arena: Arena; readonly budget: HeldBudget }, isAgain: boolean) => LineSource
  /** The byte that ends lines, where those without content are left out between two rows; -1 where they are rows. */
  readonly lineEnd: number
  /** Counts groups that were cut at a limit. */
  readonly splitGroups?: { value: number }
  /** To read again: the flag of the one stream to be read. */
  readonly only?: number
}

/**
 * Rows are groups of lines: what `grouping` takes for one record. Of container logs each stream is grouped by itself.
 *
 * A group ends in front of the line that is in it no more, at a limit, at a stored cut, and where the runtime's times show that
 * nothing came for longer than the timeout: all of that stands in the bytes and in stored cuts, so that every reading that begins
 * at a border of groups finds the same ones.
 */
export class MultilineFramer implements Framer {
  readonly #options: MultilineOptions
  readonly #lines: LineSource
  /** Of stdout, where all lines of files are, and of stderr. */
  readonly #groups: readonly LineGroup[]
  readonly #piece = new Piece()
  /** Source position behind the last line. */
  #readTo: Position = -1
  #row = 0

  constructor(options: MultilineOptions) {
    const { arena, budget } = options
    this.#options = options
    this.#lines = options.lines({ arena, budget }, options.only !== undefined)
    this.#groups = [0, Flag.stderr].map(() => new LineGroup(budget))
  }

  get heldFrom(): Position {
    let from = this.#lines.heldFrom
    for (const group of this.#groups) if (!group.isEmpty) from = Math.min(from, group.whole.position)
    return from
  }

  get heldBytes(): number {
    let bytes = this.#lines.heldBytes
    for (const group of this.#groups) if (!group.isEmpty) bytes += Math.max(1, group.held.length)
    return bytes
  }

  get cutBytes(): number {
    return this.#lines.cutBytes
  }

  /** Whole lines wait for others. */
  get patienceMs(): number | undefined {
    return this.#lines.heldBytes > 0 ? undefined : this.#options.timeoutMs
  }

  frame(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    for (const group of this.#groups) if (group.held.isGivenUp && !this.#restore(group, batch.source)) return -1
    const next = this.#lines.cut(batch, lines, cutAt, final)
    if (next < 0) return next
    const first = this.#makeRoom(batch)
    const { rows } = batch
    this.#row = 0
    for (let row = first; row < rows; row++) this.#take(batch, row)
    this.#countBlanks(batch, Math.min(batch.base + next, this.#lines.heldFrom))
    const isOver = final || batch.base + next === cutAt
    for (const group of this.#groups) {
      if (isOver) this.#giveOutAll(batch, group)
      else group.keep(batch)
    }
    batch.rows = this.#row
    this.#options.budget.trim()
    return next
  }

  drop(): void {
    this.#lines.drop()
    for (const group of this.#groups) group.clear()
    this.#readTo = -1
  }

  /** What earlier chunks left may be given out in front of any line: moves the rows up, so that none is written before it is read.
   * Returns the first row to be read. */
  #makeRoom(batch: Batch): number {
    let more = 0
    for (const group of this.#groups) {
      if (!group.isEmpty) more++
      for (let i = 0; i < group.waits; i++, more++) this.#unpack(batch, group.waiting[i]!)
    }
    if (more === 0) return 0
    const { rows } = batch
    for (let i = 0; i < more; i++) batch.addRow(0, 0, 0, 0, 0)
    for (const array of columnsOf(batch)) array.copyWithin(more, 0, rows)
    return more
  }

  #unpack(batch: Batch, piece: Piece): void {
    const kept = piece.kept!
    piece.start = batch.overlay(kept.length)
    piece.end = piece.start + kept.length
    kept.copy(batch.bytes, piece.start)
    piece.mark = this.#options.arena.indexSpan(batch, piece.start, piece.end)
    piece.kept = undefined
  }

  #take(batch: Batch, row: number): void {
    const flags = batch.flags[row]!
    const isStderr = (flags & Flag.stderr) !== 0
    const { only, lineEnd } = this.#options
    if (batch.errors[row] !== 0) {
      // of no stream
      this.#piece.read(batch, row, 0)
      const error = batch.errors[row]!
      this.#piece.write(batch, this.#row)
      batch.errors[this.#row++] = error
      return
    }
    if (only !== undefined && (flags & Flag.stderr) !== only) return
    const group = this.#groups[isStderr ? 1 : 0]!
    if (lineEnd >= 0) this.#countBlanks(batch, batch.positions[row]!)
    this.#endSilent(batch, row, flags)
    if (batch.ends[row] === batch.starts[row]) {
      this.#blank(batch, group, 1)
      return
    }
    this.#piece.read(batch, row, group.blanks)
    if (lineEnd >= 0) this.#readTo = this.#piece.to
    this.#offer(batch, group, this.#piece)
  }

  /** Between the last row and this position there may be lines without content. */
  #countBlanks(batch: Batch, to: Position): void {
    const { lineEnd } = this.#options
    if (lineEnd < 0) return
    let blanks = 0
    if (this.#readTo >= 0) {
      const end = Math.min(batch.size, to - batch.base)
      for (let at = Math.max(0, this.#readTo - batch.base); at < end; at++) if (batch.bytes[at] === lineEnd) blanks++
    }
    this.#readTo = to
    if (blanks > 0) this.#blank(batch, this.#groups[0]!, blanks)
  }

  #blank(batch: Batch, group: LineGroup, blanks: number): void {
    if (group.isEmpty) return
    const state = this.#options.grouping.blank(group.state)
    if (state < 0) {
      this.#giveOutAll(batch, group)
      return
    }
    group.state = state
    group.blanks += blanks
  }

  /** Gives out groups to which nothing came for longer than the timeout, as far as the line at hand tells. */
  #endSilent(batch: Batch, row: number, flags: number): void {
    const hasTime = (flags & Flag.hasTime) !== 0
    for (const group of this.#groups) {
      if (group.isEmpty) continue
      const isLate = hasTime && batch.time[row]! > group.lastTime + this.#options.timeoutMs
      if (isLate && group.lastTime !== -Infinity) this.#giveOutAll(batch, group)
      else if (batch.positions[row]! - group.whole.position > longestGroup) this.#split(batch, group)
    }
  }

  #offer(batch: Batch, group: LineGroup, piece: Piece): void {
    const { grouping } = this.#options
    if (group.isEmpty) {
      this.#begin(batch, group, piece)
      return
    }
    const next = grouping.next(group.state, batch.bytes, piece.start, piece.end)
    if (next === other) {
      this.#beginAfter(batch, group, piece, false)
      return
    }
    const isUndecided = next >= undecided
    if (isUndecided && !canWait(group, piece)) {
      this.#beginAfter(batch, group, piece, false)
      return
    }
    const { maxLines, maxBytes } = this.#options
    if (group.lines + group.waits >= maxLines || group.bytesWith(piece) > maxBytes) {
      this.#beginAfter(batch, group, piece, true)
      return
    }
    group.lastTime = timeOf(piece)
    if (isUndecided) {
      group.wait(piece, next - undecided)
      return
    }
    group.join(batch, piece, next)
    if (next === closed || (piece.flags & Flag.truncated) !== 0) this.#giveOut(batch, group, 0)
  }

  #begin(batch: Batch, group: LineGroup, piece: Piece): void {
    const state = this.#options.grouping.begin(batch.bytes, piece.start, piece.end)
    if (state === closed || (piece.flags & Flag.truncated) !== 0) {
      piece.write(batch, this.#row++)
      return
    }
    group.begin(piece, state)
    group.lastTime = timeOf(piece)
  }

  /** The group ends here; the lines that waited, and this one, are looked at again without it. */
  #beginAfter(batch: Batch, group: LineGroup, piece: Piece, isSplit: boolean): void {
    if (group.waits === 0) {
      if (isSplit) this.#split(batch, group)
      else this.#giveOut(batch, group, 0)
      this.#begin(batch, group, piece)
      return
    }
    const again = group.waiting.splice(0, group.waits)
    const last = new Piece()
    last.copy(piece)
    if (isSplit) this.#split(batch, group)
    else this.#giveOut(batch, group, 0)
    for (const one of again) this.#offer(batch, group, one)
    this.#offer(batch, group, last)
  }

  #split(batch: Batch, group: LineGroup): void {
    const { splitGroups } = this.#options
    if (splitGroups) splitGroups.value++
    this.#giveOut(batch, group, Flag.truncated)
  }

  /** Nothing more comes: lines that wait are in no group before them. */
  #giveOutAll(batch: Batch, group: LineGroup): void {
    while (!group.isEmpty) {
      const again = group.waiting.splice(0, group.waits)
      this.#giveOut(batch, group, 0)
      for (const one of again) this.#offer(batch, group, one)
    }
  }

  /** Makes a row of the lines that are in the group. */
  #giveOut(batch: Batch, group: LineGroup, flags: number): void {
    const { whole, held } = group
    if (held.from >= 0) {
      whole.start = batch.overlay(held.length)
      whole.end = whole.start + held.length
      held.bytes.copy(batch.bytes, whole.start, 0, held.length)
      whole.mark = this.#options.arena.indexSpan(batch, whole.start, whole.end)
    }
    whole.flags |= flags
    whole.write(batch, this.#row++)
    group.clear()
  }

  /** Reads the lines of a group again whose content was given up. False if they can not be read now; then nothing has changed. */
  #restore(group: LineGroup, source: Source): boolean {
    const { position, to, flags } = group.whole
    const { arena, batch } = this.#options.budget.scratch
    const budget = new HeldBudget(Infinity)
    const all = { grouping: everything, maxLines: Infinity, maxBytes: 2 ** 30, timeoutMs: Infinity }
    const only = flags & Flag.stderr
    const again = new MultilineFramer({ ...this.#options, ...all, arena, budget, only, splitGroups: { value: 0 } })
    batch.source = source
    batch.base = position
    for (let carried = 0; batch.base + carried < to; ) {
      const end = Math.min(arena.chunkBytes, to - batch.base)
      const got = source.read(batch.base + carried, arena.bytes.subarray(carried, end))
      if (got <= 0) return false
      batch.bytes = arena.bytes
      batch.size = carried + got
      batch.clear()
      arena.index(batch)
      const next = again.frame(batch, arena.lines, Infinity, batch.base + batch.size === to)
      if (next < 0) return false
      carried = batch.size - next
      batch.base += next
      batch.bytes.copy(arena.bytes, 0, next, batch.size)
    }
    for (let row = 0; row < batch.rows; row++) {
      if (batch.positions[row] === position) group.held.restoreFrom(batch.bytes, batch.starts[row]!, batch.ends[row]!)
    }
    return true
  }
}

const everything: Grouping = { begin: () => 0, next: () => 0, blank: () => 0 }

function canWait(group: LineGroup, piece: Piece): boolean {
  const isLong = piece.end - piece.start > longestWaiting || (piece.flags & Flag.truncated) !== 0
  return !isLong && group.waits < mostWaiting
}

function timeOf(piece: Piece): number {
  return (piece.flags & Flag.hasTime) === 0 ? -Infinity : piece.time
}

function columnsOf(batch: Batch): readonly (Int32Array | Uint8Array | Float64Array)[] {
  const { starts, ends, mark, positions, lengths, flags, errors, time, nanos } = batch
  return [starts, ends, mark, positions, lengths, flags, errors, time, nanos]
}
