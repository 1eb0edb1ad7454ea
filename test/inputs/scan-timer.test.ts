import { expect, test } from 'vitest'
import { ScanTimer } from '../../src/inputs/file/scan-timer.ts'
import { FakeClock } from '../fakes/clock.ts'

/** Scans that take so long, and when each was over. */
function timerOf(cpuMs: number, wallMs = cpuMs): { clock: FakeClock; timer: ScanTimer; scans: number[] } {
  const clock = new FakeClock()
  const scans: number[] = []
  const scanned = (): void => {
    scans.push(clock.monotonic())
    timer.scanned({ cpuMs, wallMs }, true)
  }
  const timer = new ScanTimer(scanned, 1000, clock)
  // one alone may be an exception
  for (let scan = 0; scan < 2; scan++) timer.scanned({ cpuMs, wallMs }, true)
  return { clock, timer, scans }
}

test('scans come once a second, and sooner when asked for', async () => {
  const { clock, timer, scans } = timerOf(1)
  await clock.advance(2100)
  timer.hurry()
  await clock.advance(40)
  timer.hurry()
  await clock.advance(1500)
  expect(scans).toEqual([1000, 2000, 2150, 3150])
})

test('a scan that was asked for comes no later than the one that was due', async () => {
  const { clock, timer, scans } = timerOf(1)
  await clock.advance(980)
  timer.hurry()
  await clock.advance(100)
  expect(scans).toEqual([1000])
})

test.each([
  [0, 150, 200],
  [10, 45, 50],
  [30, 15, 17],
  [100, 4, 5]
])(
  'scans of %i ms take a twentieth of the time at most, however often they are asked for',
  async (tookMs, least, most) => {
    const { clock, timer, scans } = timerOf(tookMs)
    for (let ms = 0; ms < 10_000; ms += 10) {
      timer.hurry()
      await clock.advance(10)
    }
    expect(scans.length).toBeGreaterThanOrEqual(least)
    expect(scans.length).toBeLessThanOrEqual(most)
    expect(scans.length * tookMs).toBeLessThanOrEqual(10_000 / 20)
  }
)

test('scans that have to wait come more often, and leave three quarters of the time to others', async () => {
  const { clock, timer, scans } = timerOf(10, 400)
  for (let ms = 0; ms < 12_000; ms += 10) {
    timer.hurry()
    await clock.advance(10)
  }
  expect(scans).toHaveLength(10)
})

test('one scan that hung does not put off the next one, and the next ones by a minute at most', async () => {
  const clock = new FakeClock()
  const scans: number[] = []
  const hour = 3_600_000
  const took = [1, 1, hour, 1, hour, hour, 1, 1]
  const timer = new ScanTimer(() => scan(), 1000, clock)
  const scan = (): void => {
    const wallMs = took[scans.length]!
    scans.push(clock.monotonic())
    timer.scanned({ cpuMs: 1, wallMs }, true)
  }
  scan()
  await clock.advance(66_500)
  expect(scans).toEqual([0, 1000, 2000, 3000, 4000, 5000, 65_000, 66_000])
})

test('no scan comes after the stop', async () => {
  const { clock, timer, scans } = timerOf(1)
  timer.stop()
  await clock.advance(5000)
  expect(scans).toEqual([])
})

test('a scan that met new files does not put off the next one', async () => {
  const clock = new FakeClock()
  const scans: number[] = []
  // the second one meets files again
  const took = [900, 20, 700, 20]
  const timer = new ScanTimer(() => scan(), 1000, clock)
  const scan = (): void => {
    const ms = took[scans.length] ?? 20
    scans.push(clock.monotonic())
    timer.scanned({ cpuMs: ms, wallMs: ms }, ms === 20)
  }
  scan()
  await clock.advance(4500)
  expect(scans).toEqual([0, 1000, 2000, 3000, 4000])
})
