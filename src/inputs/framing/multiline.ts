import type { Batch } from '../../core/batch.ts'
import type { Grouping } from '../../core/grouping.ts'
import { Flag } from '../../core/row.ts'
import type { Position, Source } from '../../core/source.ts'
import type { Framer, Lines } from '../../core/steps.ts'
import { BlankLines } from './blank-lines.ts'
import { GroupRows } from './group-rows.ts'
import { HeldBudget } from './held.ts'
import { LineGroup } from './line-group.ts'
import type { LineSource, MultilineOptions } from './multiline-options.ts'
import { readAgain } from './read-again.ts'

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
  readonly #blanks: BlankLines
  readonly #rows: GroupRows

  constructor(options: MultilineOptions) {
    const { arena, budget } = options
    this.#options = options
    this.#blanks = new BlankLines(options.lineEnd)
    this.#rows = new GroupRows(options)
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
    this.#rows.open(batch)
    for (let row = first; row < rows; row++) this.#take(batch, row)
    const blanks = this.#blanks.to(batch, Math.min(batch.base + next, this.#lines.heldFrom))
    if (blanks > 0) this.#rows.addBlanks(this.#groups[0]!, blanks)
    const isOver = final || batch.base + next === cutAt
    for (const group of this.#groups) {
      if (isOver) this.#rows.end(group)
      else group.keep(batch)
    }
    batch.rows = this.#rows.count
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
    if (more === 0) return 0
    const { rows } = batch
    for (let i = 0; i < more; i++) batch.addRow(0, 0, 0, 0, 0)
    for (const array of columnsOf(batch)) array.copyWithin(more, 0, rows)
    return more
  }

  #take(batch: Batch, row: number): void {
    const rows = this.#rows
    const flags = batch.flags[row]!
    const { only } = this.#options
    // a record that no runtime wrote is of no stream
    if (batch.errors[row] !== 0) {
      rows.pass(row)
      return
    }
    if (only !== undefined && (flags & Flag.stderr) !== only) return
    const group = this.#groups[(flags & Flag.stderr) === 0 ? 0 : 1]!
    const blanks = this.#blanks.before(batch, row)
    if (blanks > 0) rows.addBlanks(group, blanks)
    if (!this.#groups[0]!.isEmpty || !this.#groups[1]!.isEmpty) this.#endSilent(batch, row, flags)
    if (batch.ends[row] === batch.starts[row]) rows.addBlanks(group, 1)
    else rows.add(group, row)
  }

  /** Gives out groups to which nothing came for longer than the timeout, as far as the line at hand tells. */
  #endSilent(batch: Batch, row: number, flags: number): void {
    const hasTime = (flags & Flag.hasTime) !== 0
    for (const group of this.#groups) {
      if (group.isEmpty) continue
      const isLate = hasTime && batch.time[row]! > group.lastTime + this.#options.timeoutMs
      if (isLate && group.lastTime !== -Infinity) this.#rows.end(group)
      else if (batch.positions[row]! - group.whole.position > longestGroup) this.#rows.split(group)
    }
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

function columnsOf(batch: Batch): readonly (Int32Array | Uint8Array | Float64Array)[] {
  const { starts, ends, mark, positions, lengths, flags, errors, time, nanos } = batch
  return [starts, ends, mark, positions, lengths, flags, errors, time, nanos]
}
