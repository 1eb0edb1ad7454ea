import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBytes, readDuration } from '../../src/logql/units.ts'
import { Quantities, writeWhole } from '../../src/scan/quantities.ts'

const quantities = new Quantities()
const pieces = fc.array(
  fc.oneof(
    fc.nat(99_999).map(String),
    fc.constantFrom(
      '.',
      '0',
      ',',
      ' ',
      '-',
      '+',
      'x',
      'ns',
      'us',
      'µs',
      'μs',
      'ms',
      's',
      'm',
      'h',
      'd',
      'w',
      'y',
      'k',
      'KiB',
      'mb',
      'Gi',
      'B',
      'T',
      'ib'
    )
  ),
  { maxLength: 6 }
)

/** NaN where it is refused. */
function read(what: 'duration' | 'size', text: string): number {
  const bytes = Buffer.from(`9${text}9`)
  return quantities[what](bytes, 1, bytes.length - 1) ? quantities.value : Number.NaN
}

test.each([
  ['duration', readDuration],
  ['size', readBytes]
] as const)('a %s is read as LogQL reads it', (what, expected) => {
  fc.assert(
    fc.property(pieces, parts => {
      const text = parts.join('')
      const wanted = expected(text)
      const found = read(what, text)
      const isSame = Number.isNaN(wanted)
        ? Number.isNaN(found)
        : Math.abs(found - wanted) <= 1 + Math.abs(wanted) * 1e-12
      expect(isSame, `${text}: ${found}, not ${wanted}`).toBe(true)
    }),
    { numRuns: 20_000 }
  )
})

test('whole numbers are written in digits', () => {
  const into = Buffer.alloc(20)
  fc.assert(
    fc.property(fc.maxSafeNat(), n => {
      expect(into.latin1Slice(2, writeWhole(n, into, 2))).toBe(String(n))
    })
  )
})
