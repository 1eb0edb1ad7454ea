import { describe, expect, it } from 'vitest'
import type { Track } from '../../src/delivery/track.ts'
import type { FileSource } from '../../src/inputs/file/source.ts'
import { Backlog } from '../../src/pipeline/backlog.ts'
import type { Tracks } from '../../src/pipeline/report.ts'
import { FakeClock } from '../fakes/clock.ts'
import { Stage } from './stage.ts'

const tight = 'max_in_flight_bytes: 64KiB, batch: { max_bytes: 32KiB }'

describe('backlog', () => {
  it('is told by the status and the metrics, for each output', async () => {
    const [stage, far] = [await Stage.create(), await Stage.create()]
    const outputs = { es: '', far: `endpoints: ["${far.server.url}"], ${tight}` }
    await far.server.stop()
    stage.writeRows(0, 10_000)
    const run = await stage.start({ outputs })
    await run.settled(10_000, 'default/es')
    await run.pass(3000)
    const [one, two] = run.shard.status().outputs
    const { size, settled } = run.shard.status().inputs[0]!.sources[0]!
    expect(one!.backlog).toBeUndefined()
    expect(two!.backlog).toMatchObject({ bytes: size - settled })
    // rows say when they were written
    const age = stage.clock.now() - Date.UTC(2026, 0, 1)
    expect(two!.backlog!.ageMs).toBe(age)
    expect(two!.backlog!.leftMs).toBeUndefined()
    expect(run.sample('collector_output_backlog_bytes', 'default/far')).toBe(size)
    expect(run.sample('collector_output_backlog_age_seconds', 'default/far')).toBe(age / 1000)
    expect(run.sample('collector_output_backlog_left_seconds', 'default/far')).toBeNaN()
    expect(run.sample('collector_output_backlog_left_seconds', 'default/es')).toBe(0)

    await far.server.resume()
    await run.settled(10_000, 'default/far')
    expect(run.shard.status().outputs[1]!.backlog).toBeUndefined()
    expect(run.sample('collector_output_backlog_bytes', 'default/far')).toBe(0)
    expect(run.sample('collector_output_backlog_age_seconds', 'default/far')).toBe(0)
  })

  it('says how long it takes at the pace of the last seconds, or nothing where it grows', () => {
    const clock = new FakeClock()
    const backlog = new Backlog(clock)
    const tracksAt = (settled: number, size = 10_000): Tracks => {
      const source = { size } as FileSource
      return [[source, [{ output: 'a/es', settled, oldestTime: clock.now() - 5000 } as Track]]]
    }
    const leftAt = (settled: number, size?: number): number | undefined => {
      const tracks = tracksAt(settled, size)
      backlog.look(tracks)
      return backlog.of(tracks).get('a/es')!.leftMs
    }
    expect(leftAt(1000)).toBeUndefined()
    clock.move(1000)
    expect(leftAt(2000)).toBeCloseTo(8000)
    clock.move(1000)
    expect(leftAt(3000)).toBeCloseTo(7000)
    clock.move(10)
    expect(backlog.of(tracksAt(3000)).get('a/es')).toMatchObject({ bytes: 7000, ageMs: 5000 })
    // what is written meanwhile counts
    clock.move(20_000)
    expect(leftAt(10_000, 40_000)).toBeUndefined()
    clock.move(60_000)
    expect(leftAt(40_000, 40_000)).toBe(0)
  })

  it('knows no pace from long ago', () => {
    const clock = new FakeClock()
    const backlog = new Backlog(clock)
    const tracks: Tracks = [[{ size: 100 } as FileSource, [{ output: 'o', settled: 0, oldestTime: 0 } as Track]]]
    const less: Tracks = [[{ size: 100 } as FileSource, [{ output: 'o', settled: 50, oldestTime: 0 } as Track]]]
    backlog.look(tracks)
    clock.move(1000)
    backlog.look(less)
    expect(backlog.of(less).get('o')!.leftMs).toBe(1000)
    clock.move(6000)
    expect(backlog.of(less).get('o')!.leftMs).toBeUndefined()
  })
})
