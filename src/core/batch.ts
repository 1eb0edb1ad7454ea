import { Fate, Kind, Use } from './row.ts'
import type { Source } from './source.ts'
import { float64s, grown, int32s, uint8s, type Workspace } from './workspace.ts'

/** Spans and kinds of one value, for every row of the batch. `kind` is `Kind.absent` where the row has none. */
export interface Column {
  readonly start: Int32Array
  readonly end: Int32Array
  readonly kind: Uint8Array
}

/** Of a batch that has no workspace. */
const initialRows = 4096
const initialFields = 16384
/** A row takes two bytes of a chunk at least, and a chunk a quarter of `bytes`. */
const rowsOf = (bytes: number): number => bytes / 8 + 64

/** What the columns of a batch of so many bytes take of a workspace: 94 bytes a row and 18 a field. */
export function columnBytes(bytes: number): number {
  return rowsOf(bytes) * 128
}

/**
 * One chunk of bytes as columns of numbers. A shard owns one Batch and fills it again for each chunk: whatever outlives the
 * synchronous journey from `read` to `encode` must be copied out of it.
 *
 * ```
 * bytes  |<- size: the chunk ->|<- overlay: values we made ->|        all spans point into this one address space
 * marks  positions of `"`, `\` and control characters in row order, closed by a sentinel; mark[row] is a row's first
 * fields linked list per row: firstField[row] → fieldNext[field] → … → -1, in the order of the row
 * ```
 */
export class Batch {
  /** The chunk, then the overlay. May be replaced by a larger one when the overlay grows; never keep a reference. */
  bytes: Buffer
  /** End of the chunk in `bytes`. */
  size = 0
  /** End of the overlay in `bytes`. */
  used = 0
  /** Position in the source of `bytes[0]`. */
  base = 0
  /** Wall-clock time of the read, epoch ms. */
  readTime = 0
  rows = 0
  /** The highest number that `Marks` returned for a decision these rows rest on (see `Marks.choose`); 0 is none. */
  barrier = 0
  /** The steps of the pipeline have had these rows: they come again for an output that is behind. Told where a step counts rows
   * (`Processor.family`). */
  isRepeat = false
  /** These rows were written a moment ago: the source had been read to its end right before. */
  isLive = false
  /** Bytes of the source that were cut off these rows, as they were too long. */
  cutBytes = 0
  /** The whole chunk is valid UTF-8. Where it is not, ask `Flag.invalidUtf8` of a row. */
  isUtf8 = true
  source!: Source

  /** Span of a row's content in `bytes`: without line end, without container prefix. */
  starts: Int32Array
  ends: Int32Array
  /** Where the record starts in the source, and how many source bytes it takes with its line end. */
  positions: Float64Array
  lengths: Int32Array
  flags: Uint8Array
  /** Index into `parseErrors`. */
  errors: Uint8Array
  fate: Uint8Array

  marks = new Int32Array(0)
  mark: Int32Array

  /** Epoch ms, and the rest in nanoseconds (0 to 999,999). */
  time: Float64Array
  nanos: Int32Array
  /** OpenTelemetry severity number 1 to 24; 0 is unknown. */
  severity: Uint8Array
  service: Column
  traceId: Column
  spanId: Column
  agentId: Column
  /** The message. Where absent, the row itself is the message. */
  body: Column

  firstField: Int32Array
  lastField: Int32Array
  fields = 0
  /** Id in the shard's `Keys`. */
  fieldKey: Int32Array
  fieldStart: Int32Array
  fieldEnd: Int32Array
  fieldKind: Uint8Array
  fieldNext: Int32Array
  fieldUse: Uint8Array

  /** Where the columns lie, unless they had to grow: see `inWorkspace`. */
  readonly workspace: Workspace | undefined
  readonly #home: Buffer
  #view: DataView
  #viewOf: Buffer

  /** With a workspace, `bytes` stands at its address 0 and columns are large enough for all rows of a chunk. */
  constructor(bytes: Buffer, workspace?: Workspace) {
    this.bytes = bytes
    this.workspace = workspace
    this.#home = bytes
    this.#viewOf = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const rows = workspace === undefined ? initialRows : rowsOf(bytes.length)
    const fields = workspace === undefined ? initialFields : rowsOf(bytes.length)
    const numbers = (count: number): Int32Array => int32s(workspace, count)
    const small = (count: number): Uint8Array => uint8s(workspace, count)
    const column = (): Column => ({ start: numbers(rows), end: numbers(rows), kind: small(rows) })
    this.starts = numbers(rows)
    this.ends = numbers(rows)
    this.positions = float64s(workspace, rows)
    this.lengths = numbers(rows)
    this.flags = small(rows)
    this.errors = small(rows)
    this.fate = small(rows)
    this.mark = numbers(rows)
    this.time = float64s(workspace, rows)
    this.nanos = numbers(rows)
    this.severity = small(rows)
    this.service = column()
    this.traceId = column()
    this.spanId = column()
    this.agentId = column()
    this.body = column()
    this.firstField = numbers(rows)
    this.lastField = numbers(rows)
    this.fieldKey = numbers(fields)
    this.fieldStart = numbers(fields)
    this.fieldEnd = numbers(fields)
    this.fieldKind = small(fields)
    this.fieldNext = numbers(fields)
    this.fieldUse = small(fields)
  }

  /** Whether kernels can be used: bytes and columns lie in the workspace. A row whose overlay is larger than the chunk moves the
   * bytes elsewhere until the next chunk, more fields than a chunk should have move the columns for good. */
  get inWorkspace(): boolean {
    const buffer = this.workspace?.buffer
    return this.bytes === this.#home && this.starts.buffer === buffer && this.fieldUse.buffer === buffer
  }

  /** `bytes`, for reading words. Take it anew for each batch, and behind anything that may add to the overlay. */
  get view(): DataView {
    const { bytes } = this
    if (bytes !== this.#viewOf) {
      this.#viewOf = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    return this.#view
  }

  /** Forgets all rows and fields; the arrays keep their size. */
  clear(): void {
    this.rows = 0
    this.fields = 0
    this.barrier = 0
    this.cutBytes = 0
    this.used = this.size
  }

  /** Starts a row and returns its number. Every per-row number that later steps add to starts at its "none". */
  addRow(start: number, end: number, position: number, length: number, mark: number): number {
    const row = this.rows
    if (row === this.starts.length) this.#growRows()
    this.rows = row + 1
    this.starts[row] = start
    this.ends[row] = end
    this.positions[row] = position
    this.lengths[row] = length
    this.mark[row] = mark
    this.flags[row] = 0
    this.errors[row] = 0
    this.fate[row] = Fate.kept
    this.firstField[row] = -1
    this.lastField[row] = -1
    this.severity[row] = 0
    this.service.kind[row] = Kind.absent
    this.traceId.kind[row] = Kind.absent
    this.spanId.kind[row] = Kind.absent
    this.agentId.kind[row] = Kind.absent
    this.body.kind[row] = Kind.absent
    return row
  }

  /** Adds a field behind the row's last one. */
  addField(row: number, key: number, start: number, end: number, kind: number): void {
    const field = this.fields
    if (field === this.fieldKey.length) this.#growFields()
    this.fields = field + 1
    this.fieldKey[field] = key
    this.fieldStart[field] = start
    this.fieldEnd[field] = end
    this.fieldKind[field] = kind
    this.fieldUse[field] = Use.attribute
    this.fieldNext[field] = -1
    const last = this.lastField[row]!
    if (last < 0) this.firstField[row] = field
    else this.fieldNext[last] = field
    this.lastField[row] = field
  }

  /** Takes the fields of a row back, down to `fields` as it stood before its parser began. */
  dropFields(row: number, fields: number): void {
    this.fields = fields
    this.firstField[row] = -1
    this.lastField[row] = -1
  }

  /** Reserves `length` bytes of overlay and returns where they start; the caller fills them through `this.bytes`. */
  overlay(length: number): number {
    const start = this.used
    if (start + length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, start + length))
      this.bytes.copy(larger, 0, 0, start)
      this.bytes = larger
    }
    this.used = start + length
    return start
  }

  /** The bytes of a span as text. For tests, the terminal and rare paths: never per row in a pipeline. */
  text(start: number, end: number): string {
    return this.bytes.utf8Slice(start, end)
  }

  #growRows(): void {
    const rows = this.starts.length * 2
    for (const name of ['starts', 'ends', 'lengths', 'mark', 'nanos', 'firstField', 'lastField'] as const) {
      this[name] = grown(this[name], new Int32Array(rows))
    }
    for (const name of ['flags', 'errors', 'fate', 'severity'] as const) {
      this[name] = grown(this[name], new Uint8Array(rows))
    }
    this.positions = grown(this.positions, new Float64Array(rows))
    this.time = grown(this.time, new Float64Array(rows))
    for (const name of ['service', 'traceId', 'spanId', 'agentId', 'body'] as const) {
      const [start, end] = (['start', 'end'] as const).map(part => grown(this[name][part], new Int32Array(rows)))
      this[name] = { start: start!, end: end!, kind: grown(this[name].kind, new Uint8Array(rows)) }
    }
  }

  #growFields(): void {
    const fields = this.fieldKey.length * 2
    for (const name of ['fieldKey', 'fieldStart', 'fieldEnd', 'fieldNext'] as const) {
      this[name] = grown(this[name], new Int32Array(fields))
    }
    for (const name of ['fieldKind', 'fieldUse'] as const) this[name] = grown(this[name], new Uint8Array(fields))
  }
}
