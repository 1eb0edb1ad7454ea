const zero = 0x30
const point = 0x2e
const comma = 0x2c
const blank = 0x20

/** By the letters of a unit, of two bytes at most; the `µ` of microseconds is a letter of its own. */
const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
  y: 31_536_000e9
}
const unitOf = new Float64Array(65_536)
for (const [unit, value] of Object.entries(nanoseconds))
  unitOf[codeOf(unit.charCodeAt(0), unit.charCodeAt(1) || 0)] = value
/** By letter in lower case. */
const powerOf = new Uint8Array(256)
for (const [index, letter] of Buffer.from('kmgtpe').entries()) powerOf[letter] = index + 1
const decimal = [1, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18]
const binary = [1, 2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40, 2 ** 50, 2 ** 60]

/** Durations and sizes in texts, as LogQL's `duration()` and `bytes()` read them, from bytes. */
export class Quantities {
  /** What was read last: nanoseconds, or bytes. */
  value = 0
  /** Of the number that `#count` read: what stands before the point, and behind it. */
  #whole = 0
  #rest = 0
  /** How much of one the last digit of `#rest` is. */
  #share = 1

  /** `1h15m30.5s`, `-250ms`, `0`. */
  duration(bytes: Uint8Array, start: number, end: number): boolean {
    const isNegative = bytes[start] === 0x2d
    let at = isNegative || bytes[start] === 0x2b ? start + 1 : start
    if (end - start === 1 && bytes[start] === zero) return this.#set(0)
    if (at >= end) return false
    let sum = 0
    while (at < end) {
      const unit = this.#count(bytes, at, end, false)
      if (unit < 0) return false
      at = unit
      while (at < end && !isPartOfNumber(bytes[at]!)) at++
      const value = valueOfUnit(bytes, unit, at)
      if (value === 0) return false
      sum += this.#whole * value + Math.round(this.#rest * this.#share * value)
    }
    return this.#set(isNegative ? -sum : sum)
  }

  /** `5MiB`, `1.5 kb`, `42`, `1,024B`: `kb` is 1000, `kib` 1024. */
  size(bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#count(bytes, start, end, true)
    if (at < 0) return false
    while (at < end && bytes[at] === blank) at++
    let power = 0
    let units = decimal
    if (at < end) {
      power = powerOf[bytes[at]! | 0x20]!
      if (power > 0) at++
      if (power > 0 && at < end && (bytes[at]! | 0x20) === 0x69) {
        units = binary
        at++
      }
      if (at < end && (bytes[at]! | 0x20) === 0x62) at++
      else if (power === 0) return false
    }
    const unit = units[power]!
    return at === end && this.#set(this.#whole * unit + Math.floor(this.#rest * this.#share * unit))
  }

  #set(value: number): true {
    this.value = value
    return true
  }

  /** Reads `12`, `1.5`, `.5`, `5.`; returns where it ends, or -1. */
  #count(bytes: Uint8Array, start: number, end: number, hasCommas: boolean): number {
    let at = start
    this.#whole = this.#rest = 0
    this.#share = 1
    for (; at < end; at++) {
      const digit = bytes[at]! - zero
      if (digit >>> 0 <= 9) this.#whole = this.#whole * 10 + digit
      else if (!hasCommas || bytes[at] !== comma || at === start) break
    }
    const wholeEnd = at
    if (bytes[at] !== point || at >= end) return at > start ? at : -1
    for (at++; at < end && (bytes[at]! - zero) >>> 0 <= 9; at++) {
      // digits that make no difference
      if (this.#share < 1e-15) continue
      this.#rest = this.#rest * 10 + bytes[at]! - zero
      this.#share /= 10
    }
    return wholeEnd === start && at === start + 1 ? -1 : at
  }
}

function isPartOfNumber(byte: number): boolean {
  return (byte - zero) >>> 0 <= 9 || byte === point
}

/** 0 where there is none of this name. */
function valueOfUnit(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length === 1) return unitOf[codeOf(bytes[start]!, 0)]!
  if (length === 2 && bytes[start + 1] !== 0) return unitOf[codeOf(bytes[start]!, bytes[start + 1]!)]!
  const isMicro = length === 3 && bytes[start + 2] === 0x73
  const letter = isMicro ? codeOf(bytes[start]!, bytes[start + 1]!) : 0
  return letter === codeOf(0xc2, 0xb5) || letter === codeOf(0xce, 0xbc) ? 1e3 : 0
}

function codeOf(first: number, second: number): number {
  return (first << 8) | second
}

/** Writes a whole number from 0 to 2^53 in digits and returns where it ends; takes 16 bytes at most. */
export function writeWhole(n: number, into: Uint8Array, at: number): number {
  let end = at + 1
  for (let rest = Math.floor(n / 10); rest > 0; rest = Math.floor(rest / 10)) end++
  for (let i = end - 1; i >= at; i--) {
    into[i] = zero + (n % 10)
    n = Math.floor(n / 10)
  }
  return end
}
