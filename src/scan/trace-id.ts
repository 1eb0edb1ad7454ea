import type { Batch } from '../core/batch.ts'
import { Kind } from '../core/row.ts'

const dash = 0x2d
const zero = 0x30

/** Value of a hex digit; 16 and more for upper-case ones, 0x80 for what is none. */
const hexValue = new Uint8Array(256).fill(0x80)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  hexValue[digit.toUpperCase().charCodeAt(0)] = value | (value > 9 ? 0x10 : 0)
  hexValue[digit.charCodeAt(0)] = value
}
const hexDigits = Buffer.from('0123456789abcdef')

/**
 * Finds a trace id in a value: 32 hex digits, 16 (padded with zeros), or a UUID. Returns where 32 lower-case hex digits stand in
 * `batch.bytes`: in the value itself, or in the overlay. -1 where there is none, or it is all zeros.
 */
export function traceIdOf(batch: Batch, start: number, end: number, kind: number): number {
  if (kind !== Kind.plain && kind !== Kind.text) return -1
  const length = end - start
  if (length === 32) return hexId(batch, start, 32)
  if (length === 16) return hexValues(batch.bytes, start, end) > 0 ? padded(batch, start, 16) : -1
  return length === 36 ? uuid(batch, start) : -1
}

/** Finds a span id: 16 hex digits. */
export function spanIdOf(batch: Batch, start: number, end: number, kind: number): number {
  if (kind !== Kind.plain && kind !== Kind.text) return -1
  return end - start === 16 ? hexId(batch, start, 16) : -1
}

/** Finds the ids of a W3C `traceparent`; the span id stands 33 behind the trace id, in the same way. */
export function traceparentOf(batch: Batch, start: number, end: number, kind: number): number {
  const { bytes } = batch
  if (kind !== Kind.plain && kind !== Kind.text) return -1
  const isLong = end - start > 55
  if (end - start < 55 || bytes[start + 2] !== dash || bytes[start + 35] !== dash || bytes[start + 52] !== dash)
    return -1
  const version = hexValues(bytes, start, start + 2)
  const isVersion = version >= 0 && (bytes[start]! & bytes[start + 1]!) !== 0x66
  // only later versions may have more behind the flags
  if (!isVersion || (isLong && (version === 0 || bytes[start + 55] !== dash))) return -1
  if (hexValues(bytes, start + 53, start + 55) < 0) return -1
  const trace = hexValues(bytes, start + 3, start + 35)
  const span = hexValues(bytes, start + 36, start + 52)
  if (trace <= 0 || span <= 0) return -1
  return trace < 0x10 && span < 0x10 ? start + 3 : lowered(batch, start + 3, 49)
}

/** Finds an id as Datadog's tracers write it: a decimal number below 2^64, or hex digits; `digits` is 32 or 16. */
export function datadogIdOf(batch: Batch, start: number, end: number, digits: number): number {
  const { bytes } = batch
  if (end - start === 32) return digits === 32 ? hexId(batch, start, 32) : -1
  if (end - start > 20 || end === start) return -1
  let high = 0
  let low = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - zero
    if (digit >>> 0 > 9)
      return digits === 32 ? traceIdOf(batch, start, end, Kind.plain) : spanIdOf(batch, start, end, Kind.plain)
    low = low * 10 + digit
    const carry = Math.floor(low / 0x1_0000_0000)
    low -= carry * 0x1_0000_0000
    high = high * 10 + carry
  }
  if (high >= 0x1_0000_0000 || (high === 0 && low === 0)) return -1
  const at = batch.overlay(digits)
  if (digits === 32) batch.bytes.fill(zero, at, at + 16)
  writeHex(high, batch.bytes, at + digits - 16)
  writeHex(low, batch.bytes, at + digits - 8)
  return at
}

/** All values of hex digits or-ed: 0 means all are zeros, 0x10 and more that some are upper-case, -1 that some are no digits. */
function hexValues(bytes: Uint8Array, start: number, end: number): number {
  let all = 0
  for (let at = start; at < end; at++) all |= hexValue[bytes[at]!]!
  return all < 0x80 ? all : -1
}

function hexId(batch: Batch, start: number, length: number): number {
  const all = hexValues(batch.bytes, start, start + length)
  if (all <= 0) return -1
  return all < 0x10 ? start : lowered(batch, start, length)
}

function lowered(batch: Batch, start: number, length: number): number {
  const at = batch.overlay(length)
  const { bytes } = batch
  // digits have that bit already, and so has the dash
  for (let i = 0; i < length; i++) bytes[at + i] = bytes[start + i]! | 0x20
  return at
}

function padded(batch: Batch, start: number, length: number): number {
  const at = batch.overlay(32)
  const { bytes } = batch
  bytes.fill(zero, at, at + 32 - length)
  for (let i = 0; i < length; i++) bytes[at + 32 - length + i] = bytes[start + i]! | 0x20
  return at
}

function uuid(batch: Batch, start: number): number {
  let all = 0
  for (let i = 0; i < 36; i++) {
    const byte = batch.bytes[start + i]!
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (byte !== dash) return -1
    } else all |= hexValue[byte]!
  }
  if (all === 0 || all >= 0x80) return -1
  const at = batch.overlay(32)
  const { bytes } = batch
  let next = at
  for (let i = 0; i < 36; i++) {
    const byte = bytes[start + i]!
    if (byte !== dash) bytes[next++] = byte | 0x20
  }
  return at
}

function writeHex(n: number, into: Buffer, at: number): void {
  for (let i = 7; i >= 0; i--) {
    into[at + i] = hexDigits[n & 15]!
    n = Math.floor(n / 16)
  }
}
