import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import type { Position, Source } from '../../core/source.ts'
import type { TimeScanner } from '../../scan/time.ts'
import { ContainerLine, longestPart } from './container-line.ts'
import { Held, HeldBudget } from './held.ts'
import { LineFramer } from './lines.ts'
import { readAgain } from './read-again.ts'

/**
 * A record of one stream that came in parts and whose last part is not here yet. The framer has one for each stream, for all records
 * of it, one after the other: it begins with the first part, appends every part, then gives out `held` and clears it.
 */
export class PartialRecord {
  /** The joined content, and where the record begins. */
  readonly held: Held
  /** The flag of its stream: `Flag.stderr`, or 0. */
  readonly stream: number
  /** The time of its first part, if that could be read. */
  hasTime = false
  time = 0
  nanos = 0
  /** Source position behind its last part. */
  to: Position = 0
  readonly #maxLineBytes: number
  readonly #budget: HeldBudget

  constructor(stream: number, maxLineBytes: number, budget: HeldBudget) {
    this.stream = stream
    this.held = new Held(maxLineBytes, budget)
    this.#maxLineBytes = maxLineBytes
    this.#budget = budget
  }

  get isBegun(): boolean {
    return this.held.from >= 0
  }

  /** `time` has just read the first part's. */
  begin(from: Position, hasTime: boolean, time: TimeScanner): void {
    this.held.from = from
    this.hasTime = hasTime
    this.time = time.ms
    this.nanos = time.nanos
  }

  /** Takes the content of a line, which ends in the source before `to`. */
  append(bytes: Buffer, line: ContainerLine, to: Position): void {
    join(this.held, bytes, line)
    this.to = to
  }

  /** Reads the parts again, whose content was given up. False if they can not be read now; then nothing has changed. */
  restore(source: Source): boolean {
    const { arena, batch } = this.#budget.scratch
    const unlimited = new HeldBudget(Infinity)
    const lines = new LineFramer({ maxLineBytes: longestPart(this.#maxLineBytes), arena, budget: unlimited })
    const held = new Held(this.#maxLineBytes, unlimited)
    const span = { from: this.held.from, to: this.to }
    const isRead = readAgain(source, span, this.#budget.scratch, isLast => {
      const next = lines.cut(batch, arena.lines, Infinity, isLast)
      this.#gather(batch, held)
      return next
    })
    if (!isRead) return false
    this.held.take(held)
    return true
  }

  /** All lines of a stream, from the first part of a record to its last, are parts of it. */
  #gather(batch: Batch, held: Held): void {
    const line = new ContainerLine()
    const isStderr = this.stream === Flag.stderr
    for (let row = 0; row < batch.rows; row++) {
      if (line.read(batch, row) && line.isStderr === isStderr) join(held, batch.bytes, line)
    }
  }
}

function join(held: Held, bytes: Buffer, line: ContainerLine): void {
  if (line.isEscaped) held.appendUnescaped(bytes, line.start, line.end)
  else held.append(bytes, line.start, line.end)
}
