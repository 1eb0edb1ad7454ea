import type { Batch } from '../../core/batch.ts'
import { closed, type Grouping, other, undecided } from '../../core/grouping.ts'
import { Flag } from '../../core/row.ts'
import type { Position, Source } from '../../core/source.ts'
import type { Framer, Lines } from '../../core/steps.ts'
import { BlankLines } from './blank-lines.ts'
import { HeldBudget } from './held.ts'
import { LineGroup, Piece } from './line-group.ts'
import type { LineSource, MultilineOptions } from './multiline-options.ts'
import { readAgain } from './read-again.ts'
import { insertRows } from './rows.ts'

/** A group whose last line is so far behind is given out, so that a stream that fell silent does not hold the cursor back. */
const longestGroup = 64 * 1024 * 1024

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
  readonly #blanks: BlankLines
  #row = 0

  constructor(options: MultilineOptions) {
    const { arena, budget } = options
    this.#options = options
    this.#blanks = new BlankLines(options.lineEnd)
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
    const blanks = this.#blanks.to(batch, Math.min(batch.base + next, this.#lines.heldFrom))
    if (blanks > 0) this.#blank(batch, this.#groups[0]!, blanks)
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
    this.#blanks.drop()
  }

  /** What earlier chunks left may be given out in front of any line: moves the rows up, so that none is written before it is read.
   * Returns the first row to be read. */
  #makeRoom(batch: Batch): number {
    let more = 0
    for (const group of this.#groups) more += group.unpack(batch, this.#options.arena)
    if (more > 0) insertRows(batch, more)
    return more
  }

  #take(batch: Batch, row: number): void {
    const flags = batch.flags[row]!
    const { only, grouping } = this.#options
    // a record that no runtime wrote is of no stream
    if (batch.errors[row] !== 0) {
      this.#pass(batch, row)
      return
    }
    if (only !== undefined && (flags & Flag.stderr) !== only) return
    const group = this.#groups[(flags & Flag.stderr) === 0 ? 0 : 1]!
    const blanks = this.#blanks.before(batch, row)
    if (blanks > 0) this.#blank(batch, group, blanks)
    if (!this.#groups[0]!.isEmpty || !this.#groups[1]!.isEmpty) this.#endSilent(batch, row, flags)
    const start = batch.starts[row]!
    const end = batch.ends[row]!
    if (end === start) {
      this.#blank(batch, group, 1)
      return
    }
    if (!group.isEmpty) {
      this.#piece.read(batch, row, group.blanks)
      this.#offer(batch, group, this.#piece)
      return
    }
    const state = grouping.begin(batch.bytes, start, end)
    if (state === closed || (flags & Flag.truncated) !== 0) {
      this.#pass(batch, row)
      return
    }
    this.#piece.read(batch, row, 0)
    group.begin(this.#piece, state)
    group.lastTime = this.#piece.ownTime
  }

  /** The row stays as it is. measured: where none was joined before it, this is 40 ns faster than to read and to write it. */
  #pass(batch: Batch, row: number): void {
    const to = this.#row++
    if (to === row) return
    const error = batch.errors[row]!
    this.#piece.read(batch, row, 0)
    this.#piece.write(batch, to)
    batch.errors[to] = error
  }

  #blank(batch: Batch, group: LineGroup, blanks: number): void {
    if (group.isEmpty) return
    const state = this.#options.grouping.blank(group.state)
    if (state >= 0) {
      group.state = state
      group.blanks += blanks
      return
    }
    const all = group.blanks + blanks
    const again = group.waiting.splice(0, group.waits)
    this.#giveOut(batch, group, 0)
    for (const one of again) this.#offerAgain(batch, group, one)
    if (again.length > 0) this.#blank(batch, group, all)
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
    if (isUndecided && !group.canWait(piece)) {
      this.#beginAfter(batch, group, piece, false)
      return
    }
    const { maxLines, maxBytes } = this.#options
    if (group.lines + group.waits >= maxLines || group.bytesWith(piece) > maxBytes) {
      this.#beginAfter(batch, group, piece, true)
      return
    }
    group.lastTime = piece.ownTime
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
    group.lastTime = piece.ownTime
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
    for (const one of again) this.#offerAgain(batch, group, one)
    this.#offerAgain(batch, group, last)
  }

  /** The lines without content before it come again, too. */
  #offerAgain(batch: Batch, group: LineGroup, piece: Piece): void {
    if (piece.blanks > 0) this.#blank(batch, group, piece.blanks)
    piece.blanks = group.blanks
    this.#offer(batch, group, piece)
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
      for (const one of again) this.#offerAgain(batch, group, one)
    }
  }

  /** Makes a row of the lines that are in the group. */
  #giveOut(batch: Batch, group: LineGroup, flags: number): void {
    const { whole } = group
    group.place(batch, this.#options.arena)
    whole.flags |= flags
    whole.write(batch, this.#row++)
    group.clear()
  }

  /** Reads the lines of a group again whose content was given up. False if they can not be read now; then nothing has changed. */
  #restore(group: LineGroup, source: Source): boolean {
    const { position, to, flags } = group.whole
    const { scratch } = this.#options.budget
    const { arena, batch } = scratch
    const all = { grouping: everything, maxLines: Infinity, maxBytes: Infinity, timeoutMs: Infinity }
    const own = { arena, budget: new HeldBudget(Infinity), only: flags & Flag.stderr, splitGroups: { value: 0 } }
    const again = new MultilineFramer({ ...this.#options, ...all, ...own })
    const span = { from: position, to }
    if (!readAgain(source, span, scratch, isLast => again.frame(batch, arena.lines, Infinity, isLast))) return false
    for (let row = 0; row < batch.rows; row++) {
      if (batch.positions[row] === position) group.held.restoreFrom(batch.bytes, batch.starts[row]!, batch.ends[row]!)
    }
    return true
  }
}

const everything: Grouping = { begin: () => 0, next: () => 0, blank: () => 0 }
