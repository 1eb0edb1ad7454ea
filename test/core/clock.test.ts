import { execFileSync } from 'node:child_process'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'

const clock = new URL('../../src/core/clock.ts', import.meta.url).href

test('after 0 ms something runs at once, also where nothing else happens', () => {
  // the timer keeps the process alive, and would wake it after five seconds
  const script = `
    import { systemClock } from ${JSON.stringify(clock)}
    const timer = setTimeout(() => {}, 5000)
    setTimeout(() => {
      const began = performance.now()
      systemClock.after(0, () => {
        console.log(performance.now() - began)
        clearTimeout(timer)
      })
    }, 100)`
  const waited = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  expect(Number(waited)).toBeLessThan(3000)
})

afterEach(() => vi.useRealTimers())

const monthMs = 30 * 24 * 3_600_000

test('waits for longer than a timer can', () => {
  vi.useFakeTimers()
  let runs = 0
  systemClock.after(monthMs, () => runs++)
  vi.advanceTimersByTime(monthMs - 1)
  expect(runs).toBe(0)
  vi.advanceTimersByTime(1)
  expect(runs).toBe(1)
})

test('does not wait any more once it is taken back, at any time', () => {
  vi.useFakeTimers()
  let runs = 0
  const early = systemClock.after(monthMs, () => runs++)
  const late = systemClock.after(monthMs, () => runs++)
  early()
  vi.advanceTimersByTime(monthMs - 1)
  late()
  vi.advanceTimersByTime(monthMs)
  expect(runs).toBe(0)
})
