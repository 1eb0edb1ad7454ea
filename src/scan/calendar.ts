/** Dates of the proleptic Gregorian calendar as days since 1970-01-01. */

export const dayMs = 86_400_000

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(packed)
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map(packed)

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Whether the month, 1 to 12, has this day. */
export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  return day <= lengths[month - 1]! || (month === 2 && day === 29 && isLeap(year))
}

/** Days since 1970-01-01 (Howard Hinnant's days_from_civil). The date must exist. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The day with this ordinal number in the year, or NaN. */
export function daysOfOrdinal(year: number, ordinal: number): number {
  if (ordinal < 1 || ordinal > (isLeap(year) ? 366 : 365)) return Number.NaN
  return daysOf(year, 1, 1) + ordinal - 1
}

/** The day (Monday is 1) of an ISO 8601 week, or NaN. */
export function daysOfWeek(year: number, week: number, weekday: number): number {
  if (week < 1 || weekday < 1 || weekday > 7) return Number.NaN
  const first = firstMonday(year)
  const day = first + (week - 1) * 7 + weekday - 1
  return week <= 52 || day < firstMonday(year + 1) ? day : Number.NaN
}

/** Monday of week 1: of the week that has January 4. */
function firstMonday(year: number): number {
  const fourth = daysOf(year, 1, 4)
  return fourth - ((((fourth + 3) % 7) + 7) % 7)
}

/** 1 to 12 by the first three letters, 0 for no month. */
export function monthAt(bytes: Uint8Array, at: number): number {
  return monthNames.indexOf(packedAt(bytes, at)) + 1
}

export function isWeekdayAt(bytes: Uint8Array, at: number): boolean {
  return weekdayNames.includes(packedAt(bytes, at))
}

function packedAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! | 0x20) << 16) | ((bytes[at + 1]! | 0x20) << 8) | bytes[at + 2]! | 0x20
}

function packed(name: string): number {
  return packedAt(Buffer.from(name), 0)
}

const months = 'january february march april may june july august september october november december'
const weekdays = 'sunday monday tuesday wednesday thursday friday saturday'
const longMonths = months.split(' ').map(name => Buffer.from(name))
const longWeekdays = weekdays.split(' ').map(name => Buffer.from(name))

/** `month << 5 | length` of the name of a month, by its first three letters or whole, in any case; 0 for none. */
export function longMonthAt(bytes: Uint8Array, at: number, end: number): number {
  return longNameAt(longMonths, at + 3 <= end ? monthAt(bytes, at) : 0, bytes, at, end)
}

/** The same for days of the week; Sunday is 1. */
export function longWeekdayAt(bytes: Uint8Array, at: number, end: number): number {
  return longNameAt(longWeekdays, at + 3 <= end ? weekdayNames.indexOf(packedAt(bytes, at)) + 1 : 0, bytes, at, end)
}

function longNameAt(names: readonly Buffer[], number: number, bytes: Uint8Array, at: number, end: number): number {
  if (number === 0) return 0
  const name = names[number - 1]!
  let length = 3
  while (length < name.length && at + length < end && (bytes[at + length]! | 0x20) === name[length]) length++
  return (number << 5) | (length === name.length ? length : 3)
}

/** The days of dates without a year. Keeps the last one, for the next row mostly has the same. */
export class InferredDays {
  /** What was found last. */
  last = Number.NaN
  #date = -1
  #today = -1

  /** The last day with this date that is not later than tomorrow, in days since 1970, or NaN. */
  find(now: number, month: number, day: number): number {
    const today = Math.floor(now / dayMs)
    const date = month * 100 + day
    if (date === this.#date && today === this.#today) return this.last
    this.#date = date
    this.#today = today
    return (this.last = lastUntil(today + 1, month, day))
  }
}

function lastUntil(tomorrow: number, month: number, day: number): number {
  const newest = new Date(tomorrow * dayMs).getUTCFullYear()
  for (let year = newest; year >= newest - 8; year--) {
    if (!isDay(year, month, day)) continue
    const days = daysOf(year, month, day)
    if (days <= tomorrow) return days
  }
  return Number.NaN
}
