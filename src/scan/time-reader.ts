import { dayMs, daysOf, isDay } from './calendar.ts'
import { Zone } from './zone.ts'

const zero = 0x30
const colon = 0x3a
const space = 0x20

/** 0001-01-01 and 9999-12-31T23:59:59.999: what Elasticsearch takes of what four digits of a year can say. */
export const earliestMs = -62_135_596_800_000
export const latestMs = 253_402_300_799_999

/**
 * The parts that time stamps are made of. Methods get where a part starts and where the text ends, and return where the part ends,
 * or -1 where it is none; what they read is left in the fields.
 */
export class TimeReader {
  /** Epoch ms of the last time read, and the rest in nanoseconds (0 to 999,999). */
  ms = 0
  nanos = 0
  /** Local time in ms as if it were UTC, as far as it was read. */
  protected local = 0
  protected readonly zone: Zone
  #dayKey = -1
  #dayLocal = 0

  constructor(zone: string) {
    this.zone = new Zone(zone)
  }

  /** Sets `local` to the start of a day, if there is such a day. */
  protected setDay(year: number, month: number, day: number): boolean {
    const key = (year << 9) | (month << 5) | day
    if (key !== this.#dayKey) {
      if (!isDay(year, month, day)) return false
      this.#dayKey = key
      this.#dayLocal = daysOf(year, month, day) * dayMs
    }
    this.local = this.#dayLocal
    return true
  }

  /** `2026-11-22T10:00:00` with a fraction and a zone: what nearly all programs write. Does in one go, in local variables, what the
   * methods below do in steps; what is unusual (leap second, 24:00) is left to them. Measured: twice as fast. */
  protected common(bytes: Uint8Array, at: number, end: number): number {
    const separator = bytes[at + 4]!
    if ((separator !== 0x2d && separator !== 0x2f) || bytes[at + 7] !== separator) return -1
    if (bytes[at + 13] !== colon || bytes[at + 16] !== colon) return -1
    if (bytes[at + 10] !== 0x54 && bytes[at + 10] !== space) return -1
    const century = twoDigits(bytes, at, end)
    const yearOfCentury = twoDigits(bytes, at + 2, end)
    const month = twoDigits(bytes, at + 5, end)
    const day = twoDigits(bytes, at + 8, end)
    const hours = twoDigits(bytes, at + 11, end)
    const minutes = twoDigits(bytes, at + 14, end)
    const seconds = twoDigits(bytes, at + 17, end)
    if ((century | yearOfCentury | month | day | hours | minutes | seconds) < 0) return -1
    if (hours > 23 || minutes > 59 || seconds > 59) return -1
    const year = century * 100 + yearOfCentury
    const key = (year << 9) | (month << 5) | day
    if (key !== this.#dayKey && !this.setDay(year, month, day)) return -1
    let next = at + 19
    let ms = 0
    let nanos = 0
    if (next + 1 < end && (bytes[next] === 0x2e || bytes[next] === 0x2c) && isDigit(bytes[next + 1]!)) {
      next++
      let scale = 100_000_000
      for (; next < end; next++) {
        const digit = bytes[next]! - zero
        if (digit >>> 0 > 9) break
        nanos += digit * scale
        scale = (scale / 10) | 0
      }
      ms = (nanos / 1_000_000) | 0
      nanos -= ms * 1_000_000
    }
    this.nanos = nanos
    this.local = this.#dayLocal + (hours * 3600 + minutes * 60 + seconds) * 1000 + ms
    if (next < end && bytes[next] === 0x5a) return this.finish(0) ? next + 1 : -1
    return this.offset(bytes, next, end)
  }

  /** `HH:MM`, `HH:MM:SS`, `HHMM` or `HHMMSS`, with a fraction of the second behind `.` or `,`. */
  protected clock(bytes: Uint8Array, at: number, end: number): number {
    const hours = twoDigits(bytes, at, end)
    if (hours < 0 || hours > 24) return -1
    const apart = bytes[at + 2] === colon ? 1 : 0
    const minutes = twoDigits(bytes, at + 2 + apart, end)
    if (minutes < 0 || minutes > 59) return -1
    this.local += hours * 3_600_000 + minutes * 60_000
    this.nanos = 0
    let next = at + 4 + apart
    if (apart === 0 ? next < end && isDigit(bytes[next]!) : next < end && bytes[next] === colon) {
      const local = this.local
      next = this.seconds(bytes, next + apart, end)
      if (next < 0 || (hours === 24 && (this.local !== local || this.nanos !== 0))) return -1
    }
    return hours === 24 && minutes !== 0 ? -1 : next
  }

  /** `SS` with its fraction. A leap second counts as the first second of the next minute, as in POSIX time. */
  protected seconds(bytes: Uint8Array, at: number, end: number): number {
    const seconds = twoDigits(bytes, at, end)
    if (seconds < 0 || seconds > 60) return -1
    this.local += seconds * 1000
    this.nanos = 0
    const dot = bytes[at + 2]
    if (at + 3 >= end || (dot !== 0x2e && dot !== 0x2c) || !isDigit(bytes[at + 3]!)) return at + 2
    return this.fraction(bytes, at + 3, end)
  }

  /** Digits of a fraction of a second; those behind the ninth are passed. */
  protected fraction(bytes: Uint8Array, at: number, end: number): number {
    let value = 0
    let scale = 1_000_000_000
    for (; at < end && isDigit(bytes[at]!); at++) {
      if (scale === 1) continue
      value = value * 10 + bytes[at]! - zero
      scale /= 10
    }
    value *= scale
    const ms = (value / 1_000_000) | 0
    this.local += ms
    this.nanos = value - ms * 1_000_000
    return at
  }

  /** What stands behind a clock time to say in which zone it is, perhaps nothing. Sets `ms`. */
  protected offset(bytes: Uint8Array, at: number, end: number): number {
    const byte = at < end ? bytes[at]! : 0
    if ((byte | 0x20) === 0x7a) return this.finish(0) ? at + 1 : -1
    if (byte === 0x2b || byte === 0x2d) return this.#numericOffset(bytes, at, end)
    if (byte === space && at + 1 < end) {
      const next = bytes[at + 1]!
      if ((next === 0x2b || next === 0x2d) && isFourDigitOffset(bytes, at + 1, end)) {
        return this.#numericOffset(bytes, at + 1, end)
      }
      if (isUtcName(bytes, at + 1, end)) return this.finish(0) ? at + 4 : -1
    } else if (isUtcName(bytes, at, end)) return this.finish(0) ? at + 3 : -1
    return this.finish(this.zone.offset(this.local)) ? at : -1
  }

  /** `+hh`, `+hhmm` or `+hh:mm`, with what Java (`[Europe/Paris]`) and Go (` UTC`) put behind. */
  #numericOffset(bytes: Uint8Array, at: number, end: number): number {
    const hours = twoDigits(bytes, at + 1, end)
    if (hours < 0 || hours > 23) return -1
    let minutes = 0
    let next = at + 3
    const apart = next < end && bytes[next] === colon ? 1 : 0
    if (apart === 1 || (next < end && isDigit(bytes[next]!))) {
      minutes = twoDigits(bytes, next + apart, end)
      if (minutes < 0 || minutes > 59) return -1
      next += apart + 2
    }
    const ms = hours * 3_600_000 + minutes * 60_000
    if (!this.finish(bytes[at] === 0x2d ? -ms : ms)) return -1
    if (next < end && bytes[next] === 0x5b) {
      const close = bytes.indexOf(0x5d, next)
      if (close > 0 && close < end && close - next < 40) return close + 1
    }
    return bytes[next] === space && isUtcName(bytes, next + 1, end) ? next + 4 : next
  }

  /** Sets `ms` from `local` and what its zone is ahead of UTC. */
  protected finish(offset: number): boolean {
    this.ms = this.local - offset
    return this.ms >= earliestMs && this.ms <= latestMs
  }
}

export function isDigit(byte: number): boolean {
  return (byte - zero) >>> 0 <= 9
}

/** The number that two digits stand for, or -1. */
export function twoDigits(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1
  const high = (bytes[at]! - zero) | 0
  const low = (bytes[at + 1]! - zero) | 0
  return high >>> 0 > 9 || low >>> 0 > 9 ? -1 : high * 10 + low
}

export function fourDigits(bytes: Uint8Array, at: number, end: number): number {
  const high = twoDigits(bytes, at, end)
  const low = twoDigits(bytes, at + 2, end)
  return high < 0 || low < 0 ? -1 : high * 100 + low
}

/** Behind a blank only a whole offset counts: `10:00:00 -12 rows` has none. */
function isFourDigitOffset(bytes: Uint8Array, at: number, end: number): boolean {
  const apart = bytes[at + 3] === colon ? 1 : 0
  return twoDigits(bytes, at + 1, end) >= 0 && twoDigits(bytes, at + 3 + apart, end) >= 0
}

/** `UTC` or `GMT`, as a word. */
function isUtcName(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 3 > end) return false
  const name = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
  if (name !== 0x555443 && name !== 0x474d54) return false
  return at + 3 === end || !isWordByte(bytes[at + 3]!)
}

/** Letters, digits and `_`. */
export function isWordByte(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) - 0x61) >>> 0 < 26 || byte === 0x5f
}
