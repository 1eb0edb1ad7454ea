import { describe, expect, it } from 'vitest'
import { LetterAges } from '../../src/pipeline/letter-ages.ts'
import { FakeClock } from '../fakes/clock.ts'
import { balances } from '../fakes/balance.ts'
import { Stage } from './stage.ts'

const hour = 3_600_000
const day = 24 * hour
/** The last second of a signed 32-bit clock is 2038-01-19T03:14:07Z. */
const after2038 = Date.UTC(2038, 0, 20) - Date.UTC(2026, 0, 1)
const steps = [-hour, hour, -3650 * day, 3650 * day, after2038, -after2038]

describe('a clock that is set (T46)', () => {
  it('neither stops a shard nor makes a number negative', async () => {
    const stage = await Stage.create()
    const run = await stage.start()
    let rows = 0
    const delivers = async (): Promise<void> => {
      stage.writeRows(rows, rows + 100)
      rows += 100
      const began = stage.clock.monotonic()
      await run.settled(rows)
      // a scan, a flush and an answer, on a machine that does other things too
      expect(stage.clock.monotonic() - began).toBeLessThan(5000)
    }
    await delivers()
    for (const step of steps) {
      stage.clock.step(step)
      await delivers()
      // set while requests fail, and while a line has no end yet
      stage.server.failNext(503, 503)
      stage.write('{"message":"unfini')
      stage.clock.step(-step)
      stage.write(`shed"}\n`)
      rows++
      stage.clock.step(step)
      await delivers()
      for (const { name, value } of run.shard.samples()) expect(value, name).toBeGreaterThanOrEqual(0)
    }
    const samples = run.shard.samples().map(({ name, labels, value }) => ({ name, output: labels[0] ?? '', value }))
    expect(balances(samples)).toEqual({ 'default/es': 0 })
    expect(new Set(stage.messages()).size).toBe(rows - steps.length + 1)
    expect(stage.messages()).toHaveLength(rows)
    expect(await run.stop()).toBe(0)
  })

  it('goes on at once when the machine was suspended', async () => {
    const stage = await Stage.create()
    const run = await stage.start()
    stage.writeRows(0, 100)
    await run.settled(100)
    // both clocks have passed when the process goes on
    stage.clock.move(600_000)
    stage.writeRows(100, 200)
    const began = stage.clock.monotonic()
    await run.settled(200)
    expect(stage.clock.monotonic() - began).toBeLessThan(5000)
    expect(run.shard.status().inputs[0]!.sources).toHaveLength(1)
  })

  it('makes no dead letter old: their age is the time in which a collector ran', () => {
    const clock = new FakeClock()
    let ages = new LetterAges(undefined, clock)
    ages.mark(10)
    for (const step of steps) {
      clock.step(step)
      clock.move(hour)
      ages.mark(20)
      expect(ages.newestBefore(7 * day)).toBe(0)
    }
    clock.move(7 * day - steps.length * hour)
    const note = ages.mark(30)
    expect(ages.newestBefore(7 * day)).toBe(10)
    // a week in which no collector runs
    ages = new LetterAges(note, new FakeClock(Date.UTC(2040, 0, 1)))
    ages.mark(30)
    expect(ages.newestBefore(7 * day)).toBe(10)
    expect(new LetterAges('broken', clock).newestBefore(0)).toBe(0)
    // new letters in the place of damaged ones
    ages.mark(3)
    expect(ages.newestBefore(day)).toBe(0)
  })

  it('remembers for weeks, in a note that stays small', () => {
    const clock = new FakeClock()
    const ages = new LetterAges(undefined, clock)
    let note = ''
    for (let id = 1; id <= 24 * 365; id++) {
      clock.move(hour)
      note = ages.mark(id)
    }
    expect(note.length).toBeLessThan(64_000)
    const id = ages.newestBefore(30 * day)
    expect(id).toBeLessThanOrEqual(24 * 335)
    expect(id).toBeGreaterThan(24 * 325)
  })
})
