import { isDigit } from './time-reader.ts'

const dot = 0x2e

/** What `epoch` sets. */
interface Instant {
  ms: number
  nanos: number
}

/**
 * Reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by the number of digits before the point; what is
 * too small to be one of them (a duration, a counter) is none. Digit by digit, for a double has no room for nanoseconds.
 */
export function epoch(into: Instant, bytes: Buffer, start: number, end: number): boolean {
  let whole = start
  while (whole < end && isDigit(bytes[whole]!)) whole++
  if (whole < end && bytes[whole] !== dot) return exponent(into, bytes, start, end)
  const digits = whole - start
  if (digits < 9) return exponent(into, bytes, start, end)
  if (digits > 20 || bytes[start] === 0x30) return false
  const unit = digits < 12 ? 0 : digits < 15 ? 3 : digits < 18 ? 6 : 9
  let left = digits - unit + 3
  let ms = 0
  let nanos = 0
  let fine = 0
  for (let at = start; at < end; at++) {
    if (at === whole) continue
    const digit = bytes[at]! - 0x30
    if (digit >>> 0 > 9) return exponent(into, bytes, start, end)
    if (left > 0) {
      ms = ms * 10 + digit
      left--
    } else if (fine < 6) {
      nanos = nanos * 10 + digit
      fine++
    }
  }
  if (bytes[end - 1] === dot) return false
  for (; left > 0; left--) ms *= 10
  for (; fine < 6; fine++) nanos *= 10
  into.ms = ms
  into.nanos = nanos
  return true
}

/** `1.732269600123e9`: rare, so by way of a string, and to the microsecond. */
function exponent(into: Instant, bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 32 || !isDigit(bytes[start]!)) return false
  const text = bytes.latin1Slice(start, end)
  if (!/^\d+(\.\d+)?[eE]\+?\d{1,2}$/.test(text)) return false
  const value = Number(text)
  if (value < 1e8 || value >= 1e20) return false
  const seconds = value < 1e11 ? value : value < 1e14 ? value / 1e3 : value < 1e17 ? value / 1e6 : value / 1e9
  const micros = Math.round(seconds * 1e6)
  into.ms = Math.floor(micros / 1000)
  into.nanos = (micros - into.ms * 1000) * 1000
  return true
}
