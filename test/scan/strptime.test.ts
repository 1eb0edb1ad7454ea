import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimeFormat } from '../../src/scan/strptime.ts'
import { formatFault } from '../../src/scan/strptime-steps.ts'
import { Zone } from '../../src/scan/zone.ts'

const now = Date.parse('2026-11-22T22:00:00Z')

/** Epoch ms, nanoseconds and what is left, or undefined. */
function read(format: string, text: string, zone = new Zone('UTC')): [number, number, string] | undefined {
  const reader = new TimeFormat(format, zone)
  // a row goes on behind its value
  const bytes = Buffer.from(`x${text}0123456789 UTC`)
  const end = 1 + Buffer.byteLength(text)
  const at = reader.read(bytes, 1, end, now)
  return at < 0 ? undefined : [reader.ms, reader.nanos, bytes.utf8Slice(at, end)]
}

function iso(format: string, text: string, zone?: string): string | undefined {
  const found = read(format, text, new Zone(zone ?? 'UTC'))
  return found && new Date(found[0]).toISOString() + found.slice(1).filter(Boolean).join(' ')
}

describe('strptime', () => {
  it.each([
    ['%d.%m.%Y %H:%M:%S', '22.11.2026 10:00:00', '2026-11-22T10:00:00.000Z'],
    ['%d.%m.%Y %H:%M:%S', '2.1.2026   9:00:07', '2026-01-02T09:00:07.000Z'],
    ['%F %T.%f', '2026-11-22 10:00:00.123456789', '2026-11-22T10:00:00.123Z456789'],
    ['%F %T,%L', '2026-11-22 10:00:00,5', '2026-11-22T10:00:00.500Z'],
    ['%F %T.%N', '2026-11-22 10:00:00.1234567891', '2026-11-22T10:00:00.123Z456789'],
    ['%b %e %T', 'Nov  2 10:00:00', '2026-11-02T10:00:00.000Z'],
    ['%b %d %T', 'Dec 24 10:00:00', '2025-12-24T10:00:00.000Z'],
    ['%b %d %T', 'Feb 29 10:00:00', '2024-02-29T10:00:00.000Z'],
    ['%A, %d %B %Y', 'sunday, 22 NOVEMBER 2026', '2026-11-22T00:00:00.000Z'],
    ['%a %d %b %Y', 'Sun 22 May 2026', '2026-05-22T00:00:00.000Z'],
    ['%d%b%y:%T', '22nov26:10:00:00', '2026-11-22T10:00:00.000Z'],
    ['%D %I:%M %p', '11/22/69 12:05 AM', '1969-11-22T00:05:00.000Z'],
    ['%D %I:%M %p', '11/22/68 12:05 pm', '2068-11-22T12:05:00.000Z'],
    ['%Y-%j %R', '2026-326 10:07', '2026-11-22T10:07:00.000Z'],
    ['%s.%f', '1795341600.25', '2026-11-22T10:00:00.250Z'],
    ['%F %T %z', '2026-11-22 10:00:00 +01:30', '2026-11-22T08:30:00.000Z'],
    ['%F %T%z', '2026-11-22 10:00:00-0130', '2026-11-22T11:30:00.000Z'],
    ['%F %T%z', '2026-11-22 10:00:00Z', '2026-11-22T10:00:00.000Z'],
    ['%F %T %Z', '2026-11-22 10:00:00 gmt', '2026-11-22T10:00:00.000Z'],
    ['%-d/%-m/%Y', '2/1/2026', '2026-01-02T00:00:00.000Z'],
    ['100%% %F', '100% 2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['%F ü', '2026-11-22 ü', '2026-11-22T00:00:00.000Z'],
    ['%F %T', '2026-12-31 23:59:60', '2027-01-01T00:00:00.000Z'],
    ['%F', '2026-11-22T10:00:00', '2026-11-22T00:00:00.000ZT10:00:00']
  ])('reads by %s what %s says', (format, text, wanted) => {
    expect(formatFault(format)).toBeUndefined()
    expect(iso(format, text)).toBe(wanted)
  })

  it('takes the zone from the time, else that of the configuration', () => {
    expect(iso('%F %T', '2026-11-22 10:00:00', 'Europe/Berlin')).toBe('2026-11-22T09:00:00.000Z')
    expect(iso('%F %T %Z', '2026-11-22 10:00:00 CET', 'Europe/Berlin')).toBe('2026-11-22T09:00:00.000Z')
    expect(iso('%F %T %Z', '2026-11-22 10:00:00 UTC', 'Europe/Berlin')).toBe('2026-11-22T10:00:00.000Z')
    expect(iso('%s', '1795341600', 'Europe/Berlin')).toBe('2026-11-22T10:00:00.000Z')
  })

  it.each([
    ['%F', '2026-02-29'],
    ['%F', '2026-13-01'],
    ['%F', '226-11-22'],
    ['%F %T', '2026-11-22 24:00:00'],
    ['%F %T', '2026-11-22 10:60:00'],
    ['%F %T', '2026-11-22 10:00'],
    ['%F %T', '2026-11-2210:00:00'],
    ['%F %I %p', '2026-11-22 13 PM'],
    ['%F %I %p', '2026-11-22 1 XM'],
    ['%F %z', '2026-11-22 +9'],
    ['%F %f', '2026-11-22 '],
    ['%d %b %Y', '22 Nox 2026'],
    ['%Y-%j', '2026-366'],
    ['%F', '']
  ])('finds no time by %s in %s', (format, text) => {
    expect(iso(format, text)).toBeUndefined()
  })

  it.each([
    ['', 'names month and day'],
    ['%H:%M:%S', 'names month and day'],
    ['%d.%m.%Q', '"%Q" means nothing'],
    ['%F %', 'written "%%"'],
    ['%j %H', 'needs a year'],
    ['%F %I:%M', 'needs "%p"']
  ])('does not take the format %j', (format, fault) => {
    expect(formatFault(format)).toContain(fault)
  })

  it('reads what Date makes of the same text', () => {
    fc.assert(
      fc.property(formats, fc.array(fc.constantFrom(...pieces), { maxLength: 3 }), instants, (format, noise, ms) => {
        const text = written(format, new Date(ms))
        const cut =
          noise.length === 0 ? text : text.slice(0, (ms % 13) + 1) + noise.join('') + text.slice((ms % 13) + 2)
        expect(read(format, cut)?.slice(0, 2), `${format}: ${cut}`).toEqual(slow(format, cut))
        if (noise.length === 0) expect(read(format, cut)).toBeDefined()
      }),
      { numRuns: 10_000 }
    )
  })
})

const days = ['%Y-%m-%d', '%d.%m.%Y', '%d/%b/%Y', '%B %d %Y', '%A %d %b %Y', '%Y%m%d', '%m/%d/%y', '%Y %j']
const clocks = ['%H:%M:%S', '%H%M%S', '%H:%M:%S.%f', '%I:%M:%S %p', '%H:%M']
const zones = ['', ' %z', '%z', ' %Z']
const formats = fc
  .tuple(
    fc.constantFrom(...days),
    fc.constantFrom(' ', 'T', ' at '),
    fc.constantFrom(...clocks),
    fc.constantFrom(...zones)
  )
  .map(parts => parts.join(''))
const instants = fc.integer({ min: Date.parse('1970-01-01'), max: Date.parse('2068-12-31') })
const pieces = ['0', '9', ' ', ':', '-', 'a', 'Z', '+01', '1', '', '31', 'PM', 'May']

const monthNames = Array.from({ length: 12 }, (_, month) =>
  new Date(Date.UTC(2000, month)).toLocaleString('en', { month: 'long', timeZone: 'UTC' })
)
const weekdayNames = Array.from({ length: 7 }, (_, day) =>
  new Date(Date.UTC(2000, 0, 2 + day)).toLocaleString('en', { weekday: 'long', timeZone: 'UTC' })
)

const two = (value: number): string => String(value).padStart(2, '0')
const names = (all: string[]): string => all.flatMap(name => [name, name.slice(0, 3)]).join('|')

function written(format: string, date: Date): string {
  const ordinal = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000) + 1
  const by: Record<string, string> = {
    Y: String(date.getUTCFullYear()),
    y: two(date.getUTCFullYear() % 100),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    j: String(ordinal).padStart(3, '0'),
    H: two(date.getUTCHours()),
    I: two(date.getUTCHours() % 12 || 12),
    M: two(date.getUTCMinutes()),
    S: two(date.getUTCSeconds()),
    f: String(date.getUTCMilliseconds()).padStart(3, '0'),
    p: date.getUTCHours() < 12 ? 'AM' : 'pm',
    b: monthNames[date.getUTCMonth()]!.slice(0, 3),
    B: monthNames[date.getUTCMonth()]!,
    A: weekdayNames[date.getUTCDay()]!,
    z: '+0000',
    Z: 'UTC'
  }
  return format.replaceAll(/%(.)/g, (_, letter: string) => by[letter]!)
}

/** The same by a regular expression and `Date.UTC`. Lookaheads, since a directive takes what it can and never gives it back. */
function slow(format: string, text: string): [number, number] | undefined {
  const by: Record<string, string> = {
    Y: '\\d{4}',
    y: '\\d{2}',
    d: ' ?\\d{1,2}',
    H: ' ?\\d{1,2}',
    I: ' ?\\d{1,2}',
    j: '\\d{1,3}',
    f: '\\d+',
    p: '[ap]m',
    b: names(monthNames),
    B: names(monthNames),
    A: names(weekdayNames),
    z: 'z|[+-]\\d{2}(:?\\d{2})?',
    Z: '(?:[a-z](?![a-z])|[a-z]{2,5}(?![a-z]))'
  }
  const source = format
    .replaceAll('.', '\\.')
    .replaceAll(' ', '[ \\t]+(?![ \\t])')
    .replaceAll(/%(.)/g, (_, letter: string) => `(?=(?<${letter}>${by[letter] ?? '\\d{1,2}'}))\\k<${letter}>`)
  const found = new RegExp(`^${source}`, 'i').exec(text)?.groups
  return found && instantOf(found)
}

function instantOf(found: Readonly<Record<string, string | undefined>>): [number, number] | undefined {
  const number = (name: string, otherwise = 0): number => (found[name] === undefined ? otherwise : Number(found[name]))
  const named = (found['b'] ?? found['B'] ?? '').slice(0, 3).toLowerCase()
  const month = number('m', monthNames.findIndex(name => name.slice(0, 3).toLowerCase() === named) + 1)
  const year = number('Y', number('y') + (number('y') < 69 ? 2000 : 1900))
  const half = found['p']?.toLowerCase() === 'pm' ? 12 : 0
  const twelve = number('I', -1)
  const hour = twelve < 0 ? number('H') : (twelve % 12) + half
  if (twelve === 0 || twelve > 12 || number('H') > 23 || number('M') > 59 || number('S') > 60) return undefined
  const day = found['j'] === undefined ? number('d') : number('j')
  const date = new Date(0)
  date.setUTCFullYear(year, found['j'] === undefined ? month - 1 : 0, day)
  if (date.getUTCFullYear() !== year || day === 0) return undefined
  if (found['j'] === undefined && (month === 0 || date.getUTCMonth() !== month - 1)) return undefined
  const zone = /^([+-])(\d\d):?(\d\d)?$/.exec(found['z'] ?? '')
  const ahead = zone === null ? 0 : (Number(zone[2]) * 60 + Number(zone[3] ?? 0)) * (zone[1] === '-' ? -60_000 : 60_000)
  if (Number(zone?.[2] ?? 0) > 23 || Number(zone?.[3] ?? 0) > 59) return undefined
  const nanos = Number((found['f'] ?? '0').padEnd(9, '0').slice(0, 9))
  const ms = date.getTime() + (hour * 3600 + number('M') * 60 + number('S')) * 1000 + Math.floor(nanos / 1e6) - ahead
  return ms < -62_135_596_800_000 || ms > 253_402_300_799_999 ? undefined : [ms, nanos % 1e6]
}
