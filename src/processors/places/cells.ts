import type { Batch } from '../../core/batch.ts'
import { Flag, Kind } from '../../core/row.ts'
import { IsoTimes } from '../../scan/iso-times.ts'
import { severityOf, severityTexts } from '../../scan/severity.ts'
import { TimeScanner } from '../../scan/time.ts'
import { spanIdOf, traceIdOf } from '../../scan/trace-id.ts'
import { allColumns, type Column } from './names.ts'
import { SharedText } from './shared-text.ts'

/** The value of one column in the rows of a batch. */
export interface Cell {
  /** The value that `find` found last. */
  readonly start: number
  readonly end: number
  readonly kind: number
  /** To be called before the rows of a batch. */
  open(batch: Batch): void
  find(row: number): boolean
  /** Whether the row itself, or a step, has said what it is. */
  isSaid(row: number): boolean
  /** False where the column can not hold this, and then nothing has changed. */
  put(row: number, start: number, end: number, kind: number): boolean
  remove(row: number): void
}

export function cells(): Readonly<Record<Column, Cell>> {
  return {
    time: new TimeCell(),
    level: new LevelCell(),
    service: new TextCell('service'),
    trace: new IdCell('traceId'),
    span: new IdCell('spanId'),
    agent: new TextCell('agentId'),
    body: new BodyCell()
  }
}

/** Columns whose values are spans. */
const spans = { service: 'service', trace: 'traceId', span: 'spanId', agent: 'agentId', body: 'body' } as const

/** The column that holds what stands in a consumed field, as it stands there. */
export function columnWith(batch: Batch, row: number, field: number): Column | undefined {
  const start = batch.fieldStart[field]!
  return allColumns.find(column => {
    if (column === 'time' || column === 'level') return false
    const { kind, start: starts } = batch[spans[column]]
    return kind[row] !== Kind.absent && starts[row] === start
  })
}

class TextCell implements Cell {
  start = 0
  end = 0
  kind = 0
  protected batch!: Batch
  protected readonly column: (typeof spans)[Column & keyof typeof spans]

  constructor(column: (typeof spans)[Column & keyof typeof spans]) {
    this.column = column
  }

  open(batch: Batch): void {
    this.batch = batch
  }

  find(row: number): boolean {
    const { start, end, kind } = this.batch[this.column]
    this.start = start[row]!
    this.end = end[row]!
    this.kind = kind[row]!
    return this.kind !== Kind.absent
  }

  isSaid(row: number): boolean {
    return this.batch[this.column].kind[row] !== Kind.absent
  }

  /** An empty name is none. */
  put(row: number, start: number, end: number, kind: number): boolean {
    if (kind === Kind.null || kind === Kind.absent) return false
    if (start === end) this.remove(row)
    else this.set(row, start, end, kind)
    return true
  }

  remove(row: number): void {
    this.batch[this.column].kind[row] = Kind.absent
  }

  /** Numbers and truths are text there; so are objects, which have quotes in them. */
  protected set(row: number, from: number, to: number, as: number): void {
    const { start, end, kind } = this.batch[this.column]
    start[row] = from
    end[row] = to
    kind[row] = as <= Kind.jsonText ? as : as === Kind.json ? Kind.text : Kind.plain
  }
}

/** A row always has a message: without one it is empty. */
class BodyCell extends TextCell {
  constructor() {
    super('body')
  }

  override put(row: number, start: number, end: number, kind: number): boolean {
    if (kind === Kind.null || kind === Kind.absent) return false
    this.set(row, start, end, kind)
    return true
  }

  override remove(row: number): void {
    const at = this.batch.starts[row]!
    this.set(row, at, at, Kind.plain)
  }
}

class IdCell extends TextCell {
  override put(row: number, start: number, end: number, kind: number): boolean {
    const isTrace = this.column === 'traceId'
    const at = (isTrace ? traceIdOf : spanIdOf)(this.batch, start, end, kind)
    if (at < 0) return false
    this.set(row, at, at + (isTrace ? 32 : 16), Kind.plain)
    return true
  }
}

class LevelCell implements Cell {
  start = 0
  end = 0
  readonly kind = Kind.plain
  readonly #texts = severityTexts.map(text => new SharedText(text))
  #batch!: Batch

  open(batch: Batch): void {
    this.#batch = batch
    for (const text of this.#texts) text.open()
  }

  find(row: number): boolean {
    const severity = this.#batch.severity[row]!
    if (severity === 0) return false
    const text = this.#texts[severity]!
    text.place(this.#batch)
    this.start = text.start
    this.end = text.end
    return true
  }

  isSaid(row: number): boolean {
    return this.#batch.severity[row] !== 0
  }

  put(row: number, start: number, end: number, kind: number): boolean {
    const severity = severityOf(this.#batch.bytes, start, end, kind)
    if (severity === 0) return false
    this.#batch.severity[row] = severity
    return true
  }

  remove(row: number): void {
    this.#batch.severity[row] = 0
  }
}

class TimeCell implements Cell {
  start = 0
  end = 0
  readonly kind = Kind.plain
  readonly #times = new TimeScanner('UTC')
  readonly #iso = new IsoTimes()
  #batch!: Batch

  open(batch: Batch): void {
    this.#batch = batch
    this.#times.now = batch.readTime
  }

  find(row: number): boolean {
    const batch = this.#batch
    const ms = batch.time[row]!
    if (!this.#iso.has(ms)) return false
    const start = batch.overlay(IsoTimes.length)
    this.start = start
    this.end = batch.used = this.#iso.write(ms, batch.nanos[row]!, batch.bytes, start)
    return true
  }

  isSaid(row: number): boolean {
    return (this.#batch.flags[row]! & Flag.timeRead) === 0
  }

  put(row: number, start: number, end: number, kind: number): boolean {
    const batch = this.#batch
    const times = this.#times
    if (!times.parse(batch.bytes, start, end, kind)) return false
    batch.time[row] = times.ms
    batch.nanos[row] = times.nanos
    batch.flags[row]! &= ~Flag.timeRead
    return true
  }

  /** A row always has a time. */
  remove(): void {}
}
