import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Kind } from '../../src/core/row.ts'
import { TimeScanner } from '../../src/scan/time.ts'
import { Zone } from '../../src/scan/zone.ts'

const local = (text: string): number => Date.parse(`${text}Z`)
const now = Date.parse('2026-11-22T22:00:00Z')

/** What the scanner makes of a value: ISO 8601 with nine digits, or undefined. */
function read(text: string, zone = 'UTC', kind: number = Kind.text): string | undefined {
  const scanner = new TimeScanner(zone)
  scanner.now = now
  // a row goes on behind its value
  const bytes = Buffer.from(`x${text}0123456789`)
  if (!scanner.parse(bytes, 1, bytes.length - 10, kind)) return undefined
  return shown(scanner)
}

function prefix(text: string, at = now): [string, string] | undefined {
  const scanner = new TimeScanner('UTC')
  scanner.now = at
  const bytes = Buffer.from(text)
  return scanner.parsePrefix(bytes, 0, bytes.length) ? [shown(scanner), text.slice(scanner.end)] : undefined
}

function shown(scanner: TimeScanner): string {
  return (
    new Date(scanner.ms).toISOString().slice(0, -1) +
    (scanner.nanos === 0 ? '' : String(scanner.nanos).padStart(6, '0'))
  )
}

test.each([
  ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.000'],
  ['2026-11-22t10:00:00z', '2026-11-22T10:00:00.000'],
  ['2026-11-22T10:00:00.123Z', '2026-11-22T10:00:00.123'],
  ['2026-11-22T10:00:00,123Z', '2026-11-22T10:00:00.123'],
  ['2026-11-22T10:00:00.1Z', '2026-11-22T10:00:00.100'],
  ['2026-11-22T10:00:00.123456789Z', '2026-11-22T10:00:00.123456789'],
  ['2026-11-22T10:00:00.1234567891234Z', '2026-11-22T10:00:00.123456789'],
  ['2026-11-22T10:00:00.000000001+00:00', '2026-11-22T10:00:00.000000001'],
  ['2026-11-22T10:00:00+01:30', '2026-11-22T08:30:00.000'],
  ['2026-11-22T10:00:00-0130', '2026-11-22T11:30:00.000'],
  ['2026-11-22 10:00:00+02', '2026-11-22T08:00:00.000'],
  ['2026-11-22 10:00:00 +0200', '2026-11-22T08:00:00.000'],
  ['2026-11-22 10:00:00.5 -02:00', '2026-11-22T12:00:00.500'],
  ['2026-11-22 10:00:00 UTC', '2026-11-22T10:00:00.000'],
  ['2026-11-22 10:00:00.123456789 +0000 UTC', '2026-11-22T10:00:00.123456789'],
  ['2026-11-22 10:00:00.123456789 +0000 UTC m=+0.0021', '2026-11-22T10:00:00.123456789'],
  ['2026-11-22T10:00:00+01:00[Europe/Paris]', '2026-11-22T09:00:00.000'],
  ['2026-11-22 10:00:00,123', '2026-11-22T10:00:00.123'],
  ['2026/11/22 10:00:00', '2026-11-22T10:00:00.000'],
  ['2026-11-22T10:00', '2026-11-22T10:00:00.000'],
  ['2026-11-22T10:00Z', '2026-11-22T10:00:00.000'],
  ['2026-11-22', '2026-11-22T00:00:00.000'],
  ['20261122T100000Z', '2026-11-22T10:00:00.000'],
  ['20261122T100000.25+0100', '2026-11-22T09:00:00.250'],
  ['20261122', '2026-11-22T00:00:00.000'],
  ['20261122100000', '2026-11-22T10:00:00.000'],
  ['2026-326', '2026-11-22T00:00:00.000'],
  ['2026326T100000', '2026-11-22T10:00:00.000'],
  ['2026-W47-7', '2026-11-22T00:00:00.000'],
  ['2026W477T10:00:00Z', '2026-11-22T10:00:00.000'],
  ['2020-W53-7', '2021-01-03T00:00:00.000'],
  ['2026-11-22T24:00:00Z', '2026-11-23T00:00:00.000'],
  ['2026-12-31T23:59:60Z', '2027-01-01T00:00:00.000'],
  ['2026-12-31T23:59:60.5Z', '2027-01-01T00:00:00.500'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000'],
  ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999'],
  ['  2026-11-22T10:00:00Z ', '2026-11-22T10:00:00.000'],
  ['22/Nov/2026:10:00:00 +0100', '2026-11-22T09:00:00.000'],
  ['22/Nov/2026:10:00:00.123', '2026-11-22T10:00:00.123'],
  ['22 Nov 2026 10:00:00.123', '2026-11-22T10:00:00.123'],
  ['2 Nov 2026 10:00:00', '2026-11-02T10:00:00.000'],
  ['22-Nov-2026 10:00:00.123', '2026-11-22T10:00:00.123'],
  ['Sun, 22 Nov 2026 10:00:00 GMT', '2026-11-22T10:00:00.000'],
  ['Sun, 22 Nov 2026 10:00:00 -0500', '2026-11-22T15:00:00.000'],
  ['Sun Nov 22 10:00:00 2026', '2026-11-22T10:00:00.000'],
  ['Sun Nov 22 10:00:00.123456 2026', '2026-11-22T10:00:00.123456000'],
  ['Sun Nov 22 10:00:00 UTC 2026', '2026-11-22T10:00:00.000'],
  ['Nov 22 10:00:00', '2026-11-22T10:00:00.000'],
  ['Nov  2 10:00:00.5', '2026-11-02T10:00:00.500'],
  ['Nov 22 2025 10:00:00', '2025-11-22T10:00:00.000'],
  ['Nov 22, 2025 10:00:00 PM', '2025-11-22T22:00:00.000'],
  ['Nov 22, 2025 12:00:00 AM', '2025-11-22T00:00:00.000'],
  ['Dec 31 23:00:00', '2025-12-31T23:00:00.000'],
  ['Feb 29 00:00:00', '2024-02-29T00:00:00.000'],
  ['I1122 10:00:00.123456', '2026-11-22T10:00:00.123456000'],
  ['E20261122 10:00:00.123456', '2026-11-22T10:00:00.123456000'],
  ['1795341600', '2026-11-22T10:00:00.000'],
  ['1795341600.5', '2026-11-22T10:00:00.500'],
  ['1795341600.123456789', '2026-11-22T10:00:00.123456789'],
  ['1795341600123', '2026-11-22T10:00:00.123'],
  ['1795341600123.5', '2026-11-22T10:00:00.123500000'],
  ['1795341600123456', '2026-11-22T10:00:00.123456000'],
  ['1795341600123456789', '2026-11-22T10:00:00.123456789'],
  ['1712031500', '2024-04-02T04:18:20.000'],
  ['1712031500000000', '2024-04-02T04:18:20.000'],
  ['1.7953416e9', '2026-11-22T10:00:00.000'],
  ['1.795341600123E+09', '2026-11-22T10:00:00.123']
])('time scanner reads %s', (text, expected) => {
  expect(read(text)).toBe(expected)
})

test.each([
  '',
  ' ',
  'now',
  '2026',
  '2026-11',
  '2026-13-01',
  '2026-02-30',
  '2023-02-29',
  '2026-11-31',
  '2026-00-10',
  '2026-11-00',
  '2026-11-22T',
  '2026-11-22T25:00:00Z',
  '2026-11-22T10:60:00Z',
  '2026-11-22T10:00:61Z',
  '2026-11-22T24:00:01Z',
  '2026-11-22T24:01:00Z',
  '2026-11-22T10:00:00X',
  '2026-11-22T10:00:00.Z',
  '2026-11-22T10:00:00+24:00',
  '2026-11-22T10:00:00+01:60',
  '2026-11-22T10:00:00+1',
  '2026-11-22T1:00:00',
  '2026-11-22T10:0:00',
  '2026-11/22 10:00:00',
  '2026-366',
  '2026-000',
  '2026-W54-1',
  '2026-W00-1',
  '2026-W47-8',
  '2021-W53-1',
  '22/Foo/2026:10:00:00 +0000',
  '31/Nov/2026:10:00:00 +0000',
  'Nov 31 10:00:00',
  'Feb 30 10:00:00',
  'Foo 22 10:00:00',
  'X1122 10:00:00',
  'I1322 10:00:00',
  '12345678',
  '0',
  '-1795341600',
  '0.5',
  '35',
  '1795341600.',
  '1795341600.5.5',
  '179534160012345678901',
  '1e99',
  '1e9e9',
  '9999-12-31T23:59:59-01:00',
  '0000-05-05T01:02:03.000Z',
  '0001-01-01T00:00:00.000+05:00',
  '2026-11-22T10:00:00Z and more',
  `2026-11-22T10:00:00.${'1'.repeat(100)}Z`
])('time scanner refuses %j', text => {
  expect(read(text)).toBeUndefined()
})

test('time scanner unescapes JSON text and leaves other kinds alone', () => {
  expect(read('22\\/Nov\\/2026:10:00:00 \\u002b0000', 'UTC', Kind.jsonText)).toBe('2026-11-22T10:00:00.000')
  expect(read('2026-11-22T10:00:00Z', 'UTC', Kind.boolean)).toBeUndefined()
  expect(read('2026-11-22T10:00:00Z', 'UTC', Kind.json)).toBeUndefined()
  expect(read('20261122', 'UTC', Kind.number)).toBeUndefined()
})

test.each([
  ['2026-11-22 10:00:00,123 INFO x', '2026-11-22T10:00:00.123', ' INFO x'],
  ['2026-11-22T10:00:00Z  INFO', '2026-11-22T10:00:00.000', '  INFO'],
  ['2026/11/22 10:00:00 [error] 1#1', '2026-11-22T10:00:00.000', ' [error] 1#1'],
  ['2026-11-22 10:00:00 -12 rows', '2026-11-22T10:00:00.000', ' -12 rows'],
  ['Nov 22 10:00:00 host app[1]: 2026 rows', '2026-11-22T10:00:00.000', ' host app[1]: 2026 rows'],
  ['Nov 22 10:00:00 1999 rows', '1999-11-22T10:00:00.000', ' rows'],
  ['I1122 10:00:00.123456       1 main.go:1] x', '2026-11-22T10:00:00.123456000', '       1 main.go:1] x'],
  ['1795341600.123    35 ::1 TCP_MISS/200', '2026-11-22T10:00:00.123', '    35 ::1 TCP_MISS/200']
])('time scanner finds the time before %j', (text, time, rest) => {
  expect(prefix(text)).toEqual([time, rest])
})

test.each([
  '2026-11-22 rows',
  '2026-11-22',
  '1795341600 rows',
  '2026-11-22T10:00:00Zulu',
  'hello world, hello',
  '1.5 rows'
])('time scanner finds no time before %j', text => {
  expect(prefix(text)).toBeUndefined()
})

test('a date without a year is the last one that is not later than tomorrow', () => {
  const newYear = Date.parse('2027-01-01T00:30:00Z')
  expect(prefix('Dec 31 23:59:59 x', newYear)?.[0]).toBe('2026-12-31T23:59:59.000')
  expect(prefix('Jan  1 00:00:00 x', newYear - 3_600_000)?.[0]).toBe('2027-01-01T00:00:00.000')
  expect(prefix('Jan  3 00:00:00 x', newYear - 3_600_000)?.[0]).toBe('2026-01-03T00:00:00.000')
})

test('time scanner agrees with Date on random instants in every form', () => {
  const scanner = new TimeScanner('UTC')
  const minute = fc.constantFrom('Z', 'z', '+00:00', '-00:00', '+05:30', '-0800', '+14', ' +0200', '')
  const instant = fc.record({
    ms: fc.oneof(
      fc.integer({ min: -62135596800000 + 1e9, max: 253402300799999 - 1e9 }),
      fc.integer({ min: 0, max: 4e12 })
    ),
    near: fc.integer({ min: 0, max: 120_000 }),
    zone: minute,
    digits: fc.integer({ min: 0, max: 9 }),
    fine: fc.integer({ min: 0, max: 999_999 }),
    form: fc.integer({ min: 0, max: 5 })
  })
  fc.assert(
    fc.property(instant, ({ ms, near, zone, digits, fine, form }) => {
      // two values near to each other, so that the second may take the shared minute
      for (const at of [ms, ms + near]) {
        const iso = new Date(at).toISOString()
        const fraction = (iso.slice(20, 23) + String(fine).padStart(6, '0')).slice(0, digits)
        const date = [iso.slice(0, 10), iso.slice(0, 10).replaceAll('-', ''), iso.slice(0, 10).replaceAll('-', '/')][
          form % 3
        ]!
        const clock = form === 1 || form === 4 ? iso.slice(11, 19).replaceAll(':', '') : iso.slice(11, 19)
        const point = digits === 0 ? '' : (form < 3 ? '.' : ',') + fraction
        const bytes = Buffer.from(`${date}${form < 3 ? 'T' : ' '}${clock}${point}${zone}`)
        const offset = /(\d\d):?(\d\d)?$/.exec(zone)
        const shift = offset
          ? (Number(offset[1]) * 60 + Number(offset[2] ?? 0)) * (zone.includes('-') ? -60000 : 60000)
          : 0
        const kept = fraction.padEnd(9, '0')
        const expected = Math.floor(at / 1000) * 1000 + Number(kept.slice(0, 3)) - shift
        if (!scanner.parse(bytes, 0, bytes.length, Kind.plain)) throw new Error(`refused ${bytes.toString()}`)
        if (scanner.ms !== expected || scanner.nanos !== Number(kept.slice(3))) {
          throw new Error(`${bytes.toString()} became ${scanner.ms} ${scanner.nanos}, not ${expected} ${kept.slice(3)}`)
        }
      }
    }),
    { numRuns: 40_000 }
  )
})

test('time scanner never throws or reads past the end, whatever the bytes', () => {
  const scanner = new TimeScanner('UTC')
  const pieces = fc.constantFrom(
    '2026',
    '11',
    '22',
    '-',
    '/',
    'T',
    ' ',
    ':',
    '10',
    '.',
    ',',
    'Z',
    '+',
    'Nov',
    'Sun',
    'W',
    '9',
    'I'
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 16 }), parts => {
      const text = parts.join('')
      const alone = Buffer.from(text)
      const inRow = Buffer.from(`${text}:00:00.5 2026 UTC`)
      for (const parse of ['parse', 'parsePrefix'] as const) {
        const a = scanner[parse](alone, 0, alone.length, Kind.text) ? [scanner.ms, scanner.nanos] : undefined
        const b = scanner[parse](inRow, 0, alone.length, Kind.text) ? [scanner.ms, scanner.nanos] : undefined
        expect(b, text).toEqual(a)
      }
    }),
    { numRuns: 20_000 }
  )
})

test.each([
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/St_Johns'
])('local times of %s become the instants they were written at', zone => {
  const scanner = new TimeScanner(zone)
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  let later = 0
  for (let i = 0; i < 2000; i++) {
    // a step that is coprime to the day meets every hour and both clock changes of most years
    const ms = Date.parse('2016-01-01T00:00:00Z') + i * 171_719_000
    const bytes = Buffer.from(format.format(ms))
    expect(scanner.parse(bytes, 0, bytes.length, Kind.plain)).toBe(true)
    if (scanner.ms !== ms) later++
    else continue
    expect(format.format(scanner.ms), 'an hour that comes twice').toBe(format.format(ms))
  }
  expect(later).toBeLessThan(10)
})

test('zones resolve gaps from before and overlaps to the first', () => {
  const zone = new Zone('Europe/Berlin')
  expect(zone.offset(local('2026-03-29T01:59:00'))).toBe(3_600_000)
  expect(zone.offset(local('2026-03-29T02:30:00'))).toBe(3_600_000)
  expect(zone.offset(local('2026-03-29T03:00:00'))).toBe(7_200_000)
  expect(zone.offset(local('2026-10-25T02:30:00'))).toBe(7_200_000)
  expect(zone.offset(local('2026-10-25T03:00:00'))).toBe(3_600_000)
  expect(() => new Zone('Mars/Olympus')).toThrow(RangeError)
})

test('a day that no month has is no other one that was read before', () => {
  const scanner = new TimeScanner('UTC')
  scanner.now = now
  const isTime = (text: string): boolean => scanner.parse(Buffer.from(text), 0, text.length, Kind.text)
  expect(isTime('Feb 01 10:00:00')).toBe(true)
  expect(isTime('Jan 33 10:00:00')).toBe(false)
})
