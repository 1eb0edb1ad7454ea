import type { Batch, Column } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Kind } from '../core/row.ts'
import type { Source } from '../core/source.ts'
import { severityTexts } from '../scan/severity.ts'
import { type Json, kinshipOf, Kinship, memberValue, resourceValue } from './names.ts'

const nothing = Buffer.alloc(0)
const levels = severityTexts.map(text => Buffer.from(text))

/** Columns of the fields that all rows have. */
export const columns = { service_name: 'service', trace_id: 'traceId', span_id: 'spanId', agent_id: 'agentId' } as const

/** What a stage could not do with a row; by number, as rows carry it. */
export const rowErrors = [
  '',
  'LabelFilterErr',
  'JSONParserErr',
  'LogfmtParserErr',
  'RegexpParserErr',
  'SampleExtractionErr'
] as const
export type RowError = (typeof rowErrors)[number]
const errorTexts = rowErrors.map(text => Buffer.from(text))

/** Finds the value of a label for the rows of a batch, as bytes. */
export abstract class Label {
  /** Where the value is that `find` found last. Without one it is empty. */
  bytes: Uint8Array = nothing
  start = 0
  end = 0
  /** All rows of the batch have the same. */
  isConstant = false

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

export function labelFor(name: string, keys: Keys): Label {
  if (name === '__error__') return new ErrorLabel()
  if (name === 'level') return new LevelLabel()
  if (name === 'agent_id') return new AgentLabel()
  if (Object.hasOwn(columns, name)) return new ColumnLabel(columns[name as keyof typeof columns])
  return new FieldLabel(name, keys)
}

class ErrorLabel extends Label {
  #errors: Uint8Array = nothing

  open(_: Batch, errors: Uint8Array): void {
    this.#errors = errors
  }

  find(row: number): boolean {
    const text = errorTexts[this.#errors[row]!]!
    return this.set(text, 0, text.length) && text.length > 0
  }
}

class LevelLabel extends Label {
  #severity: Uint8Array = nothing

  open({ severity }: Batch): void {
    this.#severity = severity
  }

  find(row: number): boolean {
    const text = levels[this.#severity[row]!]!
    return this.set(text, 0, text.length) && text.length > 0
  }
}

class ColumnLabel extends Label {
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

/** All rows have it: one that names no agent is of that of its source, else of its service on this host. */
class AgentLabel extends ColumnLabel {
  readonly #service = new ColumnLabel('service')
  #source: Source | undefined
  #kind: Uint8Array = nothing
  /** Of the source; or of the last row that named none, and the service of that. */
  #agent: Buffer = nothing
  #ofService: Uint8Array | undefined
  #host = ''

  constructor() {
    super('agentId')
  }

  override open(batch: Batch): void {
    super.open(batch)
    this.#service.open(batch)
    this.#kind = batch.agentId.kind
    if (batch.source === this.#source) return
    this.#source = batch.source
    this.#agent = Buffer.from(batch.source.agent)
    this.#ofService = undefined
    this.#host = batch.source.resource['host.name'] ?? ''
  }

  override find(row: number): boolean {
    const kind = this.#kind[row]!
    if (kind !== Kind.absent && kind < Kind.null) return super.find(row)
    if (this.#source!.agent === '') this.#findByService(row)
    return this.set(this.#agent, 0, this.#agent.length) && this.#agent.length > 0
  }

  #findByService(row: number): void {
    const service = this.#service
    const isNamed = service.find(row)
    const { bytes, start, end } = service
    if (this.#ofService !== undefined && isSame(this.#ofService, bytes, start, end)) return
    this.#ofService = new Uint8Array(bytes.subarray(start, end))
    this.#agent = Buffer.from(isNamed ? `${service.text}@${this.#host}` : this.#host)
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = start; i < end; i++) if (bytes[i] !== known[i - start]) return false
  return true
}

/** A constant field of the source, else a field of the row. */
class FieldLabel extends Label {
  readonly #name: string
  readonly #keys: Keys
  /** By key id. */
  #kinship = new Uint8Array(1024)
  #known = 0
  #generation = -1
  #source: Source | undefined
  #batch!: Batch

  constructor(name: string, keys: Keys) {
    super()
    this.#name = name
    this.#keys = keys
  }

  open(batch: Batch): void {
    this.#batch = batch
    this.#learnKeys()
    if (batch.source === this.#source) return
    this.#source = batch.source
    const value = resourceValue(this.#name, batch.source.resource)
    this.isConstant = value !== undefined
    if (value !== undefined) this.setText(value)
  }

  find(row: number): boolean {
    if (this.isConstant) return true
    const { firstField, fieldNext, fieldKey, fieldKind, fieldStart, fieldEnd } = this.#batch
    const kinship = this.#kinship
    let hasOuter = false
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      const kin = kinship[fieldKey[field]!]
      if (kin === Kinship.same && fieldKind[field]! < Kind.null)
        return this.setSpan(this.#batch, fieldKind[field]!, fieldStart[field]!, fieldEnd[field]!)
      if (kin === Kinship.outer && fieldKind[field] === Kind.json) hasOuter = true
    }
    return hasOuter ? this.#findInObjects(row) : this.setNone()
  }

  #findInObjects(row: number): boolean {
    const { firstField, fieldNext, fieldKey, fieldKind, fieldStart, fieldEnd } = this.#batch
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      const key = fieldKey[field]!
      if (this.#kinship[key] !== Kinship.outer || fieldKind[field] !== Kind.json) continue
      const json = this.#batch.text(fieldStart[field]!, fieldEnd[field]!)
      const found = json.startsWith('{')
        ? memberValue({ [this.#keys.names[key]!]: JSON.parse(json) as Json }, this.#name)
        : undefined
      if (found !== undefined) return this.setText(found)
    }
    return this.setNone()
  }

  #learnKeys(): void {
    const { names, generation } = this.#keys
    if (generation !== this.#generation) this.#known = 0
    this.#generation = generation
    if (names.length > this.#kinship.length) {
      const larger = new Uint8Array(names.length * 2)
      larger.set(this.#kinship)
      this.#kinship = larger
    }
    for (let key = this.#known; key < names.length; key++) this.#kinship[key] = kinshipOf(names[key]!, this.#name)
    this.#known = names.length
  }
}
