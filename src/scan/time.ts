import { Kind } from '../core/row.ts'
import { dayMs, daysOfOrdinal, daysOfWeek, InferredDays, isWeekdayAt, monthAt } from './calendar.ts'
import { epoch } from './epoch.ts'
import { type TimeFormat, TimeFormats } from './strptime.ts'
import { unescape } from './text.ts'
import { fourDigits, isDigit, isWordByte, TimeReader, twoDigits } from './time-reader.ts'

const space = 0x20
const dash = 0x2d
const slash = 0x2f
const colon = 0x3a
const comma = 0x2c

/** Longest value that is looked at. */
const maxLength = 80

/**
 * Reads time stamps as programs write them: ISO 8601 in all its forms, epoch seconds to nanoseconds, RFC 3164, RFC 2822, CLF, klog,
 * `asctime`, Java's and Go's defaults; before them those in formats of the user's own. Keeps the last day it saw, for the next row mostly has the same.
 */
export class TimeScanner extends TimeReader {
  /** Where the time that `parsePrefix` found ends. */
  end = 0
  /** Epoch ms by which stamps without a year get one. */
  now = Date.now()
  readonly #scratch = Buffer.alloc(maxLength)
  readonly #inferred = new InferredDays()
  readonly #formats: TimeFormats

  /** Formats as in strptime.ts, without a fault. */
  constructor(zone: string, formats: readonly string[] = []) {
    super(zone)
    this.#formats = new TimeFormats(formats, this.zone)
  }

  /** Whether there are formats of the user's own: what they read may have its seconds anywhere. */
  get hasFormats(): boolean {
    return !this.#formats.isEmpty
  }

  /** Reads a value that is a time as a whole; sets `ms` and `nanos`. */
  parse(bytes: Buffer, start: number, end: number, kind: number): boolean {
    if (kind === Kind.number) return this.#isCustom(bytes, start, end) || epoch(this, bytes, start, end)
    if (end - start > maxLength || kind > Kind.jsonText || kind === Kind.absent) return false
    if (kind === Kind.jsonText)
      return this.parse(this.#scratch, 0, unescape(bytes, start, end, this.#scratch, 0), Kind.text)
    while (end > start && bytes[end - 1] === space) end--
    while (start < end && bytes[start] === space) start++
    if (this.#isCustom(bytes, start, end)) return true
    const at = this.#stamp(bytes, start, end)
    if (at === end && start < end) return true
    // Go's time.String() with its monotonic clock reading
    if (at > 0 && bytes[at] === space && bytes[at + 1] === 0x6d && bytes[at + 2] === 0x3d) return true
    return epoch(this, bytes, start, end)
  }

  #isCustom(bytes: Buffer, start: number, end: number): boolean {
    return this.#take(this.#formats.whole(bytes, start, end, this.now))
  }

  /** As `parsePrefix`, in the user's own formats alone. */
  customPrefix(bytes: Buffer, start: number, end: number): boolean {
    return this.#take(this.#formats.prefix(bytes, start, Math.min(end, start + maxLength), this.now))
  }

  #take(format: TimeFormat | undefined): boolean {
    if (format === undefined) return false
    this.ms = format.ms
    this.nanos = format.nanos
    this.end = format.end
    return true
  }

  /** Reads a time at the start of a line, by which no word may hang; a date alone is none. Sets `ms`, `nanos` and `end`. */
  parsePrefix(bytes: Buffer, start: number, end: number): boolean {
    const most = Math.min(end, start + maxLength)
    const at = this.#stamp(bytes, start, most)
    if (at < 0) return this.#epochPrefix(bytes, start, most)
    if (at < end && isWordByte(bytes[at]!)) return false
    // shorter than any date with a time
    if (at - start < 12) return false
    this.end = at
    return true
  }

  /** `1732269600.123`, as Squid begins its lines: just ten digits with a fraction, for a line may begin with any number. */
  #epochPrefix(bytes: Buffer, start: number, end: number): boolean {
    let at = start
    while (at < end && isDigit(bytes[at]!)) at++
    if (at - start !== 10 || bytes[at] !== 0x2e) return false
    at++
    while (at < end && isDigit(bytes[at]!)) at++
    this.end = at
    return at > start + 11 && epoch(this, bytes, start, at)
  }

  #stamp(bytes: Uint8Array, start: number, end: number): number {
    if (end - start >= 19) {
      const at = this.common(bytes, start, end)
      if (at > 0) return at
    }
    if (end - start < 8) return -1
    if (!isDigit(bytes[start]!)) return this.#named(bytes, start, end)
    const at = this.#day(bytes, start, end)
    if (at < 0) return this.#dayFirst(bytes, start, end)
    if (at === end) return this.finish(this.zone.offset(this.local)) ? ((this.nanos = 0), at) : -1
    const hour = this.#pastSeparator(bytes, at)
    const next = hour < 0 ? -1 : this.clock(bytes, hour, end)
    return next < 0 ? -1 : this.offset(bytes, next, end)
  }

  /** Between date and time: `T`, blanks, or nothing where all are digits. */
  #pastSeparator(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!
    if ((byte | 0x20) === 0x74) return at + 1
    if (byte === space) return bytes[at + 1] === space ? at + 2 : at + 1
    return isDigit(byte) ? at : -1
  }

  /** `2026-11-22`, `2026/11/22`, `20261122`, `2026-326`, `2026-W47-7`, `2026W477`. */
  #day(bytes: Uint8Array, at: number, end: number): number {
    const year = fourDigits(bytes, at, end)
    if (year < 0) return -1
    let next = at + 4
    const separator = bytes[next]!
    const apart = separator === dash || separator === slash ? 1 : 0
    next += apart
    if (bytes[next] === 0x57) return this.#weekDay(bytes, next + 1, end, year)
    const month = twoDigits(bytes, next, end)
    if (month < 0) return -1
    const isOrdinal = apart === 1 ? bytes[next + 2] !== separator : (bytes[next + 3]! | 0x20) === 0x74
    if (isOrdinal) return this.#ordinalDay(bytes, next, end, year)
    const day = twoDigits(bytes, next + 2 + apart, end)
    return day >= 0 && this.setDay(year, month, day) ? next + 4 + apart : -1
  }

  #ordinalDay(bytes: Uint8Array, at: number, end: number, year: number): number {
    if (at + 3 > end || !isDigit(bytes[at + 2]!)) return -1
    this.local = daysOfOrdinal(year, twoDigits(bytes, at, end) * 10 + bytes[at + 2]! - 0x30) * dayMs
    return Number.isNaN(this.local) ? -1 : at + 3
  }

  #weekDay(bytes: Uint8Array, at: number, end: number, year: number): number {
    const week = twoDigits(bytes, at, end)
    const next = bytes[at + 2] === dash ? at + 3 : at + 2
    if (next >= end || !isDigit(bytes[next]!)) return -1
    this.local = daysOfWeek(year, week, bytes[next]! - 0x30) * dayMs
    return Number.isNaN(this.local) ? -1 : next + 1
  }

  /** `22/Nov/2026:10:00:00 +0000`, `22 Nov 2026 10:00:00`, `22-Nov-2026 10:00:00`. */
  #dayFirst(bytes: Uint8Array, at: number, end: number): number {
    const digits = isDigit(bytes[at + 1]!) ? 2 : 1
    const day = digits === 2 ? twoDigits(bytes, at, end) : bytes[at]! - 0x30
    const separator = bytes[at + digits]!
    if (separator !== slash && separator !== space && separator !== dash) return -1
    const month = monthAt(bytes, at + digits + 1)
    const year = fourDigits(bytes, at + digits + 5, end)
    if (month === 0 || bytes[at + digits + 4] !== separator || year < 0 || !this.setDay(year, month, day)) return -1
    const next = at + digits + 9
    if (next >= end || (bytes[next] !== colon && bytes[next] !== space)) return -1
    const zone = this.clock(bytes, next + 1, end)
    return zone < 0 ? -1 : this.offset(bytes, zone, end)
  }

  /** Forms that begin with a letter: `Nov 22 10:00:00`, `Sun Nov 22 10:00:00 2026`, `Sun, 22 Nov 2026 10:00:00 GMT`, klog. */
  #named(bytes: Uint8Array, at: number, end: number): number {
    if (isDigit(bytes[at + 1]!)) return this.#klog(bytes, at, end)
    if (bytes[at + 3] !== space && bytes[at + 3] !== comma) return -1
    if (isWeekdayAt(bytes, at)) {
      if (bytes[at + 3] === comma && bytes[at + 4] === space) return this.#dayFirst(bytes, at + 5, end)
      return bytes[at + 3] === space ? this.#monthFirst(bytes, at + 4, end) : -1
    }
    return this.#monthFirst(bytes, at, end)
  }

  /** `Nov 22 10:00:00`, with a year behind the day (`Nov 22, 2026`) or at the end, there perhaps with `UTC` before it. */
  #monthFirst(bytes: Uint8Array, at: number, end: number): number {
    const month = monthAt(bytes, at)
    if (month === 0 || bytes[at + 3] !== space || at + 12 > end) return -1
    let next = bytes[at + 4] === space ? at + 5 : at + 4
    let day = bytes[next]! - 0x30
    if (day >>> 0 > 9) return -1
    if (isDigit(bytes[++next]!)) day = day * 10 + bytes[next++]! - 0x30
    const isComma = bytes[next] === comma
    if (isComma) next++
    if (bytes[next] !== space) return -1
    const year = fourDigits(bytes, next + 1, end)
    const isYear = year >= 0 && bytes[next + 5] === space
    if (isYear ? !this.setDay(year, month, day) : isComma || !this.#inferDay(month, day)) return -1
    const hour = isYear ? next + 6 : next + 1
    const zone = this.clock(bytes, hour, end)
    if (zone < 0) return -1
    if (isYear) return this.offset(bytes, this.#halfDay(bytes, hour, zone, end), end)
    return this.#yearLast(bytes, zone, end, month * 32 + day)
  }

  /** `AM` or `PM` behind the time, as java.util.logging writes it. */
  #halfDay(bytes: Uint8Array, hour: number, at: number, end: number): number {
    if (at + 3 > end || bytes[at] !== space || bytes[at + 2] !== 0x4d) return at
    const isNoonHour = bytes[hour] === 0x31 && bytes[hour + 1] === 0x32
    if (bytes[at + 1] === 0x50 && !isNoonHour) this.local += dayMs / 2
    else if (bytes[at + 1] === 0x41 && isNoonHour) this.local -= dayMs / 2
    return bytes[at + 1] === 0x50 || bytes[at + 1] === 0x41 ? at + 3 : at
  }

  /** The ` 2026` or ` UTC 2026` of `asctime` and `date`, in whose place there may be nothing or another word. */
  #yearLast(bytes: Uint8Array, at: number, end: number, monthAndDay: number): number {
    const clock = this.local - this.#inferred.last * dayMs
    const zone = this.offset(bytes, at, end)
    if (zone < 0 || bytes[zone] !== space) return zone
    const year = fourDigits(bytes, zone + 1, end)
    if (year < 1970 || (zone + 5 < end && bytes[zone + 5] !== space && bytes[zone + 5] !== 0x5d)) return zone
    if (!this.setDay(year, monthAndDay >> 5, monthAndDay & 31)) return -1
    this.local += clock
    return this.offset(bytes, at, end) < 0 ? -1 : zone + 5
  }

  /** `I1122 10:00:00.123456` and `I20261122 10:00:00.123456`. */
  #klog(bytes: Uint8Array, at: number, end: number): number {
    const letter = bytes[at]!
    if (letter !== 0x49 && letter !== 0x57 && letter !== 0x45 && letter !== 0x46 && letter !== 0x44) return -1
    const high = fourDigits(bytes, at + 1, end)
    const low = fourDigits(bytes, at + 5, end)
    const isYear = low >= 0
    const date = isYear ? low : high
    const month = Math.floor(date / 100)
    const day = date % 100
    if (high < 0 || !(isYear ? this.setDay(high, month, day) : this.#inferDay(month, day))) return -1
    const next = isYear ? at + 9 : at + 5
    if (next >= end || bytes[next] !== space) return -1
    const zone = this.clock(bytes, next + 1, end)
    return zone < 0 ? -1 : this.offset(bytes, zone, end)
  }

  #inferDay(month: number, day: number): boolean {
    this.local = this.#inferred.find(this.now, month, day) * dayMs
    return !Number.isNaN(this.local)
  }
}
