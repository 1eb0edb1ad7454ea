import type { Batch, Column } from '../../core/batch.ts'
import { Kind, Use } from '../../core/row.ts'
import { TextIds } from '../../scan/text-ids.ts'
import { datadogIdOf, spanIdOf, traceIdOf, traceparentOf } from '../../scan/trace-id.ts'
import { type Candidates, Role } from './candidates.ts'
import { type Found, lowestBit } from './found.ts'

/** Finds the trace and the span of a row: in its fields, then in its message. */
export class RowIds {
  readonly #candidates: Candidates
  readonly #found: Found
  readonly #texts = new TextIds()

  constructor(candidates: Candidates, found: Found) {
    this.#candidates = candidates
    this.#found = found
  }

  /** To be called before each batch. */
  open(): void {
    this.#texts.open()
  }

  /** Whether the ids that were found need no conversion: those of Datadog and W3C do. */
  get arePlain(): boolean {
    const { datadogTraceRanks, datadogSpanRanks, traceparentRanks } = this.#candidates
    const { ranks } = this.#found
    const converted =
      (ranks[Role.trace]! & (datadogTraceRanks | traceparentRanks)) | (ranks[Role.span]! & datadogSpanRanks)
    return converted === 0
  }

  /** Fills the columns from the fields that were found. */
  fromFields(batch: Batch, row: number): void {
    if (this.#found.has(Role.trace)) this.#trace(batch, row)
    if (this.#found.has(Role.span) && batch.spanId.kind[row] === Kind.absent) this.#span(batch, row)
  }

  /** Fills them from `trace_id=…` in the message, as logging libraries put it there, where no field had an id. */
  fromText(batch: Batch, row: number): void {
    if (batch.traceId.kind[row] !== Kind.absent) return
    const texts = this.#texts
    if (!texts.find(batch, batch.body.start[row]!, batch.body.end[row]!)) return
    set(batch.traceId, row, texts.traceAt, 32)
    if (texts.spanAt >= 0 && batch.spanId.kind[row] === Kind.absent) set(batch.spanId, row, texts.spanAt, 16)
  }

  #trace(batch: Batch, row: number): void {
    const { datadogTraceRanks, traceparentRanks } = this.#candidates
    for (let bits = this.#found.ranks[Role.trace]!; bits !== 0; bits &= bits - 1) {
      const rank = lowestBit(bits)
      const field = this.#found.field(Role.trace, rank)
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
      set(batch.traceId, row, at, 32)
      if (isParent && !this.#span(batch, row)) set(batch.spanId, row, at + 33, 16)
      return
    }
  }

  #span(batch: Batch, row: number): boolean {
    for (let bits = this.#found.ranks[Role.span]!; bits !== 0; bits &= bits - 1) {
      const rank = lowestBit(bits)
      const field = this.#found.field(Role.span, rank)
      const start = batch.fieldStart[field]!
      const end = batch.fieldEnd[field]!
      const isDatadog = (this.#candidates.datadogSpanRanks & (1 << rank)) !== 0
      const at = isDatadog ? datadogIdOf(batch, start, end, 16) : spanIdOf(batch, start, end, batch.fieldKind[field]!)
      if (at < 0) continue
      batch.fieldUse[field] = Use.consumed
      set(batch.spanId, row, at, 16)
      return true
    }
    return false
  }
}

function set(column: Column, row: number, start: number, length: number): void {
  column.start[row] = start
  column.end[row] = start + length
  column.kind[row] = Kind.plain
}
