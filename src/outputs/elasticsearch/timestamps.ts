import { type Fragment, copyFragment, fragment } from '../copy.ts'

const minuteMs = 60_000
const firstMs = Date.parse('0001-01-01T00:00:00.000Z')
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** `00` to `99` as two ASCII bytes, low byte first. */
export const decimalPairs = Uint16Array.from({ length: 100 }, (_, n) => 0x3030 + Math.floor(n / 10) + ((n % 10) << 8))
const point = 0x2e
const zero = 0x30
const letterZ = 0x5a

/** Writes ISO times behind a fixed text; the minute is formatted once for all rows in it. */
export class Timestamps {
  readonly #before: string
  #minute = Number.NaN
  #text: Fragment = fragment('')

  constructor(before: string) {
    this.#before = before
  }

  /** `before` and the time, with three digits or, where `nanos` is not 0, nine; outside the years 1 to 9999, `other` instead.
   * Returns where it ends. */
  write(ms: number, nanos: number, other: number, into: DataView, at: number): number {
    let rest = ms - this.#minute
    if (!(rest >= 0 && rest < minuteMs)) {
      const fits = ms >= firstMs && ms <= lastMs
      if (!fits) nanos = 0
      rest = this.#load(fits ? ms : other)
    }
    at = copyFragment(this.#text, into, at)
    const second = (rest / 1000) | 0
    const milli = (rest | 0) - second * 1000
    const tens = (milli / 10) | 0
    into.setUint16(at, decimalPairs[second]!, true)
    into.setUint8(at + 2, point)
    into.setUint16(at + 3, decimalPairs[tens]!, true)
    into.setUint8(at + 5, zero + milli - tens * 10)
    at += 6
    if (nanos !== 0) {
      const high = (nanos / 10_000) | 0
      const low = nanos - high * 10_000
      into.setUint16(at, decimalPairs[high]!, true)
      into.setUint16(at + 2, decimalPairs[(low / 100) | 0]!, true)
      into.setUint16(at + 4, decimalPairs[low % 100]!, true)
      at += 6
    }
    into.setUint8(at, letterZ)
    return at + 1
  }

  #load(ms: number): number {
    this.#minute = Math.floor(ms / minuteMs) * minuteMs
    this.#text = fragment(this.#before + new Date(this.#minute).toISOString().slice(0, 17))
    return ms - this.#minute
  }
}

/** Writes a whole number from 0 to 2^53 and returns where it ends. */
export function writeDecimal(n: number, into: DataView, at: number): number {
  if (n < 1e9) return writeDigits(n, digitsOf(n), into, at)
  const high = Math.floor(n / 1e9)
  return writeDigits(n - high * 1e9, 9, into, writeDigits(high, digitsOf(high), into, at))
}

function digitsOf(n: number): number {
  if (n < 10_000) return n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : 4
  if (n < 1_000_000) return n < 100_000 ? 5 : 6
  return n < 10_000_000 ? 7 : n < 100_000_000 ? 8 : 9
}

function writeDigits(n: number, digits: number, into: DataView, at: number): number {
  let to = at + digits
  while (to - at >= 2) {
    const rest = (n / 100) | 0
    to -= 2
    into.setUint16(to, decimalPairs[n - rest * 100]!, true)
    n = rest
  }
  if (to > at) into.setUint8(at, zero + n)
  return at + digits
}
