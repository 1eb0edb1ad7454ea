import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Timestamps, writeDecimal } from '../../src/outputs/elasticsearch/timestamps.ts'

const into = Buffer.alloc(64)
const view = new DataView(into.buffer, into.byteOffset, into.length)
const written = (end: number): string => into.latin1Slice(2, end)

test('times are written as Date does, with nine digits where there are nanoseconds', () => {
  const times = new Timestamps('')
  const write = (ms: number, nanos: number): string => written(times.write(ms, nanos, 0, view, 2))
  expect(write(0, 0)).toBe('1970-01-01T00:00:00.000Z')
  expect(write(1_790_000_000_123, 456_789)).toBe('2026-09-21T14:13:20.123456789Z')
  expect(write(1_790_000_000_123, 5)).toBe('2026-09-21T14:13:20.123000005Z')
  expect(write(-1, 0)).toBe('1969-12-31T23:59:59.999Z')
  const anyTime = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })
  fc.assert(
    fc.property(anyTime, ms => {
      expect(write(ms, 0)).toBe(new Date(ms).toISOString())
    }),
    { numRuns: 5000 }
  )
})

test('whole numbers are written as String does', () => {
  const powers = Array.from({ length: 16 }, (_, i) => [10 ** i - 1, 10 ** i, 10 ** i + 1]).flat()
  for (const n of [...powers, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 32, 1_000_000_007_000]) {
    expect(written(writeDecimal(n, view, 2))).toBe(String(n))
  }
  fc.assert(
    fc.property(fc.maxSafeNat(), n => {
      expect(written(writeDecimal(n, view, 2))).toBe(String(n))
    }),
    { numRuns: 5000 }
  )
})
