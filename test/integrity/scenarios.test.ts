import { describe, expect, test } from 'vitest'
import { scenarios } from './scenarios.ts'

// Most of the time is waiting, so they run beside each other.
describe('integrity', () => {
  test.concurrent.each(scenarios)('$id $name', { timeout: 300_000 }, async scenario => {
    const seed = Date.now() % 1_000_000
    const verdict = await scenario.run({ size: 'quick', seed })
    const kept = { lost: 0, twice: 0, ghost: 0, corrupt: 0, ledger: '', broken: [] }
    expect(verdict, `seed ${seed}`).toMatchObject(kept)
    expect(verdict.rows).toBeGreaterThan(0)
  })
})
