import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { IsoTimes } from '../../src/scan/iso-times.ts'

test('times are written as Date writes them, and with all their nanoseconds', () => {
  const iso = new IsoTimes()
  const into = Buffer.alloc(64)
  const write = (ms: number, nanos: number): string => into.latin1Slice(3, iso.write(ms, nanos, into, 3))
  const near = fc.integer({ min: Date.UTC(2026, 10, 22), max: Date.UTC(2026, 10, 22, 0, 2) })
  const far = fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(9999, 11, 31) }).filter(ms => iso.has(ms))
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          near,
          far,
          near.map(ms => -ms)
        ),
        { maxLength: 8 }
      ),
      fc.nat(999_999),
      (times, nanos) => {
        for (const ms of times) {
          const text = new Date(ms).toISOString()
          expect(write(ms, 0)).toBe(text)
          const all = nanos === 0 ? text : text.replace('Z', `${String(nanos).padStart(6, '0')}Z`)
          expect(write(ms, nanos)).toBe(all)
        }
      }
    )
  )
  expect([Number.NaN, Date.UTC(9999, 11, 32), -1e15].map(ms => iso.has(ms))).toEqual([false, false, false])
})
