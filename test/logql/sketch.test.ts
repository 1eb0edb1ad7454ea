import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { binOf, quantileOf, relativeError } from '../../src/logql/ranges/sketch.ts'

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0, 1, -1, 1e-300, 2 ** -1022, 1e308)
)

test('quantiles are at most the relative error away from those of all values', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), check),
    { numRuns: 2000 }
  )
  for (const quantile of [0, 0.5, 1]) check([7], quantile)
})

function check(values: readonly number[], quantile: number): void {
  const counts = Map.groupBy(values, binOf)
  const bins = Int32Array.from(counts.keys()).sort()
  const found = quantileOf(
    quantile,
    bins,
    Float64Array.from(bins, bin => counts.get(bin)!.length)
  )
  const ordered = values.toSorted((a, b) => a - b)
  const rank = quantile * (values.length - 1)
  const part = rank - Math.floor(rank)
  const below = ordered[Math.floor(rank)]!
  const above = ordered[Math.ceil(rank)]!
  const allowed = relativeError * (Math.abs(below) * (1 - part) + Math.abs(above) * part)
  const wanted = below * (1 - part) + above * part
  const rounding = 1e-12 * Math.max(Math.abs(below), Math.abs(above))
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(allowed + rounding)
}

test('bins stand in the order of their values', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      if (a < b) expect(binOf(a)).toBeLessThanOrEqual(binOf(b))
      expect(binOf(-a)).toBe(-binOf(a) + 0)
    })
  )
})
