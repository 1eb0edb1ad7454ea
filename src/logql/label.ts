import type { Batch, Column } from '../core/batch.ts'
import { Kind } from '../core/row.ts'

const nothing = Buffer.alloc(0)

/** Columns of the fields that all rows have. */
export const columns = { service_name: 'service', trace_id: 'traceId', span_id: 'spanId', agent_id: 'agentId' } as const

/** Finds the value of a label for the rows of a batch, as bytes. */
export abstract class Label {
  /** Where the value is that `find` found last. Without one it is empty. */
  bytes: Uint8Array = nothing
  start = 0
  end = 0
  /** All rows of the batch have the same. */
  isConstant = false
  /** No row of the batch has it, that is known before they are looked at. */
  isAbsent = false

  /** To be called before the rows of a batch are looked at. `errors` are numbers of `rowErrors`, by row. */
  abstract open(batch: Batch, errors: Uint8Array): void
  /** Whether the row has the label. */
  abstract find(row: number): boolean

  get text(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length).utf8Slice(this.start, this.end)
  }

  protected set(bytes: Uint8Array, start: number, end: number): true {
    this.bytes = bytes
    this.start = start
    this.end = end
    return true
  }

  protected setText(text: string): true {
    const bytes = Buffer.from(text)
    return this.set(bytes, 0, bytes.length)
  }

  protected setNone(): false {
    this.start = 0
    this.end = 0
    return false
  }

  /** Takes a value out of the batch; objects and lists are none, nor is null. */
  protected setSpan(batch: Batch, kind: number, start: number, end: number): boolean {
    if (kind === Kind.absent || kind >= Kind.null) return this.setNone()
    if (kind !== Kind.jsonText) return this.set(batch.bytes, start, end)
    return this.setText(JSON.parse(`"${batch.text(start, end)}"`) as string)
  }
}

export class ColumnLabel extends Label {
  readonly #name: (typeof columns)[keyof typeof columns]
  #batch!: Batch
  #column!: Column

  constructor(name: (typeof columns)[keyof typeof columns]) {
    super()
    this.#name = name
  }

  open(batch: Batch): void {
    this.#batch = batch
    this.#column = batch[this.#name]
  }

  find(row: number): boolean {
    const { kind, start, end } = this.#column
    return this.setSpan(this.#batch, kind[row]!, start[row]!, end[row]!)
  }
}
