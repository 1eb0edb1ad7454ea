import { type Batch, Kind } from '../../core/batch.ts'
import { Needle } from '../../scan/needle.ts'
import { isWordByte } from '../../scan/time-reader.ts'
import { spanIdOf, traceIdOf } from '../../scan/trace-id.ts'

const quote = 0x22
const backslash = 0x5c
const dash = 0x2d

/** Finds `trace_id=…` and `span_id=…` in the message, as logging libraries put them there. */
export class TextIds {
  readonly #traces = [new Needle('trace_id='), new Needle('traceId=')]
  readonly #spans = [new Needle('span_id='), new Needle('spanId=')]

  open(batch: Batch): void {
    for (const needle of this.#traces) needle.open(batch)
    for (const needle of this.#spans) needle.open(batch)
  }

  /** Fills the columns of a row whose body is known and whose trace id is not. */
  find(batch: Batch, row: number): void {
    const start = batch.body.start[row]!
    const end = batch.body.end[row]!
    for (let i = 0; i < 2; i++) {
      const needle = this.#traces[i]!
      const found = needle.find(batch, start, end)
      if (found < 0) continue
      const value = valueStart(batch, found + needle.length, end)
      const at = traceIdOf(batch, value, valueEnd(batch, value, end), Kind.plain)
      if (at < 0) continue
      batch.traceId.start[row] = at
      batch.traceId.end[row] = at + 32
      batch.traceId.kind[row] = Kind.plain
      if (batch.spanId.kind[row] === Kind.absent) this.#findSpan(batch, row)
      return
    }
  }

  #findSpan(batch: Batch, row: number): void {
    const start = batch.body.start[row]!
    const end = batch.body.end[row]!
    for (const needle of this.#spans) {
      const found = needle.find(batch, start, end)
      if (found < 0) continue
      const value = valueStart(batch, found + needle.length, end)
      const at = spanIdOf(batch, value, valueEnd(batch, value, end), Kind.plain)
      if (at < 0) continue
      batch.spanId.start[row] = at
      batch.spanId.end[row] = at + 16
      batch.spanId.kind[row] = Kind.plain
      return
    }
  }
}

/** Behind the quote that may stand before a value, escaped or not. */
function valueStart(batch: Batch, at: number, end: number): number {
  if (at < end && batch.bytes[at] === backslash) at++
  return at < end && batch.bytes[at] === quote ? at + 1 : at
}

function valueEnd(batch: Batch, at: number, end: number): number {
  const { bytes } = batch
  while (at < end && (isWordByte(bytes[at]!) || bytes[at] === dash)) at++
  return at
}
