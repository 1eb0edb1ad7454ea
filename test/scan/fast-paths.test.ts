import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batch, Kind } from '../../src/core/batch.ts'
import { LevelCache, severityOf } from '../../src/scan/severity.ts'
import { TimeScanner } from '../../src/scan/time.ts'
import { isTraceId, traceIdOf } from '../../src/scan/trace-id.ts'

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

test('isTraceId agrees with traceIdOf on any 32 bytes', () => {
  const anyByte = fc.integer({ min: 0, max: 255 })
  const hexByte = fc.constantFrom(...Buffer.from('0123456789abcdef'))
  const edge = fc.constantFrom(...Buffer.from('/:@`gG'), 0x00, 0x7f, 0x80, 0xb0, 0xff)
  const digits = fc.array(fc.oneof({ weight: 60, arbitrary: hexByte }, edge, anyByte), { minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(digits, values => {
      const bytes = Buffer.from(values)
      const batch = new Batch(Buffer.concat([bytes, Buffer.alloc(64)]))
      batch.size = batch.used = 32
      expect(isTraceId(viewOf(bytes), 0)).toBe(traceIdOf(batch, 0, 32, Kind.plain) === 0)
    }),
    { numRuns: 20_000 }
  )
  expect(isTraceId(viewOf(Buffer.alloc(32, '0')), 0)).toBe(false)
  expect(isTraceId(viewOf(Buffer.alloc(32, 'f')), 0)).toBe(true)
})

test('sameMinute reads what parse reads, or nothing', () => {
  const fast = new TimeScanner('UTC')
  const slow = new TimeScanner('UTC')
  const stamp = fc.date({
    min: new Date('2026-11-22T10:00:00Z'),
    max: new Date('2026-11-22T10:03:00Z'),
    noInvalidDate: true
  })
  const spoilt = fc.tuple(stamp, fc.nat(23), fc.constantFrom(...'0159:/.TZ +-x'.split('')))
  const text = fc.oneof(
    stamp.map(date => date.toISOString()),
    spoilt.map(([date, at, byte]) => date.toISOString().slice(0, at) + byte + date.toISOString().slice(at + 1))
  )
  let used = 0
  fc.assert(
    fc.property(text, value => {
      const bytes = Buffer.from(value)
      const isTime = slow.parse(bytes, 0, bytes.length, Kind.plain)
      if (fast.sameMinute(viewOf(bytes), 0, bytes.length)) {
        used++
        expect([isTime, fast.ms, fast.nanos]).toEqual([true, slow.ms, slow.nanos])
      } else if (fast.parse(bytes, 0, bytes.length, Kind.plain)) fast.rememberMinute(viewOf(bytes), 0, bytes.length)
    }),
    { numRuns: 20_000 }
  )
  expect(used).toBeGreaterThan(1000)
})

test('LevelCache agrees with severityOf on levels and other words', () => {
  const levels = [
    'info',
    'INFO',
    'Info',
    'warn',
    'warning',
    'error',
    'debug',
    'trace',
    'fatal',
    'notice',
    'critical',
    'alert'
  ]
  const word = fc.oneof(fc.constantFrom(...levels, 'information', 'INFO2', '30'), fc.string({ maxLength: 10 }))
  const cache = new LevelCache()
  fc.assert(
    fc.property(word, value => {
      const bytes = Buffer.from(value)
      expect(cache.severityOf(new Batch(bytes), 0, bytes.length, Kind.plain)).toBe(
        severityOf(bytes, 0, bytes.length, Kind.plain)
      )
    }),
    { numRuns: 20_000 }
  )
})
