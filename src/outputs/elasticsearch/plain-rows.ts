import { type Batch, Fate, Kind, Use } from '../../core/batch.ts'
import type { Body } from '../../core/output.ts'
import { type Fragment, copyFragment, copySpan, fragment, overshoot, viewOf } from './copy.ts'
import type { Names, SourceText } from './document.ts'
import { checkOf, idTail, writeIdTail } from './id.ts'
import { writeDecimal } from './timestamps.ts'
import type { Timestamps } from './timestamps.ts'

const quote = 0x22

export interface PlainParts {
  readonly names: Names
  readonly time: Timestamps
  /** The text from the time to the number of `log.offset`; learned where it is not known. */
  readonly head: (text: SourceText, level: number, flags: number) => Fragment
}

/**
 * Writes the rows that nearly all are: schema ecs, message, service and trace id without anything to escape, no other fields. The
 * same bytes as `DocumentEncoder`'s general way, in one loop over local variables. Measured on W1 (test/bench/micro/path.ts): 290 ns a
 * row, there 340.
 */
export class PlainRows {
  readonly #parts: PlainParts
  readonly #service: Fragment
  readonly #trace: Fragment
  readonly #message: Fragment
  readonly #end = fragment('"}\n')

  constructor(parts: PlainParts) {
    this.#parts = parts
    this.#service = fragment(`,${JSON.stringify(parts.names.service)}:"`)
    this.#trace = fragment(`,${JSON.stringify(parts.names.trace)}:"`)
    this.#message = fragment(`,${JSON.stringify(parts.names.message)}:"`)
  }

  /** Appends kept rows from `row` on, as long as they are plain; returns the number of the first that is not. A hot loop. */
  write(batch: Batch, text: SourceText, body: Body, row: number): number {
    const { time, head } = this.#parts
    const { rows, fate, starts, ends, positions, lengths, flags, severity, readTime } = batch
    const { service, traceId, body: message } = batch
    const from = viewOf(batch.bytes)
    let bytes = body.bytes
    let into = viewOf(bytes)
    for (; row < rows; row++) {
      if (fate[row] !== Fate.kept) continue
      if (!isPlain(batch, row)) break
      const messageStart = message.start[row]!
      const messageEnd = message.end[row]!
      const start = starts[row]!
      const end = ends[row]!
      const most = text.most + (messageEnd - messageStart) + (service.end[row]! - service.start[row]!) + 4 * overshoot
      if (body.at + most > bytes.length) {
        body.reserve(most)
        bytes = body.bytes
        into = viewOf(bytes)
      }
      let at = copyFragment(text.open, into, body.at)
      writeIdTail(positions[row]!, lengths[row]!, checkOf(from, start, end), into, at)
      at = time.write(batch.time[row]!, batch.nanos[row]!, readTime, into, at + idTail)
      const level = severity[row]!
      at = copyFragment(text.heads[flags[row]!]?.[level] ?? head(text, level, flags[row]!), into, at)
      at = writeDecimal(positions[row]!, into, at)
      if (service.kind[row] !== Kind.absent) {
        at = copyFragment(this.#service, into, at)
        at = copySpan(from, service.start[row]!, service.end[row]!, into, at)
        into.setUint8(at++, quote)
      }
      if (traceId.kind[row] !== Kind.absent) {
        at = copyFragment(this.#trace, into, at)
        at = copySpan(from, traceId.start[row]!, traceId.end[row]!, into, at)
        into.setUint8(at++, quote)
      }
      at = copyFragment(this.#message, into, at)
      at = copySpan(from, messageStart, messageEnd, into, at)
      body.at = copyFragment(this.#end, into, at)
      body.endRow(positions[row]!, lengths[row]!)
    }
    return row
  }
}

/** Whether nothing of the row needs more than copying. */
function isPlain(batch: Batch, row: number): boolean {
  const { service, traceId, spanId, agentId, body, errors, fieldNext, fieldUse } = batch
  if (body.kind[row] !== Kind.plain || errors[row] !== 0) return false
  if ((service.kind[row]! | traceId.kind[row]!) & ~Kind.plain) return false
  if ((spanId.kind[row]! | agentId.kind[row]!) !== Kind.absent) return false
  for (let field = batch.firstField[row]!; field >= 0; field = fieldNext[field]!) {
    if (fieldUse[field] === Use.attribute) return false
  }
  return true
}
