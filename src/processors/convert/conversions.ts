import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { isJsonNumber } from '../../scan/plain-spans.ts'
import { unescape } from '../../scan/text.ts'
import { SharedText } from '../places/shared-text.ts'

const minus = 0x2d
const plus = 0x2b
const point = 0x2e
const zero = 0x30
const letterT = 0x74

/** Makes values of one type. */
export abstract class Conversion {
  /** What `read` made of the last value. */
  start = 0
  end = 0
  kind: number = Kind.absent
  protected batch!: Batch

  /** To be called before the rows of a batch. */
  open(batch: Batch): void {
    this.batch = batch
  }

  /** False where a value is none of this type. */
  read(start: number, end: number, kind: number): boolean {
    if (kind === Kind.number) return this.number(start, end)
    if (kind === Kind.boolean) return this.truth(this.batch.bytes[start] === letterT)
    if (kind > Kind.jsonText) return false
    if (kind === Kind.jsonText) {
      const at = this.batch.overlay(end - start)
      end = this.batch.used = unescape(this.batch.bytes, start, end, this.batch.bytes, at)
      start = at
    }
    const { bytes } = this.batch
    while (end > start && bytes[end - 1]! <= 0x20) end--
    while (start < end && bytes[start]! <= 0x20) start++
    return start < end && this.text(start, end)
  }

  protected abstract text(start: number, end: number): boolean

  protected number(start: number, end: number): boolean {
    return this.set(start, end, Kind.number)
  }

  protected truth(_is: boolean): boolean {
    return false
  }

  protected set(start: number, end: number, kind: number): true {
    this.start = start
    this.end = end
    this.kind = kind
    return true
  }

  /** Sets a value that is written out. For what is rare. */
  protected write(text: string, kind: number): true {
    const start = this.batch.overlay(text.length)
    this.batch.bytes.latin1Write(text, start)
    return this.set(start, start + text.length, kind)
  }
}

/** Whole numbers, of any length. */
export class ToInt extends Conversion {
  protected override text(start: number, end: number): boolean {
    const { bytes } = this.batch
    const isNegative = bytes[start] === minus
    let from = isNegative || bytes[start] === plus ? start + 1 : start
    let to = from
    while (to < end && isDigit(bytes[to]!)) to++
    if (to === from || !isZeros(bytes, to, end)) return false
    const hasZeros = bytes[from] === zero && to > from + 1
    while (from < to - 1 && bytes[from] === zero) from++
    if (!isNegative) return this.set(from, to, Kind.number)
    return hasZeros ? this.write(`-${this.batch.text(from, to)}`, Kind.number) : this.set(start, to, Kind.number)
  }

  protected override number(start: number, end: number): boolean {
    const { bytes } = this.batch
    for (let at = start; at < end; at++) if ((bytes[at]! | 0x20) === 0x65) return this.#exponent(start, end)
    return this.text(start, end)
  }

  #exponent(start: number, end: number): boolean {
    const value = Number(this.batch.text(start, end))
    return Number.isSafeInteger(value) && this.write(String(value), Kind.number)
  }

  protected override truth(is: boolean): boolean {
    return this.write(is ? '1' : '0', Kind.number)
  }
}

/** `.000`, or nothing. */
function isZeros(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true
  if (bytes[start] !== point) return false
  for (let at = start + 1; at < end; at++) if (bytes[at] !== zero) return false
  return true
}

export class ToFloat extends Conversion {
  protected override text(start: number, end: number): boolean {
    if (isJsonNumber(this.batch.bytes, start, end)) {
      return this.#isFinite(start, end) && this.set(start, end, Kind.number)
    }
    // no number is as long, and the pattern below looks at all of it
    if (end - start > 400) return false
    const text = this.batch.text(start, end)
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return false
    const value = Number(text)
    return Number.isFinite(value) && this.write(String(value), Kind.number)
  }

  /** Only with an exponent, or in very many digits, is a number larger than any. */
  #isFinite(start: number, end: number): boolean {
    const { bytes } = this.batch
    let isPlain = end - start < 300
    for (let at = start; isPlain && at < end; at++) isPlain = (bytes[at]! | 0x20) !== 0x65
    return isPlain || Number.isFinite(Number(this.batch.text(start, end)))
  }
}

const truths = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map(word => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map(word => [word, false] as const)
])
const truthWords = [...truths].map(([word, is]) => ({ word: Buffer.from(word), is }))

export class ToBool extends Conversion {
  readonly #values = { true: new SharedText('true', Kind.boolean), false: new SharedText('false', Kind.boolean) }

  override open(batch: Batch): void {
    super.open(batch)
    this.#values.true.open()
    this.#values.false.open()
  }

  protected override text(start: number, end: number): boolean {
    for (const { word, is } of truthWords) if (this.#isWord(word, start, end)) return this.truth(is)
    return false
  }

  #isWord(word: Buffer, start: number, end: number): boolean {
    if (word.length !== end - start) return false
    const { bytes } = this.batch
    for (let i = 0; i < word.length; i++) if ((bytes[start + i]! | 0x20) !== (word[i]! | 0x20)) return false
    return true
  }

  protected override number(start: number, end: number): boolean {
    return this.text(start, end)
  }

  protected override truth(is: boolean): true {
    const value = is ? this.#values.true : this.#values.false
    value.place(this.batch)
    return this.set(value.start, value.end, Kind.boolean)
  }
}

export class ToText extends Conversion {
  override read(start: number, end: number, kind: number): boolean {
    if (kind <= Kind.jsonText) return this.set(start, end, kind)
    // a list or an object has quotes in it
    return this.set(start, end, kind === Kind.json ? Kind.text : Kind.plain)
  }

  protected override text(start: number, end: number): boolean {
    return this.set(start, end, Kind.text)
  }
}

function isDigit(byte: number): boolean {
  return (byte - zero) >>> 0 <= 9
}
