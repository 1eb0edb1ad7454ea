import type { Ends } from '../copy.ts'
import { bytesField, writeVarint, writeVarint64 } from './wire.ts'

const minus = 0x2d
const point = 0x2e
const zero = 0x30
const intField = 0x18
const doubleField = 0x21
/** Decimal digits that a double holds exactly, and the powers of ten that it does. */
const exactDigits = 15
const powersOfTen = Float64Array.from({ length: 23 }, (_, n) => 10 ** n)

/** The most bytes of a number of so many characters. */
export const mostNumberBytes = (length: number): number => Math.max(11, length + 6)

/** Writes a JSON number as the content of an AnyValue: whole ones of 64 bits as such, others as double, and as text what none holds. */
export function writeNumber(ends: Ends, start: number, end: number, at: number): number {
  const { from } = ends
  const isNegative = from[start] === minus
  const first = isNegative ? start + 1 : start
  let value = 0
  let next = first
  for (; next < end; next++) {
    const digit = from[next]! - zero
    if (digit >>> 0 > 9) break
    value = value * 10 + digit
  }
  const whole = next - first
  if (next === end && whole <= exactDigits && (value !== 0 || !isNegative)) {
    return writeInt(isNegative ? -value : value, ends.into, at)
  }
  if (next < end && from[next] === point) {
    for (next++; next < end; next++) {
      const digit = from[next]! - zero
      if (digit >>> 0 > 9) break
      value = value * 10 + digit
    }
    const fraction = next - first - whole - 1
    // Both are exact, so that the quotient is the nearest double (Clinger, 1990).
    if (next === end && whole + fraction <= exactDigits) {
      return writeDouble((isNegative ? -value : value) / powersOfTen[fraction]!, ends, at)
    }
  }
  return writeRare(ends, from.latin1Slice(start, end), at)
}

/** A whole number of up to 53 bits; negative ones as two's complement of 64. */
function writeInt(n: number, into: Buffer, at: number): number {
  into[at++] = intField
  if (n >= 0 && n < 2 ** 31) return writeVarint(n, into, at)
  return writeVarint64(n >>> 0, Math.floor(n / 2 ** 32) >>> 0, into, at)
}

function writeDouble(value: number, ends: Ends, at: number): number {
  ends.intoView.setUint8(at, doubleField)
  ends.intoView.setFloat64(at + 1, value, true)
  return at + 9
}

function writeRare(ends: Ends, text: string, at: number): number {
  if (/^-?\d{1,20}$/.test(text) && text !== '-0') {
    const value = BigInt(text)
    if (BigInt.asIntN(64, value) === value) {
      ends.into[at] = intField
      const high = Number(BigInt.asUintN(32, value >> 32n))
      return writeVarint64(Number(BigInt.asUintN(32, value)), high, ends.into, at + 1)
    }
  }
  const value = Number(text)
  if (Number.isFinite(value)) return writeDouble(value, ends, at)
  const field = bytesField(1, text)
  ends.into.set(field, at)
  return at + field.length
}
