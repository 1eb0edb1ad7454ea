import type { Batch, Column } from '../../core/batch.ts'
import { Flag, Kind, Use } from '../../core/row.ts'
import type { Processor } from '../../core/steps.ts'
import { LinePrefix } from '../../scan/line-prefix.ts'
import { isPlainText } from '../../scan/plain-spans.ts'
import { severityOf, syslogSeverityOf } from '../../scan/severity.ts'
import { isUtf8Row } from '../../scan/text.ts'
import type { TimeScanner } from '../../scan/time.ts'
import { type Candidates, Role } from './candidates.ts'
import { Found, lowestBit } from './found.ts'
import { Likeness } from './likeness.ts'
import { RowIds } from './row-ids.ts'

/** Fills the columns of the fields that all rows have; see the table in the README of processors. */
export class Normalizer implements Processor {
  readonly #candidates: Candidates
  readonly #times: TimeScanner
  readonly #service: Buffer
  readonly #prefix = new LinePrefix()
  readonly #found = new Found()
  readonly #ids: RowIds
  /** For batches of one workspace: the shard's. */
  #likeness: Likeness | undefined
  #generation = -1
  /** Where the default service stands in the overlay of this batch. */
  #serviceStart = 0
  #serviceEnd = 0
  #serviceKind: Kind = Kind.absent

  constructor(candidates: Candidates, times: TimeScanner, service: string) {
    this.#candidates = candidates
    this.#ids = new RowIds(candidates, this.#found)
    this.#times = times
    this.#service = Buffer.from(service)
  }

  apply(batch: Batch): void {
    this.open(batch)
    this.#placeService(batch)
    const likeness = this.#likenessFor(batch)
    for (let row = 0; row < batch.rows; row++) {
      if (likeness !== undefined) row = likeness.apply(row)
      if (row >= batch.rows || batch.fate[row] !== 0) continue
      if (batch.firstField[row]! < 0) this.#applyText(batch, row, likeness)
      else this.#applyObject(batch, row, likeness)
    }
  }

  /** To be called before `takeIn` for rows of a batch. */
  open(batch: Batch): void {
    this.#candidates.refresh()
    this.#times.now = batch.readTime
    this.#ids.open()
  }

  /** Takes what fields from `first` on say of a row that is normalized already. What they do not say stays, and unless it is to be
   * overwritten what the row itself says, too. */
  takeIn(batch: Batch, row: number, first: number, overwrites: boolean): void {
    const found = this.#found
    found.look(batch, first, this.#candidates.meaning)
    if (!overwrites) this.#passSaid(batch, row)
    if (this.#time(batch, row)) batch.flags[row]! &= ~Flag.timeRead
    this.#level(batch, row)
    this.#text(batch, row, Role.service, batch.service)
    this.#text(batch, row, Role.agent, batch.agentId)
    this.#text(batch, row, Role.body, batch.body)
    this.#ids.fromFields(batch, row)
    this.#ids.fromText(batch, row)
    if (found.has(0)) this.#rename(batch, row)
  }

  #passSaid(batch: Batch, row: number): void {
    const { ranks } = this.#found
    if ((batch.flags[row]! & Flag.timeRead) === 0) ranks[Role.time] = 0
    if (batch.severity[row] !== 0) ranks[Role.level] = 0
    if (batch.service.kind[row] !== Kind.absent) ranks[Role.service] = 0
    if (batch.traceId.kind[row] !== Kind.absent) ranks[Role.trace] = 0
    if (batch.agentId.kind[row] !== Kind.absent) ranks[Role.agent] = 0
    // a message that is all of the row says no more than its fields
    const isRow = batch.body.start[row] === batch.starts[row] && batch.body.end[row] === batch.ends[row]
    if (!isRow) ranks[Role.body] = 0
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
    const found = this.#found
    found.look(batch, batch.firstField[row]!, this.#candidates.meaning)
    const shape = likeness !== undefined && this.#ids.arePlain ? likeness.learnNames(batch, row, found) : -1
    this.#applyFields(batch, row)
    if (shape < 0) return
    likeness!.learnRenames(shape, batch, row)
    const time = found.first(Role.time)
    if (time >= 0 && batch.fieldUse[time] === Use.consumed && !this.#times.hasFormats) {
      likeness!.learnMinute(batch, batch.fieldStart[time]!, batch.fieldEnd[time]!, batch.time[row]!)
    }
    const level = found.first(Role.level)
    if (level >= 0 && batch.fieldUse[level] === Use.consumed) {
      likeness!.learnLevel(batch, batch.fieldStart[level]!, batch.fieldEnd[level]!, batch.severity[row]!)
    }
  }

  #applyFields(batch: Batch, row: number): void {
    const found = this.#found
    if (!this.#time(batch, row)) this.#readTime(batch, row)
    this.#level(batch, row)
    if (!this.#text(batch, row, Role.service, batch.service)) this.#defaultService(batch, row)
    this.#text(batch, row, Role.agent, batch.agentId)
    if (!this.#text(batch, row, Role.body, batch.body)) this.#rowAsBody(batch, row)
    this.#ids.fromFields(batch, row)
    this.#ids.fromText(batch, row)
    if (found.has(0)) this.#rename(batch, row)
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
    this.#ids.fromText(batch, row)
  }

  #time(batch: Batch, row: number): boolean {
    const times = this.#times
    for (let bits = this.#found.ranks[Role.time]!; bits !== 0; bits &= bits - 1) {
      const field = this.#found.field(Role.time, lowestBit(bits))
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
    for (let bits = this.#found.ranks[Role.level]!; bits !== 0; bits &= bits - 1) {
      const rank = lowestBit(bits)
      const field = this.#found.field(Role.level, rank)
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
    for (let bits = this.#found.ranks[role]!; bits !== 0; bits &= bits - 1) {
      const field = this.#found.field(role, lowestBit(bits))
      const start = batch.fieldStart[field]!
      const end = batch.fieldEnd[field]!
      const kind = batch.fieldKind[field]!
      if (role !== Role.body && (start === end || kind === Kind.boolean)) continue
      take(batch, column, row, field)
      return true
    }
    return false
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
    for (let bits = this.#found.ranks[0]!; bits !== 0; bits &= bits - 1) {
      const rename = lowestBit(bits)
      const field = this.#found.field(0, rename)
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
    this.#serviceKind = isPlainText(service) ? Kind.plain : Kind.text
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
