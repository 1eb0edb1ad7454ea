import { dayMs, daysOf, daysOfOrdinal, InferredDays, isDay, longMonthAt, longWeekdayAt } from './calendar.ts'
import { directive, directiveOf, stepsOf } from './strptime-steps.ts'
import { earliestMs, isDigit, isWordByte, latestMs } from './time-reader.ts'
import type { Zone } from './zone.ts'

const space = 0x20
const tab = 0x09
const colon = 0x3a
const plus = 0x2b
const minus = 0x2d
/**
 * Reads times in a format of the user's own, as `strptime` has them. Numbers take one or two digits, years four; a blank stands for
 * one or more; names are English, in any case, short or long. A date without a year is the last one that is not later than tomorrow.
 * Zone names other than UTC and GMT are passed over: the configured zone holds.
 */
export class TimeFormat {
  /** Epoch ms of the last time read, and the rest in nanoseconds. */
  ms = 0
  nanos = 0
  /** Where it ends. */
  end = 0
  readonly #steps: Uint16Array
  readonly #isTwelve: boolean
  readonly #zone: Zone
  readonly #inferred = new InferredDays()
  #year = 0
  #month = 0
  #day = 0
  #ordinal = 0
  #hour = 0
  #minute = 0
  #second = 0
  #fraction = 0
  #isAfternoon = false
  #epoch = 0
  #offset = 0
  /** What `#digits` and `#zoneOffset` read. */
  #value = 0

  /** The format must have no fault. */
  constructor(format: string, zone: Zone) {
    this.#steps = Uint16Array.from(stepsOf(format) as number[])
    this.#isTwelve = this.#steps.includes(directiveOf('I'))
    this.#zone = zone
  }

  /** Reads a time that begins at `start`; returns where it ends, or -1. `now` is what a missing year goes by. */
  read(bytes: Uint8Array, start: number, end: number, now: number): number {
    const steps = this.#steps
    this.#clear()
    let at = start
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!
      if (step >= directive) at = this.#part(bytes, at, end, step - directive)
      else if (step === space) at = pastBlanks(bytes, at, end)
      else at = at < end && bytes[at] === step ? at + 1 : -1
      if (at < 0) return -1
    }
    this.end = at
    return this.#finish(now) ? at : -1
  }

  #clear(): void {
    this.#year = -1
    this.#month = 0
    this.#day = 0
    this.#ordinal = 0
    this.#hour = 0
    this.#minute = 0
    this.#second = 0
    this.#fraction = 0
    this.#isAfternoon = false
    this.#epoch = -1
    this.#offset = Number.NaN
  }

  /** One directive: longer than other functions, for it is a list. */
  #part(bytes: Uint8Array, at: number, end: number, letter: number): number {
    let next: number
    switch (letter) {
      case 0x59: // Y
        next = this.#digits(bytes, at, end, 4)
        this.#year = this.#value
        return next === at + 4 ? next : -1
      case 0x79: // y: 69 to 99 are of the last century, as POSIX says
        next = this.#digits(bytes, at, end, 2)
        this.#year = this.#value + (this.#value < 69 ? 2000 : 1900)
        return next === at + 2 ? next : -1
      case 0x6d: // m
        next = this.#digits(bytes, at, end, 2)
        this.#month = this.#value
        return next
      case 0x64: // d
        next = this.#digits(bytes, at < end && bytes[at] === space ? at + 1 : at, end, 2)
        this.#day = this.#value
        return next
      case 0x6a: // j
        next = this.#digits(bytes, at, end, 3)
        this.#ordinal = this.#value
        return next
      case 0x48: // H
        next = this.#digits(bytes, at < end && bytes[at] === space ? at + 1 : at, end, 2)
        this.#hour = this.#value
        return this.#value > 23 ? -1 : next
      case 0x49: // I
        next = this.#digits(bytes, at < end && bytes[at] === space ? at + 1 : at, end, 2)
        this.#hour = this.#value % 12
        return this.#value < 1 || this.#value > 12 ? -1 : next
      case 0x4d: // M
        next = this.#digits(bytes, at, end, 2)
        this.#minute = this.#value
        return this.#value > 59 ? -1 : next
      case 0x53: // S: a leap second counts as the first of the next minute
        next = this.#digits(bytes, at, end, 2)
        this.#second = this.#value
        return this.#value > 60 ? -1 : next
      case 0x73: // s
        next = this.#digits(bytes, at, end, 12)
        this.#epoch = this.#value
        return next
      case 0x66: // f
        return this.#nanosAt(bytes, at, end)
      case 0x62: // b
        next = longMonthAt(bytes, at, end)
        this.#month = next >> 5
        return next === 0 ? -1 : at + (next & 31)
      case 0x61: // a
        next = longWeekdayAt(bytes, at, end)
        return next === 0 ? -1 : at + (next & 31)
      case 0x70: // p
        return this.#halfDay(bytes, at, end)
      case 0x7a: // z
        return this.#zoneOffset(bytes, at, end)
      default: // Z
        return this.#zoneName(bytes, at, end)
    }
  }

  #digits(bytes: Uint8Array, at: number, end: number, most: number): number {
    let value = 0
    let next = at
    for (; next < end && next < at + most && isDigit(bytes[next]!); next++) value = value * 10 + bytes[next]! - 0x30
    this.#value = value
    return next === at ? -1 : next
  }

  /** Digits of a fraction of a second; those behind the ninth are passed. */
  #nanosAt(bytes: Uint8Array, at: number, end: number): number {
    let next = this.#digits(bytes, at, end, 9)
    if (next < 0) return -1
    for (let digits = next - at; digits < 9; digits++) this.#value *= 10
    this.#fraction = this.#value
    while (next < end && isDigit(bytes[next]!)) next++
    return next
  }

  #halfDay(bytes: Uint8Array, at: number, end: number): number {
    const half = at + 2 <= end && (bytes[at + 1]! | 0x20) === 0x6d ? bytes[at]! | 0x20 : 0
    this.#isAfternoon = half === 0x70
    return half === 0x70 || half === 0x61 ? at + 2 : -1
  }

  /** `Z`, `+hh`, `+hhmm` or `+hh:mm`. */
  #zoneOffset(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return -1
    const sign = bytes[at]!
    this.#offset = 0
    if ((sign | 0x20) === 0x7a) return at + 1
    if (sign !== plus && sign !== minus) return -1
    let next = this.#digits(bytes, at + 1, end, 2)
    const hours = this.#value
    if (next !== at + 3 || hours > 23) return -1
    const minutesAt = next < end && bytes[next] === colon ? next + 1 : next
    let minutes = 0
    if (this.#digits(bytes, minutesAt, end, 2) === minutesAt + 2) {
      minutes = this.#value
      next = minutesAt + 2
    }
    this.#offset = (hours * 60 + minutes) * (sign === minus ? -60_000 : 60_000)
    return minutes > 59 ? -1 : next
  }

  #zoneName(bytes: Uint8Array, at: number, end: number): number {
    let next = at
    while (next < end && ((bytes[next]! | 0x20) - 0x61) >>> 0 < 26) next++
    const name = next - at === 3 ? (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]! : 0
    const isUtc = (name & 0xdfdfdf) === 0x555443 || (name & 0xdfdfdf) === 0x474d54
    if (isUtc || (next - at === 1 && (bytes[at]! | 0x20) === 0x7a)) this.#offset = 0
    return next === at || next - at > 5 ? -1 : next
  }

  #finish(now: number): boolean {
    const ms = (this.#fraction / 1_000_000) | 0
    this.nanos = this.#fraction - ms * 1_000_000
    if (this.#epoch >= 0) {
      this.ms = this.#epoch * 1000 + ms
      return this.ms <= latestMs
    }
    const day = this.#dayOf(now)
    if (Number.isNaN(day)) return false
    const hour = this.#isTwelve && this.#isAfternoon ? this.#hour + 12 : this.#hour
    const local = day * dayMs + (hour * 3600 + this.#minute * 60 + this.#second) * 1000 + ms
    this.ms = local - (Number.isNaN(this.#offset) ? this.#zone.offset(local) : this.#offset)
    return this.ms >= earliestMs && this.ms <= latestMs
  }

  /** Days since 1970, or NaN. */
  #dayOf(now: number): number {
    if (this.#ordinal > 0) return daysOfOrdinal(this.#year, this.#ordinal)
    if (this.#year < 0) return this.#inferred.find(now, this.#month, this.#day)
    return isDay(this.#year, this.#month, this.#day) ? daysOf(this.#year, this.#month, this.#day) : Number.NaN
  }
}

function pastBlanks(bytes: Uint8Array, at: number, end: number): number {
  let next = at
  while (next < end && (bytes[next] === space || bytes[next] === tab)) next++
  return next === at ? -1 : next
}

/** All formats of the user's own, asked in their order. */
export class TimeFormats {
  readonly #all: readonly TimeFormat[]

  constructor(formats: readonly string[], zone: Zone) {
    this.#all = formats.map(format => new TimeFormat(format, zone))
  }

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  /** The format that has read the value as a whole. */
  whole(bytes: Uint8Array, start: number, end: number, now: number): TimeFormat | undefined {
    for (const format of this.#all) if (format.read(bytes, start, end, now) === end) return format
    return undefined
  }

  /** The format that has read the start of a line, by which no word may hang. */
  prefix(bytes: Uint8Array, start: number, end: number, now: number): TimeFormat | undefined {
    for (const format of this.#all) {
      const at = format.read(bytes, start, end, now)
      if (at > start && !(at < end && isWordByte(bytes[at]!) && isWordByte(bytes[at - 1]!))) return format
    }
    return undefined
  }
}
