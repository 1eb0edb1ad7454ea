import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { Addresses } from '../../src/logql/addresses.ts'
import { readBytes, readDuration, readNumber } from '../../src/logql/units.ts'

const size = 1 << 20
const digits = '1'.repeat(size)

/** Whoever tries all ways to part them is busy for an hour. */
describe('a value of a megabyte that is nearly something takes no time', () => {
  const addresses = new Addresses({ value: '10.0.0.0/8', at: 0 })
  const values: readonly (readonly [string, read: (text: string) => unknown, text: string, wanted: unknown])[] = [
    ['a duration without its unit', readDuration, digits, Number.NaN],
    ['a duration of points', readDuration, '1.'.repeat(size / 2), Number.NaN],
    ['a size without its unit', readBytes, `${digits}x`, Number.NaN],
    ['a size of commas', readBytes, `${'1,'.repeat(size / 2)}x`, Number.NaN],
    ['a number with a letter', readNumber, `${digits}x`, Number.NaN],
    ['an address of colons', text => addresses.standIn(text), `${':'.repeat(size)}a 10.0.0.1`, true],
    ['an address with colons behind it', text => addresses.standIn(text), `a${':.'.repeat(size / 2)} 10.0.0.1:`, true]
  ]
  test.each(values)('%s', (_, read, text, wanted) => {
    const began = systemClock.cpu()
    expect(read(text)).toBe(wanted)
    expect(systemClock.cpu() - began).toBeLessThan(5000)
  })
})

test.each([
  [readDuration, '1.h30.5s', 3.6305e12],
  [readDuration, '.5m', 3e10],
  [readDuration, '1.5.s', Number.NaN],
  [readBytes, '1,024.KiB', 1_048_576],
  [readBytes, '.5kb', 500],
  [readBytes, '1.5.b', Number.NaN],
  [readNumber, '5.', 5],
  [readNumber, '-.5e1', -5],
  [readNumber, '5..', Number.NaN]
])('%o of %s', (read, text, wanted) => {
  expect(read(text)).toBe(wanted)
})
