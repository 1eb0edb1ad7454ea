import type { Batch } from '../../core/batch.ts'
import { Flag, Kind } from '../../core/row.ts'
import type { Source } from '../../core/source.ts'
import type { Parser } from '../../core/steps.ts'
import { grown } from '../../core/workspace.ts'
import { copyBytes, unescape } from '../../scan/text.ts'

const quote = 0x22
const backslash = 0x5c
const behindAll = 0x7fffffff
/** What is kept of a row while its value stands in its place. */
const kept = ['starts', 'ends', 'mark', 'firstField', 'lastField', 'flags', 'errors'] as const

/** `auto` reads JSON and pairs then, and chooses nothing for the source. */
const marks: Source['marks'] = { nextCut: () => Infinity, addCut: () => 0, parser: 'logfmt', choose: () => 0 }

/** Lets a parser read values as if they were rows: each takes the place of its row for a while. */
export class ValueRows {
  /** Their rows, in order. */
  rows = new Int32Array(256)
  count = 0
  /** What the parser said of each: an index into `parseErrors`, and the first of its fields or -1. */
  errors = new Uint8Array(256)
  firstFields = new Int32Array(256)
  readonly #parser: Parser
  #starts = new Int32Array(256)
  #ends = new Int32Array(256)
  /** By value: index of its first mark. */
  #firstMarks = new Int32Array(256)
  #marks = new Int32Array(1024)
  #marked = 0
  /** By value, `kept` one behind the other. */
  #kept = new Int32Array(256 * kept.length)
  #batch!: Batch
  #source: Source | undefined
  #stand: Source | undefined

  constructor(parser: Parser) {
    this.#parser = parser
  }

  open(batch: Batch): void {
    this.#batch = batch
    this.count = 0
    this.#marked = 0
    if (batch.source === this.#source) return
    this.#source = batch.source
    this.#stand = Object.create(batch.source, { marks: { value: marks } }) as Source
  }

  /** Notes a value for its row. Its bytes are copied: those of the row's own fields are written, too. */
  add(row: number, start: number, end: number, kind: number): void {
    const batch = this.#batch
    const index = this.count++
    if (index === this.rows.length) this.#grow()
    const at = batch.overlay(end - start)
    const { bytes } = batch
    if (kind === Kind.jsonText) batch.used = unescape(bytes, start, end, bytes, at)
    else copyBytes(bytes, start, end, bytes, at)
    this.rows[index] = row
    this.#starts[index] = at
    this.#ends[index] = batch.used
    this.#firstMarks[index] = this.#marked
    this.#mark(at, batch.used)
  }

  /** Parses all of them; rows that follow each other in one go. */
  parse(): void {
    const batch = this.#batch
    const { rows, source, marks } = batch
    this.#marks[this.#marked] = behindAll
    batch.marks = this.#marks
    batch.source = this.#stand!
    for (let from = 0; from < this.count; ) {
      let to = from + 1
      while (to < this.count && this.rows[to] === this.rows[to - 1]! + 1) to++
      for (let index = from; index < to; index++) this.#enter(index)
      batch.rows = this.rows[to - 1]! + 1
      this.#parser.parse(batch, this.rows[from])
      for (let index = from; index < to; index++) this.#leave(index)
      from = to
    }
    batch.rows = rows
    batch.source = source
    batch.marks = marks
  }

  #enter(index: number): void {
    const batch = this.#batch
    const row = this.rows[index]!
    let at = index * kept.length
    for (const name of kept) this.#kept[at++] = batch[name][row]!
    batch.starts[row] = this.#starts[index]!
    batch.ends[row] = this.#ends[index]!
    batch.mark[row] = this.#firstMarks[index]!
    batch.firstField[row] = -1
    batch.lastField[row] = -1
    batch.flags[row]! &= ~(Flag.unparsed | Flag.emptyKey)
    batch.errors[row] = 0
  }

  #leave(index: number): void {
    const batch = this.#batch
    const row = this.rows[index]!
    const isRefused = (batch.flags[row]! & Flag.unparsed) !== 0
    this.errors[index] = isRefused ? batch.errors[row]! : 0
    this.firstFields[index] = isRefused ? -1 : batch.firstField[row]!
    const emptyKey = isRefused ? 0 : batch.flags[row]! & Flag.emptyKey
    let at = index * kept.length
    for (const name of kept) batch[name][row] = this.#kept[at++]!
    batch.flags[row]! |= emptyKey
  }

  /** Notes where quotes, backslashes and control characters stand. */
  #mark(start: number, end: number): void {
    const { bytes } = this.#batch
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte >= 0x20 && byte !== quote && byte !== backslash) continue
      if (this.#marked + 1 === this.#marks.length)
        this.#marks = grown(this.#marks, new Int32Array(this.#marked * 2 + 2))
      this.#marks[this.#marked++] = at
    }
  }

  #grow(): void {
    const length = this.rows.length * 2
    this.rows = grown(this.rows, new Int32Array(length))
    this.errors = grown(this.errors, new Uint8Array(length))
    this.firstFields = grown(this.firstFields, new Int32Array(length))
    this.#starts = grown(this.#starts, new Int32Array(length))
    this.#ends = grown(this.#ends, new Int32Array(length))
    this.#firstMarks = grown(this.#firstMarks, new Int32Array(length))
    this.#kept = grown(this.#kept, new Int32Array(length * kept.length))
  }
}
