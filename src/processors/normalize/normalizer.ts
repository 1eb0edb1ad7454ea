import type { Batch, Column } from '../../core/batch.ts'
import { Flag, Kind, Use } from '../../core/row.ts'
import type { Processor } from '../../core/steps.ts'
import { LinePrefix } from '../../scan/line-prefix.ts'
import { severityOf, syslogSeverityOf } from '../../scan/severity.ts'
import { isUtf8Row } from '../../scan/text.ts'
import { TextIds } from '../../scan/text-ids.ts'
import type { TimeScanner } from '../../scan/time.ts'
import { datadogIdOf, spanIdOf, traceIdOf, traceparentOf } from '../../scan/trace-id.ts'
import { type Candidates, Role, ranks, roles } from './candidates.ts'
import { Likeness } from './likeness.ts'

/** Fills the columns of the fields that all rows have; see the table in the README of processors. */
export class Normalizer implements Processor {
  readonly #candidates: Candidates
  readonly #times: TimeScanner
  readonly #service: Buffer
  readonly #prefix = new LinePrefix()
  readonly #textIds = new TextIds()
  /** For batches of one workspace: the shard's. */
  #likeness: Likeness | undefined
  #generation = -1
  /** By role: the ranks that the row has, as bits; by role and rank: their fields. Role 0 stands for the renames. */
  readonly #found = new Int32Array(roles)
  readonly #fields = new Int32Array(roles * ranks)
  /** Where the default service stands in the overlay of this batch. */
  #serviceStart = 0
  #serviceEnd = 0
  #serviceKind: Kind = Kind.absent

  constructor(candidates: Candidates, times: TimeScanner, service: string) {
    this.#candidates = candidates
    this.#times = times
    this.#service = Buffer.from(service)
  }

  apply(batch: Batch): void {
    this.#candidates.refresh()
    this.#times.now = batch.readTime
    this.#textIds.open()
    this.#placeService(batch)
    const likeness = this.#likenessFor(batch)
    for (let row = 0; row < batch.rows; row++) {
      if (likeness !== undefined) row = likeness.apply(row)
      if (row >= batch.rows || batch.fate[row] !== 0) continue
      if (batch.firstField[row]! < 0) this.#applyText(batch, row, likeness)
      else this.#applyObject(batch, row, likeness)
    }
  }

  #likenessFor(batch: Batch): Likeness | undefined {
    if (batch.workspace === undefined) return undefined
    this.#likeness ??= Likeness.in(batch.workspace)
    const likeness = this.#likeness
    if (this.#generation !== this.#candidates.generation) likeness?.forget()
    this.#generation = this.#candidates.generation
    if (!likeness?.canApply(batch)) return undefined
    likeness.open(batch, this.#serviceStart, this.#serviceEnd, this.#serviceKind)
    return likeness
  }

  #applyObject(batch: Batch, row: number, likeness: Likeness | undefined): void {
    const first = batch.firstField[row]!
    this.#look(batch, first)
    const shape = likeness?.learnNames(batch, row, this.#found, this.#fields) ?? -1
    this.#applyFields(batch, row)
    if (shape < 0) return
    likeness!.learnRenames(shape, batch, row)
    if (this.#found[Role.time] !== 0 && !this.#times.hasFormats && (batch.flags[row]! & Flag.timeRead) === 0) {
      const field = this.#only(Role.time)
      likeness!.learnMinute(batch, batch.fieldStart[field]!, batch.fieldEnd[field]!, batch.time[row]!)
    }
    if (this.#found[Role.level] !== 0 && batch.severity[row] !== 0) {
      const field = this.#only(Role.level)
      likeness!.learnLevel(batch, batch.fieldStart[field]!, batch.fieldEnd[field]!, batch.severity[row]!)
    }
  }

  /** The field of a role that just one can play. */
  #only(role: number): number {
    return this.#fields[role * ranks + lowestBit(this.#found[role]!)]!
  }

  /** Finds out which roles the row's fields can play. */
  #look(batch: Batch, first: number): void {
    const { meaning } = this.#candidates
    const found = this.#found
    const fields = this.#fields
    const { fieldKey, fieldKind, fieldNext } = batch
    // a loop, as `fill` is a call out of compiled code: 15 ns a row
    for (let role = 0; role < roles; role++) found[role] = 0
    for (let field = first; field >= 0; field = fieldNext[field]!) {
      const means = meaning[fieldKey[field]!]!
      if (means === 0 || fieldKind[field]! >= Kind.null) continue
      const place = means & 0xff
      if (place !== 0) {
        found[place >> 5]! |= 1 << (place & 31)
        fields[place] = field
      }
      if (means > 0xff) {
        found[0]! |= 1 << (means >> 8)
        fields[means >> 8] = field
      }
    }
  }

  #applyFields(batch: Batch, row: number): void {
    const found = this.#found
    if (found[Role.time] === 0 || !this.#time(batch, row)) this.#readTime(batch, row)
    if (found[Role.level] !== 0) this.#level(batch, row)
    if (found[Role.service] === 0 || !this.#text(batch, row, Role.service, batch.service))
      this.#defaultService(batch, row)
    if (found[Role.agent] !== 0) this.#text(batch, row, Role.agent, batch.agentId)
    if (found[Role.body] === 0 || !this.#text(batch, row, Role.body, batch.body)) this.#rowAsBody(batch, row)
    if (found[Role.trace] !== 0) this.#trace(batch, row)
    if (found[Role.span] !== 0 && batch.spanId.kind[row] === Kind.absent) this.#span(batch, row)
    if (batch.traceId.kind[row] === Kind.absent) this.#findIds(batch, row)
    if (found[0] !== 0) this.#rename(batch, row)
  }

  #applyText(batch: Batch, row: number, likeness: Likeness | undefined): void {
    const prefix = this.#prefix
    prefix.read(this.#times, batch.bytes, batch.starts[row]!, batch.ends[row]!)
    if (prefix.hasTime) this.#setTime(batch, row)
    else this.#readTime(batch, row)
    batch.severity[row] = prefix.severity
    if (prefix.hasTime && !this.#times.hasFormats) likeness?.learnLine(batch, row, this.#times.end)
    this.#defaultService(batch, row)
    this.#rowAsBody(batch, row)
    this.#findIds(batch, row)
  }

  #time(batch: Batch, row: number): boolean {
    const times = this.#times
    for (let bits = this.#found[Role.time]!; bits !== 0; bits &= bits - 1) {
      const field = this.#fields[Role.time * ranks + lowestBit(bits)]!
      if (!times.parse(batch.bytes, batch.fieldStart[field]!, batch.fieldEnd[field]!, batch.fieldKind[field]!)) continue
      batch.fieldUse[field] = Use.consumed
      this.#setTime(batch, row)
      return true
    }
    return false
  }

  #setTime(batch: Batch, row: number): void {
    batch.time[row] = this.#times.ms
    batch.nanos[row] = this.#times.nanos
  }

  #readTime(batch: Batch, row: number): void {
    if ((batch.flags[row]! & Flag.hasTime) !== 0) return
    batch.time[row] = batch.readTime
    batch.nanos[row] = 0
    batch.flags[row]! |= Flag.timeRead
  }

  #level(batch: Batch, row: number): void {
    const { syslogRanks } = this.#candidates
    for (let bits = this.#found[Role.level]!; bits !== 0; bits &= bits - 1) {
      const rank = lowestBit(bits)
      const field = this.#fields[Role.level * ranks + rank]!
      const read = (syslogRanks & (1 << rank)) !== 0 ? syslogSeverityOf : severityOf
      const severity = read(batch.bytes, batch.fieldStart[field]!, batch.fieldEnd[field]!, batch.fieldKind[field]!)
      if (severity === 0) continue
      batch.fieldUse[field] = Use.consumed
      batch.severity[row] = severity
      return
    }
  }

  /** Puts the first candidate into the column, numbers as text. An empty message is one, an empty name is none. */
  #text(batch: Batch, row: number, role: number, column: Column): boolean {
    for (let bits = this.#found[role]!; bits !== 0; bits &= bits - 1) {
      const field = this.#fields[role * ranks + lowestBit(bits)]!
      const start = batch.fieldStart[field]!
      const end = batch.fieldEnd[field]!
      const kind = batch.fieldKind[field]!
      if (role !== Role.body && (start === end || kind === Kind.boolean)) continue
      take(batch, column, row, field)
      return true
    }
    return false
  }

  #trace(batch: Batch, row: number): void {
    const { datadogTraceRanks, traceparentRanks } = this.#candidates
    for (let bits = this.#found[Role.trace]!; bits !== 0; bits &= bits - 1) {
      const rank = lowestBit(bits)
      const field = this.#fields[Role.trace * ranks + rank]!
      const start = batch.fieldStart[field]!
      const end = batch.fieldEnd[field]!
      const kind = batch.fieldKind[field]!
      const isParent = (traceparentRanks & (1 << rank)) !== 0
      let at: number
      if (isParent) at = traceparentOf(batch, start, end, kind)
      else if ((datadogTraceRanks & (1 << rank)) !== 0) at = datadogIdOf(batch, start, end, 32)
      else at = traceIdOf(batch, start, end, kind)
      if (at < 0) continue
      batch.fieldUse[field] = Use.consumed
      set(batch.traceId, row, at, at + 32, Kind.plain)
      if (isParent && !this.#span(batch, row)) set(batch.spanId, row, at + 33, at + 49, Kind.plain)
      return
    }
  }

  #span(batch: Batch, row: number): boolean {
    for (let bits = this.#found[Role.span]!; bits !== 0; bits &= bits - 1) {
      const rank = lowestBit(bits)
      const field = this.#fields[Role.span * ranks + rank]!
      const start = batch.fieldStart[field]!
      const end = batch.fieldEnd[field]!
      const isDatadog = (this.#candidates.datadogSpanRanks & (1 << rank)) !== 0
      const at = isDatadog ? datadogIdOf(batch, start, end, 16) : spanIdOf(batch, start, end, batch.fieldKind[field]!)
      if (at < 0) continue
      batch.fieldUse[field] = Use.consumed
      set(batch.spanId, row, at, at + 16, Kind.plain)
      return true
    }
    return false
  }

  /** `trace_id=…` in the message, as logging libraries put it there. */
  #findIds(batch: Batch, row: number): void {
    const ids = this.#textIds
    if (!ids.find(batch, batch.body.start[row]!, batch.body.end[row]!)) return
    set(batch.traceId, row, ids.traceAt, ids.traceAt + 32, Kind.plain)
    if (ids.spanAt < 0 || batch.spanId.kind[row] !== Kind.absent) return
    set(batch.spanId, row, ids.spanAt, ids.spanAt + 16, Kind.plain)
  }

  #rowAsBody(batch: Batch, row: number): void {
    const isUtf8 = isUtf8Row(batch, row)
    if (!isUtf8) batch.flags[row]! |= Flag.invalidUtf8
    const start = batch.starts[row]!
    const end = batch.ends[row]!
    let mark = batch.mark[row]!
    while (batch.marks[mark]! < start) mark++
    set(batch.body, row, start, end, isUtf8 && batch.marks[mark]! >= end ? Kind.plain : Kind.text)
  }

  #rename(batch: Batch, row: number): void {
    for (let bits = this.#found[0]!; bits !== 0; bits &= bits - 1) {
      const rename = lowestBit(bits)
      const field = this.#fields[rename]!
      if (batch.fieldUse[field] === Use.consumed) continue
      if (batch.fieldKind[field]! > Kind.jsonText && this.#candidates.isTextOnly(rename)) continue
      const key = this.#candidates.target(rename, batch, row)
      if (key >= 0) batch.fieldKey[field] = key
    }
  }

  #placeService(batch: Batch): void {
    const service = batch.source.service === '' ? this.#service : Buffer.from(batch.source.service)
    this.#serviceKind = Kind.absent
    if (service.length === 0) return
    const start = batch.overlay(service.length)
    service.copy(batch.bytes, start)
    this.#serviceStart = start
    this.#serviceEnd = start + service.length
    this.#serviceKind = isPlain(service) ? Kind.plain : Kind.text
  }

  #defaultService(batch: Batch, row: number): void {
    if (this.#serviceKind !== Kind.absent)
      set(batch.service, row, this.#serviceStart, this.#serviceEnd, this.#serviceKind)
  }
}

/** Puts a field into a column, numbers as text. */
function take(batch: Batch, column: Column, row: number, field: number): void {
  const kind = batch.fieldKind[field]!
  batch.fieldUse[field] = Use.consumed
  set(column, row, batch.fieldStart[field]!, batch.fieldEnd[field]!, kind > Kind.jsonText ? Kind.plain : kind)
}

function set(column: Column, row: number, start: number, end: number, kind: number): void {
  column.start[row] = start
  column.end[row] = end
  column.kind[row] = kind
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

function isPlain(text: Buffer): boolean {
  for (const byte of text) if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return false
  return true
}
