import { describe, expect, test } from 'vitest'
import { SizeLimit } from '../../src/delivery/size-limit.ts'

describe('size limit', () => {
  test('size limit halves at once where nothing as large was ever taken', () => {
    const limit = new SizeLimit(8000)
    limit.refused(8000)
    limit.refused(4000)
    expect(limit.bytes).toBe(2000)
    limit.taken(1990)
    limit.refused(2000)
    expect(limit.bytes).toBe(1990)
  })

  test('size limit ignores refusals between successes of the same size', () => {
    const limit = new SizeLimit(8000)
    for (let i = 0; i < 100; i++) {
      limit.taken(7950)
      limit.refused(7940)
      limit.refused(3970)
    }
    expect(limit.bytes).toBe(8000)
  })

  test('size limit believes the third refusal in a row of what was taken before', () => {
    const limit = new SizeLimit(8000)
    limit.taken(8000)
    limit.refused(8000)
    limit.refused(4000)
    limit.taken(2000)
    expect(limit.bytes).toBe(8000)
    limit.refused(8000)
    expect(limit.bytes).toBe(4000)
    expect(limit.hasTaken(2001)).toBe(false)
  })

  test('size limit tries a larger size after 64 requests, then after ever more', () => {
    const limit = new SizeLimit(8000)
    limit.refused(8000)
    for (const requests of [64, 128, 256]) {
      for (let i = 1; i < requests; i++) limit.taken(4000)
      expect(limit.bytes).toBe(4000)
      limit.taken(4000)
      expect(limit.bytes).toBe(8000)
      limit.refused(8000)
      expect(limit.bytes).toBe(4000)
    }
  })
})
