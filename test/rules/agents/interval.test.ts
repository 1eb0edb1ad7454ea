import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeartbeatInterval } from '../../../src/rules/agents/interval.ts'
import { randomOf } from '../../fakes/random.ts'
import { type Habit, missed } from './simulation.ts'

const second = 1000

function learnt(...times: readonly number[]): number | undefined {
  const interval = new HeartbeatInterval()
  for (const at of times) interval.add(at)
  return interval.ms
}

/** Times that these gaps lie between. */
function spaced(gaps: readonly number[]): number[] {
  let at = 0
  return [0, ...gaps.map(gap => (at += gap))]
}

describe('the interval of heartbeats', () => {
  test('is known from the fifth on', () => {
    expect(learnt(0, 10_000, 20_000, 30_000)).toBeUndefined()
    expect(learnt(0, 10_000, 20_000, 30_000, 40_000)).toBe(10_000)
  })

  test('is that of most, whatever is lost, said twice or out of order', () => {
    const [gap, none] = [30 * second, 0]
    expect(learnt(...spaced([gap, gap * 2, none, gap, 100, gap, -5000, gap, gap * 200, gap, gap, gap * 3, gap]))).toBe(
      gap
    )
  })

  test('is not that of the lines that one heartbeat has', () => {
    const pairs = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 700 : 29_300))
    for (let beats = 8; beats <= 20; beats++) expect(learnt(...spaced(pairs.slice(0, beats)))).toBe(29_300)
  })

  test('that has changed is known from the fourth on', () => {
    const slow = [300, 300, 300].map(seconds => seconds * second)
    const before = Array<number>(20).fill(30 * second)
    expect(learnt(...spaced([...before, ...slow.slice(1)]))).toBe(30 * second)
    expect(learnt(...spaced([...before, ...slow]))).toBe(300 * second)
    expect(learnt(...spaced([...slow, 300 * second, ...before]))).toBe(30 * second)
  })

  test('stays within what was seen', () => {
    const gaps = fc.array(fc.integer({ min: -10_000, max: 100_000 }), { maxLength: 60 })
    fc.assert(
      fc.property(gaps, some => {
        const interval = new HeartbeatInterval()
        for (const at of spaced(some)) interval.add(at)
        const { ms, slackMs } = interval
        if (ms === undefined) return
        expect(ms).toBeGreaterThanOrEqual(500)
        expect(ms).toBeLessThanOrEqual(3_600_000)
        expect(slackMs).toBeGreaterThanOrEqual(ms / 10)
        expect(slackMs).toBeLessThanOrEqual(ms / 2)
      })
    )
  })
})

// The figures of the README of rules, with room for chance.
test.each<[string, Omit<Habit, 'intervalMs'>, number]>([
  ['comes in time', {}, 0],
  ['is a third too early or late', { jitter: 0.33 }, 0],
  ['waits a third more or less for the one before', { jitter: 0.33, drifts: true }, 0],
  ['is lost, one in a hundred', { jitter: 0.1, lost: 0.01 }, 1e-4],
  ['is lost, one in twenty', { jitter: 0.3, lost: 0.05 }, 1e-3],
  ['is lost, one in five', { jitter: 0.1, lost: 0.2 }, 2e-2],
  ['is said twice by half', { jitter: 0.1, lost: 0.01, doubled: 0.5 }, 1e-4],
  ['is held up sometimes, with others', { jitter: 0.1, held: 0.01 }, 2e-2]
])('an agent is not taken for offline where a heartbeat %s', (_, habit, most) => {
  for (const intervalMs of [5 * second, 30 * second, 600 * second]) {
    const { beats, offline } = missed({ ...habit, intervalMs }, 30_000, randomOf(intervalMs))
    expect(offline / beats).toBeLessThanOrEqual(most)
  }
})
