import type { Batch, Column } from '../../core/batch.ts'
import { Fate, Flag, Kind, Use } from '../../core/row.ts'
import type { Keys } from '../../core/keys.ts'
import type { Body } from '../../core/output.ts'
import type { Source } from '../../core/source.ts'
import { type Ends, type Fragment, copyFragment, endsOf, fragmentOf, viewOf } from '../copy.ts'
import { type KeyForm, KeyTexts } from '../key-texts.ts'
import { checkOf, idTail, writeIdTail } from '../row-id.ts'
import { SourceTexts } from '../source-texts.ts'
import { writeSpanId, writeTraceId, traceFlagsOf } from './ids.ts'
import {
  type RecordOptions,
  type SourceBytes,
  errors,
  flagSets,
  scope,
  severities,
  sourceBytes,
  uidName
} from './source-bytes.ts'
import { writeUnixNanos } from './times.ts'
import { mostAnyBytes, writeAny } from './values.ts'
import { bytesField, closeLength, varintBytes } from './wire.ts'

/** Fields with their wire type: of ResourceLogs and ScopeLogs, then of LogRecord. */
const firstField = 0x0a
const secondField = 0x12
const timeField = 0x09
const bodyField = 0x2a
const attributeField = 0x32
const flagsField = 0x45
const observedField = 0x59
/** Of KeyValue. */
const valueField = 0x12

const serviceName = fragmentOf(bytesField(1, 'service.name'))
const agentId = fragmentOf(bytesField(1, 'agent.id'))
const keyForm: KeyForm = { textOf: name => fragmentOf(bytesField(1, name)), topKindsOf: () => 0 }

/**
 * Turns rows into log records. Each row is a request of its own (`ExportLogsServiceRequest` with one ResourceLogs of one record), so
 * that a dead letter is one, too; `request.ts` puts those of one resource together.
 */
export class RecordEncoder {
  readonly #options: RecordOptions
  readonly #sources = new SourceTexts<SourceBytes>()
  readonly #keys: KeyTexts
  readonly #shardKeys: Keys
  /** The key `trace_flags`. */
  #flagsKey = -1
  #traceFlags = 0
  /** The field for the time at which the batch was read. */
  #observed = fragmentOf(new Uint8Array())
  #readTime = Number.NaN
  #ends: Ends = endsOf(Buffer.alloc(0), Buffer.alloc(0))

  constructor(options: RecordOptions, keys: Keys) {
    this.#options = options
    this.#shardKeys = keys
    this.#keys = new KeyTexts(keys, keyForm)
  }

  encode(batch: Batch, body: Body): void {
    const source = this.#sources.get(batch.source) ?? this.#learn(batch.source)
    if (this.#keys.refresh() || this.#flagsKey < 0) this.#flagsKey = this.#shardKeys.add('trace_flags')
    if (batch.readTime !== this.#readTime) this.#observe(batch.readTime)
    for (let row = 0; row < batch.rows; row++) {
      if (batch.fate[row] !== Fate.kept) continue
      body.reserve(this.#mostBytes(batch, row, source))
      if (batch.bytes !== this.#ends.from || body.bytes !== this.#ends.into)
        this.#ends = endsOf(batch.bytes, body.bytes)
      body.at = this.#writeRow(batch, row, source, body.at)
      body.endRow(batch.positions[row]!, batch.lengths[row]!)
    }
  }

  #observe(readTime: number): void {
    const field = Buffer.of(observedField, 0, 0, 0, 0, 0, 0, 0, 0)
    writeUnixNanos(readTime, 0, viewOf(field), 1)
    this.#observed = fragmentOf(field)
    this.#readTime = readTime
  }

  #learn(source: Source): SourceBytes {
    const bytes = sourceBytes(source, this.#options, idTail)
    this.#sources.set(source, bytes)
    return bytes
  }

  #mostBytes(batch: Batch, row: number, source: SourceBytes): number {
    let most = source.most + mostOf(batch.service, row) + mostOf(batch.agentId, row)
    most +=
      batch.body.kind[row] === Kind.absent
        ? mostAnyBytes(Kind.text, batch.ends[row]! - batch.starts[row]!)
        : mostOf(batch.body, row)
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] !== Use.attribute) continue
      most += mostAnyBytes(batch.fieldKind[field]!, batch.fieldEnd[field]! - batch.fieldStart[field]!)
      most += this.#keys.text(batch.fieldKey[field]!).length + 48
    }
    return most
  }

  #writeRow(batch: Batch, row: number, source: SourceBytes, at: number): number {
    const { into, intoView } = this.#ends
    const width = varintBytes(source.likely + batch.ends[row]! - batch.starts[row]!)
    into[at] = firstField
    const resource = at + 1 + width
    let last = this.#writeResource(batch, row, source, resource)
    into[last] = secondField
    const logs = last + 1
    last = copyFragment(scope, intoView, logs + width)
    into[last] = secondField
    const record = last + 1
    last = this.#writeRecord(batch, row, source, record + width)
    last = closeLength(into, record, width, last)
    last = closeLength(into, logs, width, last)
    return closeLength(into, at + 1, width, last)
  }

  #writeResource(batch: Batch, row: number, source: SourceBytes, at: number): number {
    const { into, intoView } = this.#ends
    const { service } = batch
    const kind = service.kind[row]!
    const size = source.resource.length + (kind === Kind.absent ? source.service.length : 20)
    const width = varintBytes(size + (kind === Kind.absent ? 0 : service.end[row]! - service.start[row]!))
    into[at++] = firstField
    let last = copyFragment(source.resource, intoView, at + width)
    if (kind === Kind.absent) last = copyFragment(source.service, intoView, last)
    else {
      into[last] = firstField
      last = this.#writeKeyValue(serviceName, kind, service.start[row]!, service.end[row]!, last + 1)
    }
    return closeLength(into, at, width, last)
  }

  #writeRecord(batch: Batch, row: number, source: SourceBytes, at: number): number {
    const { into, intoView } = this.#ends
    if ((batch.flags[row]! & Flag.timeRead) === 0) {
      into[at] = timeField
      const last = writeUnixNanos(batch.time[row]!, batch.nanos[row]!, intoView, at + 1)
      // before 1970 there are no such times
      if (last > at + 1) at = last
    }
    at = copyFragment(severities[batch.severity[row]!]!, intoView, at)
    at = this.#writeBody(batch, row, at)
    this.#traceFlags = 0
    at = this.#writeAttributes(batch, row, source, at)
    if (this.#traceFlags !== 0) {
      into[at] = flagsField
      intoView.setUint32(at + 1, this.#traceFlags, true)
      at += 5
    }
    if (batch.traceId.kind[row] !== Kind.absent) at = writeTraceId(this.#ends, batch.traceId, row, at)
    if (batch.spanId.kind[row] !== Kind.absent) at = writeSpanId(this.#ends, batch.spanId, row, at)
    return copyFragment(this.#observed, intoView, at)
  }

  #writeBody(batch: Batch, row: number, at: number): number {
    const { into } = this.#ends
    const { body } = batch
    const isRow = body.kind[row] === Kind.absent
    const kind = isRow ? Kind.text : body.kind[row]!
    const start = isRow ? batch.starts[row]! : body.start[row]!
    const end = isRow ? batch.ends[row]! : body.end[row]!
    const width = varintBytes(end - start + 1 + varintBytes(end - start))
    into[at++] = bodyField
    return closeLength(into, at, width, writeAny(this.#ends, kind, start, end, at + width))
  }

  #writeAttributes(batch: Batch, row: number, source: SourceBytes, at: number): number {
    const { intoView, fromView } = this.#ends
    at = copyFragment(source.uid, intoView, at)
    const check = checkOf(fromView, batch.starts[row]!, batch.ends[row]!)
    writeIdTail(batch.positions[row]!, batch.lengths[row]!, check, intoView, at)
    at = copyFragment(source.attributes, intoView, at + idTail)
    const flags = batch.flags[row]!
    const error = batch.errors[row]!
    if (flags !== 0) at = copyFragment(flagSets[flags]!.attributes, intoView, at)
    if (error !== 0) at = copyFragment(errors[error]!, intoView, at)
    const { agentId: agent } = batch
    if (agent.kind[row] !== Kind.absent) {
      at = this.#writeAttribute(agentId, agent.kind[row]!, agent.start[row]!, agent.end[row]!, at)
    }
    return batch.firstField[row]! < 0 ? at : this.#writeFields(batch, row, source, at)
  }

  #writeFields(batch: Batch, row: number, source: SourceBytes, at: number): number {
    const keys = this.#keys
    let isFirst = true
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] !== Use.attribute) continue
      if (batch.fieldKey[field] === this.#flagsKey && this.#takeFlags(batch, field)) continue
      if (isFirst) this.#reserveNames(batch, row, source)
      isFirst = false
      const name = keys.text(keys.takeAttribute(batch, row, field))
      at = this.#writeAttribute(name, batch.fieldKind[field]!, batch.fieldStart[field]!, batch.fieldEnd[field]!, at)
    }
    return at
  }

  /** Names of our own, which fields of the row can not have. */
  #reserveNames(batch: Batch, row: number, source: SourceBytes): void {
    const keys = this.#keys
    keys.startRow()
    keys.reserve(uidName)
    for (const name of source.names) keys.reserve(name)
    if (batch.agentId.kind[row] !== Kind.absent) keys.reserve('agent.id')
    if (batch.errors[row] !== 0) keys.reserve('error.type')
    for (const name of flagSets[batch.flags[row]!]!.names) keys.reserve(name)
  }

  #takeFlags(batch: Batch, field: number): boolean {
    const flags = traceFlagsOf(batch.bytes, batch.fieldKind[field]!, batch.fieldStart[field]!, batch.fieldEnd[field]!)
    if (flags < 0) return false
    this.#traceFlags = flags
    return true
  }

  #writeAttribute(name: Fragment, kind: number, start: number, end: number, at: number): number {
    this.#ends.into[at] = attributeField
    return this.#writeKeyValue(name, kind, start, end, at + 1)
  }

  /** KeyValue with its length; `name` is its key. */
  #writeKeyValue(name: Fragment, kind: number, start: number, end: number, at: number): number {
    const { into, intoView } = this.#ends
    const size = end - start + 1 + varintBytes(end - start)
    const valueWidth = varintBytes(size)
    const width = varintBytes(name.length + 1 + valueWidth + size)
    let last = copyFragment(name, intoView, at + width)
    into[last++] = valueField
    last = closeLength(into, last, valueWidth, writeAny(this.#ends, kind, start, end, last + valueWidth))
    return closeLength(into, at, width, last)
  }
}

function mostOf({ kind, start, end }: Column, row: number): number {
  return kind[row] === Kind.absent ? 0 : mostAnyBytes(kind[row]!, end[row]! - start[row]!)
}
