import type { Batch } from '../core/batch.ts'
import { Kind } from '../core/row.ts'
import { NextByte } from './next-byte.ts'
import { isWordByte } from './time-reader.ts'
import { spanIdOf, traceIdOf } from './trace-id.ts'

const equals = 0x3d
const quote = 0x22
const backslash = 0x5c
const dash = 0x2d
const trace = Buffer.from('trace')
const span = Buffer.from('span')

/** Finds `trace_id=…`, `traceId=…` and the same of spans in text. */
export class TextIds {
  /** Where 32 digits of a trace id and 16 of a span id stand in `batch.bytes`, or -1. */
  traceAt = -1
  spanAt = -1
  readonly #equals = new NextByte(equals)

  /** To be called before the first `find` in a batch. */
  open(): void {
    this.#equals.open()
  }

  /** Looks for ids in a span of the batch; returns whether there is a trace id. A span id alone is none. */
  find(batch: Batch, start: number, end: number): boolean {
    let at = this.#equals.from(batch, start)
    if (at >= end) return false
    this.traceAt = -1
    this.spanAt = -1
    let { bytes } = batch
    for (; at < end && (this.traceAt < 0 || this.spanAt < 0); at++) {
      while (at < end && bytes[at] !== equals) at++
      if (at >= end) break
      this.#look(batch, start, at, end)
      bytes = batch.bytes
    }
    return this.traceAt >= 0
  }

  /** Looks at the name before an equals sign, and at the value behind it. */
  #look(batch: Batch, start: number, at: number, end: number): void {
    const { bytes } = batch
    if (at - start < 6 || bytes[at - 1] !== 0x64) return
    let name = at - 2
    if (bytes[name] === 0x69) {
      name--
      if (bytes[name] !== 0x5f && bytes[name] !== 0x2e && bytes[name] !== dash) return
    } else if (bytes[name] !== 0x49) return
    const isTrace = this.traceAt < 0 && endsWith(trace, bytes, start, name)
    if (!isTrace && (this.spanAt >= 0 || !endsWith(span, bytes, start, name))) return
    let value = at + 1
    if (value < end && bytes[value] === backslash) value++
    if (value < end && bytes[value] === quote) value++
    let next = value
    while (next < end && (isWordByte(bytes[next]!) || bytes[next] === dash)) next++
    if (isTrace) this.traceAt = traceIdOf(batch, value, next, Kind.plain)
    else this.spanAt = spanIdOf(batch, value, next, Kind.plain)
  }
}

function endsWith(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const from = end - word.length
  if (from < start) return false
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false
  return true
}
