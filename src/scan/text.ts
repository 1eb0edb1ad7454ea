import { isUtf8 } from 'node:buffer'
import { type Batch, Flag } from '../core/batch.ts'

const quote = 0x22
const backslash = 0x5c
const hexDigits = Buffer.from('0123456789abcdef')
const radix64Digits = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

/** Second character of the two-character escape of a byte, or 0. */
const shortEscape = new Uint8Array(128)
/** Byte that a two-character escape stands for, by its second character; 0 where there is none. */
const unescaped = new Uint8Array(256)
for (const [letter, byte] of [...'btnfr"\\'].map((l, i) => [l, [8, 9, 10, 12, 13, 34, 92][i]!] as const)) {
  shortEscape[byte] = letter.charCodeAt(0)
  unescaped[letter.charCodeAt(0)] = byte
}
unescaped[0x2f] = 0x2f

/** Value of a hex digit, else 0x80. */
const hexValue = new Uint8Array(256).fill(0x80)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexValue[digit.charCodeAt(0)] = value
  hexValue[digit.toUpperCase().charCodeAt(0)] = value
}

/** Copies `from[start, end)` to `into[at, …)` and returns the `at` behind it. */
export function copyBytes(from: Buffer, start: number, end: number, into: Buffer, at: number): number {
  if (end - start > 32) {
    from.copy(into, at, start, end)
    return at + end - start
  }
  while (start < end) into[at++] = from[start++]!
  return at
}

/** Writes text as the inside of a JSON string; takes at most 6 bytes for each of its bytes. Each part of an invalid UTF-8
 * sequence becomes U+FFFD, cut as the WHATWG decoder cuts. */
export function writeEscaped(from: Buffer, start: number, end: number, into: Buffer, at: number): number {
  while (start < end) {
    const byte = from[start]!
    if (byte >= 0x80) {
      const length = sequence(from, start, end)
      if (length > 0) for (let i = 0; i < length; i++) into[at++] = from[start++]!
      else {
        at = writeReplacement(into, at)
        start -= length
      }
      continue
    }
    start++
    if (byte >= 0x20 && byte !== quote && byte !== backslash) into[at++] = byte
    else at = writeEscape(byte, into, at)
  }
  return at
}

function writeEscape(byte: number, into: Buffer, at: number): number {
  into[at++] = backslash
  const short = shortEscape[byte]!
  if (short !== 0) {
    into[at++] = short
    return at
  }
  into[at++] = 0x75
  into[at++] = 0x30
  into[at++] = 0x30
  into[at++] = hexDigits[byte >> 4]!
  into[at++] = hexDigits[byte & 15]!
  return at
}

function writeReplacement(into: Buffer, at: number): number {
  into[at++] = 0xef
  into[at++] = 0xbf
  into[at++] = 0xbd
  return at
}

/** Length of the well-formed UTF-8 sequence at `at`, or minus the length of what one U+FFFD replaces (Unicode, table 3-7). */
function sequence(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at]!
  if (lead < 0xc2 || lead > 0xf4) return -1
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (at + 1 >= end || bytes[at + 1]! < low || bytes[at + 1]! > high) return -1
  for (let i = 2; i < length; i++) {
    if (at + i >= end || bytes[at + i]! >> 6 !== 2) return -i
  }
  return length
}

/** Writes the text that the inside of a valid JSON string stands for; never longer than the source, so `into` may be `from` and
 * `at` may be `start`. A surrogate without its other half becomes U+FFFD. */
export function unescape(from: Buffer, start: number, end: number, into: Buffer, at: number): number {
  while (start < end) {
    const byte = from[start++]!
    if (byte !== backslash) {
      into[at++] = byte
      continue
    }
    const letter = from[start++]!
    if (letter !== 0x75) {
      into[at++] = unescaped[letter]!
      continue
    }
    let code = hex4(from, start)
    start += 4
    if (code >= 0xd800 && code < 0xdc00 && from[start] === backslash && from[start + 1] === 0x75 && start + 6 <= end) {
      const low = hex4(from, start + 2)
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        start += 6
      }
    }
    at = writeCodePoint(code, into, at)
  }
  return at
}

/** The number that four hex digits stand for; 0x10000 or more where they aren't. */
export function hex4(bytes: Buffer, at: number): number {
  const a = hexValue[bytes[at]!]!
  const b = hexValue[bytes[at + 1]!]!
  const c = hexValue[bytes[at + 2]!]!
  const d = hexValue[bytes[at + 3]!]!
  return ((a | b | c | d) & 0x80) !== 0 ? 0x10000 : (a << 12) | (b << 8) | (c << 4) | d
}

function writeCodePoint(code: number, into: Buffer, at: number): number {
  if (code < 0x80) {
    into[at++] = code
    return at
  }
  if (code >= 0xd800 && code < 0xe000) return writeReplacement(into, at)
  if (code < 0x800) into[at++] = 0xc0 | (code >> 6)
  else {
    if (code < 0x10000) into[at++] = 0xe0 | (code >> 12)
    else {
      into[at++] = 0xf0 | (code >> 18)
      into[at++] = 0x80 | ((code >> 12) & 0x3f)
    }
    into[at++] = 0x80 | ((code >> 6) & 0x3f)
  }
  into[at++] = 0x80 | (code & 0x3f)
  return at
}

/** Writes a safe integer in decimal digits. */
export function writeInteger(n: number, into: Buffer, at: number): number {
  if (n < 0) {
    into[at++] = 0x2d
    n = -n
  }
  if (n >= 1e9) {
    const high = Math.floor(n / 1e9)
    return writeDigits(n - high * 1e9, 9, into, writeInteger(high, into, at))
  }
  let digits = 1
  for (let power = 10; power <= n; power *= 10) digits++
  return writeDigits(n, digits, into, at)
}

function writeDigits(n: number, digits: number, into: Buffer, at: number): number {
  let rest = n | 0
  for (let i = at + digits - 1; i >= at; i--) {
    const next = (rest / 10) | 0
    into[i] = 0x30 + rest - next * 10
    rest = next
  }
  return at + digits
}

/** Writes the lowest `digits` digits of a whole number below 2^53, highest first, in the URL-safe Base64 alphabet. */
export function writeRadix64(n: number, digits: number, into: Buffer, at: number): number {
  let low = n & 0x3fffffff
  for (let i = digits - 1, left = 5; i >= 0; i--, left--) {
    if (left === 0) {
      low = Math.floor(n / 0x40000000) & 0x3fffffff
      left = 5
    }
    into[at + i] = radix64Digits[low & 63]!
    low >>= 6
  }
  return at + digits
}

/** Whether a row is valid UTF-8. `batch.isUtf8` alone does not say so of rows that were cut inside a character. */
export function isUtf8Row(batch: Batch, row: number): boolean {
  if (batch.isUtf8 && (batch.flags[row]! & (Flag.truncated | Flag.unterminated)) === 0) return true
  return isUtf8(batch.bytes.subarray(batch.starts[row], batch.ends[row]))
}
