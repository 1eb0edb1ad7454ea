import { describe, expect, it } from 'vitest'
import { silentLog } from '../../../src/core/log.ts'
import { Meter } from '../../../src/core/metrics.ts'
import { queriesOfRules } from '../../../src/rules/evaluate/queries.ts'
import { type Progress, Ruler } from '../../../src/rules/evaluate/ruler.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { MetricStream } from '../../logql/metric-stream.ts'

/** A rule, evaluated every 5 s, and how far reading is. */
class Watch {
  readonly clock = new FakeClock()
  readonly told: string[] = []
  progress: Progress = { unseenMs: 0, hangs: false }
  /** What happens while shards are asked. */
  meanwhile: () => Promise<void> = async () => {}
  readonly ruler: Ruler
  readonly #stream: MetricStream
  readonly #query: string

  constructor(expr: string) {
    const text = `groups: [{ name: g, interval: 5s, rules: [{ alert: Told, expr: '${expr}' }] }]`
    const config = { files: [{ file: 'rules.yaml', text }], maxSeries: 10 }
    const [one] = queriesOfRules(config)
    this.#query = one!.id
    this.#stream = new MetricStream(one!.query.query, one!.query)
    this.ruler = new Ruler(
      config,
      { windows: [], alerts: [] },
      {
        clock: this.clock,
        log: silentLog,
        meter: new Meter(),
        observe: async () => {
          await this.meanwhile()
          return this.progress
        },
        store: async () => {},
        sink: {
          notify: alerts => void this.told.push(...alerts.map(({ state }) => state)),
          wantsSeries: false,
          write: () => {}
        }
      }
    )
    this.ruler.start()
  }

  /** Reads a row that is live, with a time of its own or without one. */
  read(timestamp?: string): void {
    this.#stream.read([JSON.stringify({ timestamp, agent_id: 'a' })], this.clock.now(), { isLive: true })
    const [delta] = this.#stream.collectors[0]!.deltas()
    this.ruler.merge([[this.#query, delta]])
  }
}

/** Fires where no row was read for a while. `range`: with what stands behind it. */
function silenceOf(range: string): Watch {
  return new Watch(`absent_over_time({agent_id="a"}${range.replace(/^\w+/, '[$&]')})`)
}

describe('silence', () => {
  it('is told when nothing was read for the range', async () => {
    const watch = silenceOf('30s')
    watch.read()
    await watch.clock.advance(29_000)
    expect(watch.told).toEqual([])
    await watch.clock.advance(6000)
    expect(watch.told).toEqual(['firing'])
    watch.read()
    await watch.clock.advance(5000)
    expect(watch.told).toEqual(['firing', 'inactive'])
  })

  it('is not what was read behind the time of an evaluation, once reading has caught up', async () => {
    const watch = silenceOf('30s')
    watch.progress = { unseenMs: Infinity, hangs: false }
    await watch.clock.advance(59_000)
    watch.meanwhile = async () => {
      await watch.clock.wait(200)
      watch.read()
      watch.progress = { unseenMs: 0, hangs: false }
    }
    await watch.clock.advance(11_000)
    expect(watch.told).toEqual([])
  })

  it.each([
    { range: '30s', unseenMs: 4000, isTold: true },
    { range: '30s', unseenMs: 6000, isTold: false },
    { range: '3s', unseenMs: 500, isTold: true },
    { range: '3s', unseenMs: 2000, isTold: false }
  ])('of $range while reading is $unseenMs ms behind: $isTold', async ({ range, unseenMs, isTold }) => {
    const watch = silenceOf(range)
    watch.progress = { unseenMs, hangs: false }
    await watch.clock.advance(60_000)
    expect(watch.told.includes('firing')).toBe(isTold)
  })

  it('is not what was before there was a collector, or while reading was behind, where a rule looks back', async () => {
    const watch = silenceOf('30s offset 10m')
    /** Reads each 10 s, but for a time in which all waits. */
    for (let second = 0; second < 3600; second += 10) {
      const isBehind = second >= 1200 && second < 1500
      watch.progress = { unseenMs: isBehind ? 60_000 : 0, hangs: false }
      if (!isBehind) watch.read()
      await watch.clock.advance(10_000)
    }
    expect(watch.told).toEqual([])
    await watch.clock.advance(9 * 60_000)
    expect(watch.told).toEqual([])
    await watch.clock.advance(2 * 60_000)
    expect(watch.told).toContain('firing')
  })

  it('is nothing that can be said of what hangs', async () => {
    const watch = silenceOf('30s')
    watch.progress = { unseenMs: 0, hangs: true }
    await watch.clock.advance(60_000)
    expect(watch.told).toEqual([])
  })
})

describe('a clock that is off', () => {
  it.each([
    { unseenMs: 60_000, hangs: false },
    { unseenMs: 0, hangs: true }
  ])('is told while reading is $unseenMs ms behind, or hangs: $hangs', async progress => {
    const watch = new Watch('max_over_time({agent_id="a"} | unwrap __clock_offset_ms__ [5m]) < -60000')
    await watch.clock.advance(10_000)
    watch.progress = progress
    watch.read(new Date(watch.clock.now() - 3_600_000).toISOString())
    await watch.clock.advance(10_000)
    expect(watch.told).toEqual(['firing'])
  })
})
