import { Kind } from '../../core/row.ts'
import { writeEscaped } from '../../scan/text.ts'
import { copySpan, type Ends } from '../copy.ts'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const openBracket = 0x5b
const openBrace = 0x7b

/** Elasticsearch reads no number of more digits (Jackson: StreamReadConstraints); such a one is written as a string. */
const maxNumberLength = 1000

/** The most bytes that `writeValue` takes for a value. */
export function mostBytes(kind: number, length: number): number {
  if (kind === Kind.text) return 6 * length + 16
  return kind === Kind.json ? 3 * length + 16 : length + 16
}

/** Writes a value as JSON at `at` and returns where it ends. */
export function writeValue(ends: Ends, kind: number, start: number, end: number, at: number): number {
  if (kind === Kind.plain || kind === Kind.jsonText) {
    ends.intoView.setUint8(at, quote)
    const last = copySpan(ends.fromView, start, end, ends.intoView, at + 1)
    ends.intoView.setUint8(last, quote)
    return last + 1
  }
  if (kind === Kind.text) {
    ends.intoView.setUint8(at, quote)
    const last = writeEscaped(ends.from, start, end, ends.into, at + 1)
    ends.intoView.setUint8(last, quote)
    return last + 1
  }
  if (kind === Kind.json) return writeJson(ends, start, end, at)
  return kind === Kind.number
    ? writeNumber(ends, start, end, at)
    : copySpan(ends.fromView, start, end, ends.intoView, at)
}

function writeNumber(ends: Ends, start: number, end: number, at: number): number {
  if (end - start <= maxNumberLength) return copySpan(ends.fromView, start, end, ends.intoView, at)
  ends.intoView.setUint8(at, quote)
  const last = copySpan(ends.fromView, start, end, ends.intoView, at + 1)
  ends.intoView.setUint8(last, quote)
  return last + 1
}

function writeJson(ends: Ends, start: number, end: number, at: number): number {
  const from = ends.from
  let isClean = end - start <= maxNumberLength
  for (let i = start + 1; isClean && i < end; i++) isClean = from[i] !== quote || from[i - 1] !== quote
  if (isClean) return copySpan(ends.fromView, start, end, ends.intoView, at)
  return rewriteJson(ends, start, end, at)
}

/** Gives empty keys a name and puts endless numbers into quotes. Rare, so it is plain rather than fast. */
function rewriteJson(ends: Ends, start: number, end: number, at: number): number {
  const { from, into } = ends
  let name = ''
  for (let i = start; i < end; ) {
    const byte = from[i]!
    const last = byte === quote ? endOfString(from, i) : endOfNumber(from, i, end)
    if (byte === quote && last === i + 2 && isKey(from, last, end)) {
      if (name === '') name = freeName(from.utf8Slice(start, end))
      at += into.latin1Write(`"${name}"`, at)
    } else {
      const isEndless = byte !== quote && last - i > maxNumberLength
      if (isEndless) into[at++] = quote
      for (let k = i; k < last; k++) into[at++] = from[k]!
      if (isEndless) into[at++] = quote
    }
    i = last
  }
  return at
}

function endOfString(from: Buffer, start: number): number {
  let i = start + 1
  while (from[i] !== quote) i += from[i] === backslash ? 2 : 1
  return i + 1
}

/** End of the number that starts here, or of one byte that is not part of a number. */
function endOfNumber(from: Buffer, start: number, end: number): number {
  let i = start
  while (i < end && isNumberByte(from[i]!)) i++
  return i === start ? start + 1 : i
}

/** Digits and `+ - . E e`. The `e` of true and false is a run of one. */
function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65
}

function isKey(from: Buffer, at: number, end: number): boolean {
  while (at < end && from[at]! <= 0x20) at++
  return at < end && from[at] === colon
}

function freeName(json: string): string {
  const names = new Set<string>()
  JSON.parse(json, (name, value: unknown) => {
    names.add(name)
    return value
  })
  let name = '_'
  for (let n = 2; names.has(name); n++) name = `_${n}`
  return name
}

/** Whether JSON is a list without objects in it, which a keyword field can hold. */
export function isFlatList(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== openBracket) return false
  for (let i = start; i < end; i++) if (bytes[i] === openBrace) return false
  return true
}
