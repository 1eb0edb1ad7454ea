import type { Batch } from '../core/batch.ts'
import { Kind } from '../core/row.ts'
import { isUtf8Row } from './text.ts'

const minus = 0x2d
const point = 0x2e
const zero = 0x30

/** Says of spans of a row whether they can stand inside of a JSON string as they are, by the marks of the chunk. */
export class PlainSpans {
  #marks = new Int32Array(0)
  #first = 0
  #at = 0
  /** Where the span before began. */
  #before = 0
  #isUtf8 = true
  /** The row: there are no marks for what a parser has added to the overlay. A row may stand there, too, and has its own. */
  #start = 0
  #end = 0

  open(batch: Batch, row: number): void {
    this.#marks = batch.marks
    this.#first = batch.mark[row]!
    this.#at = this.#first
    this.#before = 0
    this.#isUtf8 = isUtf8Row(batch, row)
    this.#start = batch.starts[row]!
    this.#end = batch.ends[row]!
  }

  /** Quick where spans come in their order. */
  kindOf(start: number, end: number): Kind {
    if (start < this.#start || end > this.#end) return Kind.text
    const marks = this.#marks
    if (start < this.#before) this.#at = this.#first
    this.#before = start
    while (marks[this.#at]! < start) this.#at++
    return this.#isUtf8 && marks[this.#at]! >= end ? Kind.plain : Kind.text
  }
}

/** Whether `bytes[start, end)` is a number as JSON has them, without an exponent. */
export function isJsonNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let at = bytes[start] === minus ? start + 1 : start
  const whole = at
  while (at < end && (bytes[at]! - zero) >>> 0 <= 9) at++
  if (at === whole || (bytes[whole] === zero && at > whole + 1)) return false
  if (at === end) return true
  const fraction = at + 1
  if (bytes[at] !== point) return false
  at = fraction
  while (at < end && (bytes[at]! - zero) >>> 0 <= 9) at++
  return at === end && at > fraction
}

/** Whether text, which is valid UTF-8, can stand inside of a JSON string as it is. */
export function isPlainText(text: Uint8Array): boolean {
  for (const byte of text) if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return false
  return true
}
