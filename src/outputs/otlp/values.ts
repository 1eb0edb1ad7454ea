import { isUtf8 } from 'node:buffer'
import { Kind } from '../../core/row.ts'
import { unescape } from '../../scan/text.ts'
import { copySpan, type Ends } from '../copy.ts'
import { mostNumberBytes, writeNumber } from './numbers.ts'
import { closeLength, varintBytes, writeVarint } from './wire.ts'

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBracket = 0x5b
const openBrace = 0x7b
const letterT = 0x74
const letterF = 0x66
const letterN = 0x6e

/** Fields of AnyValue, with their wire type. */
const stringField = 0x0a
const boolField = 0x10
const listField = 0x2a
const objectField = 0x32
/** Of ArrayValue and KeyValueList: one value. */
const itemField = 0x0a
/** Of KeyValue. */
const keyField = 0x0a
const valueField = 0x12

/** Objects and lists inside each other. Most readers of the wire format give up at 100 messages inside each other, and a JSON object
 * takes three; what is deeper is written as JSON text. */
const mostDepth = 28

/** The most bytes that `writeAny` takes for a value, while it writes. */
export function mostAnyBytes(kind: number, length: number): number {
  if (kind === Kind.text) return 3 * length + 16
  // `-1,` takes 13
  if (kind === Kind.json) return 5 * length + 512
  return kind === Kind.number ? mostNumberBytes(length) + 16 : length + 16
}

/** Writes a value as the content of an AnyValue and returns where it ends. */
export function writeAny(ends: Ends, kind: number, start: number, end: number, at: number): number {
  if (kind <= Kind.jsonText) {
    ends.into[at] = stringField
    return writeText(ends, kind, start, end, at + 1)
  }
  if (kind === Kind.number) return writeNumber(ends, start, end, at)
  if (kind === Kind.boolean) return writeBoolean(ends, start, at)
  return kind === Kind.json ? json.write(ends, start, end, at) : at
}

/** Writes a text with its length. What is no valid UTF-8 becomes U+FFFD, as the format has no other text. */
function writeText(ends: Ends, kind: number, start: number, end: number, at: number): number {
  const { from, into } = ends
  if (kind === Kind.jsonText) {
    const width = varintBytes(end - start)
    return closeLength(into, at, width, unescape(from, start, end, into, at + width))
  }
  if (kind === Kind.text && !isAscii(from, start, end) && !isUtf8(from.subarray(start, end))) {
    const width = varintBytes(3 * (end - start))
    const mended = from.utf8Slice(start, end)
    return closeLength(into, at, width, at + width + into.utf8Write(mended, at + width))
  }
  return copySpan(ends.fromView, start, end, ends.intoView, writeVarint(end - start, into, at))
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false
  return true
}

function writeBoolean({ from, into }: Ends, start: number, at: number): number {
  into[at] = boolField
  into[at + 1] = from[start] === letterT ? 1 : 0
  return at + 2
}

/** Turns valid JSON into lists and objects of AnyValue. */
class JsonValues {
  /** The next byte of the JSON. */
  #next = 0

  write(ends: Ends, start: number, end: number, at: number): number {
    this.#next = start
    return this.#value(ends, end, at, mostDepth)
  }

  #value(ends: Ends, end: number, at: number, depth: number): number {
    const { from, into } = ends
    const start = this.#next
    const byte = from[start]!
    if (byte === quote) {
      into[at] = stringField
      return this.#string(ends, at + 1)
    }
    if (byte === openBracket || byte === openBrace) {
      if (depth > 0) return this.#items(ends, end, at, depth - 1)
      this.#next = endOfContainer(from, start)
      into[at] = stringField
      return writeText(ends, Kind.plain, start, this.#next, at + 1)
    }
    if (byte === letterN) {
      this.#next += 4
      return at
    }
    if (byte === letterT || byte === letterF) {
      this.#next += byte === letterT ? 4 : 5
      return writeBoolean(ends, start, at)
    }
    this.#next = endOfNumber(from, start, end)
    return writeNumber(ends, start, this.#next, at)
  }

  #items(ends: Ends, end: number, at: number, depth: number): number {
    const { from, into } = ends
    const isList = from[this.#next++] === openBracket
    into[at++] = isList ? listField : objectField
    let last = at + 1
    while (!isClosed(from[this.#skip(from)]!)) {
      if (from[this.#next] === comma) {
        this.#next++
        this.#skip(from)
      }
      into[last++] = itemField
      const inner = isList ? this.#value(ends, end, last + 1, depth) : this.#member(ends, end, last + 1, depth)
      last = closeLength(into, last, 1, inner)
    }
    this.#next++
    return closeLength(into, at, 1, last)
  }

  #member(ends: Ends, end: number, at: number, depth: number): number {
    const { from, into } = ends
    let value = at
    // an empty text is the default, which is not written
    if (from[this.#next + 1] === quote) this.#next += 2
    else {
      into[at] = keyField
      value = this.#string(ends, at + 1)
    }
    this.#skip(from)
    this.#next++ // colon
    this.#skip(from)
    into[value] = valueField
    return closeLength(into, value + 1, 1, this.#value(ends, end, value + 2, depth))
  }

  #string(ends: Ends, at: number): number {
    const { from } = ends
    const start = this.#next + 1
    let kind: Kind = Kind.plain
    let close = start
    for (; from[close] !== quote; close++) {
      if (from[close] !== backslash) continue
      kind = Kind.jsonText
      close++
    }
    this.#next = close + 1
    return writeText(ends, kind, start, close, at)
  }

  /** Passes white space. */
  #skip(from: Buffer): number {
    while (from[this.#next]! <= 0x20) this.#next++
    return this.#next
  }
}

const json = new JsonValues()

/** `]` or `}`. */
function isClosed(byte: number): boolean {
  return byte === 0x5d || byte === 0x7d
}

function endOfNumber(from: Buffer, at: number, end: number): number {
  while (at < end && from[at] !== comma && from[at]! > 0x20 && !isClosed(from[at]!)) at++
  return at
}

function endOfContainer(from: Buffer, at: number): number {
  for (let depth = 0; ; at++) {
    const byte = from[at]!
    if (byte === quote) {
      for (at++; from[at] !== quote; at++) if (from[at] === backslash) at++
    } else if (byte === openBracket || byte === openBrace) depth++
    else if (isClosed(byte) && --depth === 0) return at + 1
  }
}
