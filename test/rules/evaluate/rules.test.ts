import { describe, expect, it } from 'vitest'
import { silentLog } from '../../../src/core/log.ts'
import { Meter, type MetricName } from '../../../src/core/metrics.ts'
import type { RuleDelta, StateRecord, StoredAlert, StoredWindow } from '../../../src/core/record.ts'
import { MetricCollector } from '../../../src/logql/metrics.ts'
import { queriesOfRules, type RuleSource } from '../../../src/rules/evaluate/queries.ts'
import { type Progress, Ruler } from '../../../src/rules/evaluate/ruler.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { Reader } from '../../logql/metric-stream.ts'

const second = 1000
const minute = 60 * second

const burst = `
      - alert: Burst
        expr: sum by (agent_id) (count_over_time({level="error"}[1m])) > 2
        for: 20s`
const silence = `
      - alert: Silent
        expr: sum by (agent_id) (count_over_time({agent_id=~".+"}[30s])) == 0
        remember: 1h`
const record = `
      - record: errors:count1m
        expr: sum by (agent_id) (count_over_time({level="error"}[1m]))`

function sourceOf(rules: string): RuleSource {
  const text = `groups:\n  - name: g\n    interval: 10s\n    rules:${rules}\n`
  return { files: [{ file: '/rules.yaml', text }], maxSeries: 100 }
}

/** A ruler, and in place of a shard what it would see. */
class Stage {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1))
  readonly meter = new Meter()
  progress: Progress = { unseenMs: 0, hangs: false }
  ruler: Ruler
  /** What was told, as `name agent state`; what was written, as `name agent value`. */
  readonly told: string[] = []
  written: string[] = []
  errors: string[] = []
  readonly isWritten: boolean
  /** Held up, nothing gets durable. */
  isDiskFull = false
  readonly #windows = new Map<string, StoredWindow>()
  readonly #alerts = new Map<string, StoredAlert>()
  readonly #reader = new Reader()
  #collector!: MetricCollector
  #ids: readonly string[] = []

  constructor(rules: string, isWritten = true) {
    this.isWritten = isWritten
    this.#collect(sourceOf(rules))
    this.ruler = this.#newRuler(sourceOf(rules))
    this.ruler.start()
  }

  /** Another process goes on with what is stored. */
  restart(rules: string): void {
    void this.ruler.stop()
    this.#collect(sourceOf(rules))
    this.ruler = this.#newRuler(sourceOf(rules))
    this.ruler.start()
  }

  reload(rules: string): void {
    const source = sourceOf(rules)
    this.ruler.expect(source)
    this.#merge()
    this.#collect(source)
    this.ruler.change(source)
  }

  /** Lines of an agent that are read now. */
  log(agent: string, level: string, lines = 1): void {
    const time = new Date(this.clock.now()).toISOString()
    const line = JSON.stringify({ time, level, agent_id: agent, message: 'm' })
    this.#collector.collect(
      this.#reader.read(
        Array.from({ length: lines }, () => line),
        this.clock.now(),
        0
      )
    )
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /** As `Burst a pending`. */
  get alerts(): string[] {
    return this.ruler
      .status()
      .flatMap(({ rules }) =>
        rules.flatMap(({ name, alerts }) => alerts.map(({ labels, state }) => `${name} ${labels['agent_id']} ${state}`))
      )
  }

  get recorded(): string[] {
    return this.ruler
      .families()
      .flatMap(({ series }) => series.map(({ values, value }) => `${values?.join()} ${value}`))
  }

  metric(name: MetricName): number {
    return this.meter.samples().reduce((sum, one) => (one.name === name ? sum + one.value : sum), 0)
  }

  get stored(): readonly [windows: number, alerts: number] {
    return [this.#windows.size, this.#alerts.size]
  }

  #newRuler(source: RuleSource): Ruler {
    const { clock, meter } = this
    const stored = { windows: [...this.#windows.values()], alerts: [...this.#alerts.values()] }
    return new Ruler(source, stored, {
      clock,
      meter,
      log: { ...silentLog, error: message => void this.errors.push(message) },
      observe: () => {
        this.#merge()
        return Promise.resolve(this.progress)
      },
      store: records => this.#store(records),
      sink: {
        notify: alerts =>
          void this.told.push(
            ...alerts.map(one => `${one.labels['alertname']} ${one.labels['agent_id']} ${one.state}`)
          ),
        wantsSeries: this.isWritten,
        write: (_rule, series) => {
          const shown = series.map(({ labels, value }) => `${labels['__name__']} ${labels['agent_id']} ${value}`)
          this.written.push(shown.join(', '))
        }
      }
    })
  }

  #collect(source: RuleSource): void {
    const queries = queriesOfRules(source)
    this.#ids = queries.map(({ id }) => id)
    this.#collector = new MetricCollector(
      queries.map(({ query }) => query),
      this.#reader.bench.keys
    )
  }

  #merge(): void {
    const deltas = this.#collector.deltas().flatMap((delta, i): RuleDelta[] => {
      return delta === undefined ? [] : [[this.#ids[i]!, structuredClone(delta)]]
    })
    void this.#store(this.ruler.merge(deltas))
  }

  #store(records: readonly StateRecord[]): Promise<void> {
    for (const record of records) {
      if (record.kind === 'window') set(this.#windows, `${record.query} ${record.range} ${record.bucket}`, record)
      if (record.kind === 'alert') set(this.#alerts, `${record.rule} ${record.labels}`, record)
      if (record.kind !== 'unwindow') continue
      for (const [key, { query }] of this.#windows) if (query === record.query) this.#windows.delete(key)
    }
    return this.isDiskFull ? new Promise(() => {}) : Promise.resolve()
  }
}

/** Without a content nothing is kept. */
function set<T extends StoredWindow | StoredAlert>(map: Map<string, T>, key: string, record: T): void {
  const isEmpty = record.kind === 'window' ? record.blob.length === 0 : record.content === ''
  if (isEmpty) map.delete(key)
  else map.set(key, record)
}

describe('rules by the clock', () => {
  it('are evaluated at multiples of the interval, and told', async () => {
    const stage = new Stage(burst + record)
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    expect(stage.alerts).toEqual(['Burst a pending'])
    expect(stage.recorded).toEqual(['a 3'])
    expect(stage.written).toEqual(['ALERTS a 1, ALERTS_FOR_STATE a 1767225610', 'errors:count1m a 3'])
    expect(stage.told).toEqual([])
    await stage.pass(20 * second)
    expect(stage.told).toEqual(['Burst a firing'])
    await stage.pass(40 * second)
    expect(stage.alerts).toEqual([])
    expect(stage.told).toEqual(['Burst a firing', 'Burst a inactive'])
    expect(stage.metric('collector_rules_evaluations_total')).toBe(14)
  })

  it('make no series where nobody writes them', async () => {
    const stage = new Stage(burst + record, false)
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    expect(stage.recorded).toEqual(['a 3'])
    expect(stage.written).toEqual([])
  })

  it('are told as they stand to somebody who is new, without those that are pending, and to nobody else', async () => {
    const stage = new Stage(burst.replace('20s', '0s') + burst.replace('Burst', 'Later').replace('20s', '10m'))
    stage.log('gone', 'error', 3)
    await stage.pass(2 * minute)
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    const before = [...stage.told]
    const told: string[] = []
    stage.ruler.tellAll({
      notify: alerts => void told.push(...alerts.map(({ labels, state }) => `${labels['agent_id']} ${state}`))
    })
    await stage.clock.settle()
    expect(told.toSorted()).toEqual(['a firing', 'gone inactive'])
    expect(stage.told).toEqual(before)
  })

  it('count alerts by state, and name those that are gone no more', async () => {
    const stage = new Stage(burst)
    stage.log('a', 'error', 3)
    stage.log('b', 'error', 3)
    await stage.pass(10 * second)
    stage.ruler.measure()
    expect(stage.metric('collector_alerts')).toBe(2)
    stage.reload(record)
    stage.ruler.measure()
    expect(stage.meter.samples().filter(({ name }) => name === 'collector_alerts')).toEqual([])
  })

  it('say what fails once, leave alerts as they are, and go on', async () => {
    const twins = `
      - alert: Twins
        expr: sum by (agent_id) (count_over_time({level="error"}[1m])) > 0
        labels: { agent_id: same }`
    const stage = new Stage(twins)
    stage.log('a', 'error')
    await stage.pass(10 * second)
    stage.log('b', 'error')
    await stage.pass(30 * second)
    expect(stage.errors).toHaveLength(1)
    expect(stage.errors[0]).toMatch(/^Cannot evaluate rule "Twins": Two series have the same labels/)
    expect(stage.ruler.status()[0]!.rules[0]!.fault).toMatch(/^Two series/)
    expect(stage.alerts).toEqual(['Twins same firing'])
    expect(stage.metric('collector_rules_evaluation_failures_total')).toBe(3)
    await stage.pass(minute)
    expect(stage.alerts).toEqual([])
  })

  it('tell nothing before it is stored, but do not wait for a full disk for long', async () => {
    const stage = new Stage(burst.replace('20s', '0s'))
    stage.isDiskFull = true
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    expect(stage.told).toEqual([])
    await stage.pass(2 * second)
    expect(stage.told).toEqual(['Burst a firing'])
  })

  it('stop once what is to be told was handed over', async () => {
    const stage = new Stage(burst.replace('20s', '0s'))
    stage.isDiskFull = true
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    let atTheEnd: readonly string[] | undefined
    void stage.ruler.stop().then(() => (atTheEnd = [...stage.told]))
    await stage.clock.settle()
    expect(atTheEnd).toBeUndefined()
    await stage.pass(second)
    expect(atTheEnd).toEqual(['Burst a firing'])
  })

  it('wait for the time to come again when somebody sets the clock back, and go on telling what fires', async () => {
    const stage = new Stage(burst.replace('20s', '0s'))
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    stage.clock.step(-30 * second)
    await stage.pass(20 * second)
    expect(stage.alerts).toEqual(['Burst a firing'])
    expect(stage.told.length).toBeGreaterThan(1)
    expect(new Set(stage.told)).toEqual(new Set(['Burst a firing']))
    await stage.pass(2 * minute)
    expect(stage.alerts).toEqual([])
  })
})

describe('rules that wait for reading', () => {
  it('fire for what is read, but end for nothing that is not yet, until it has caught up once', async () => {
    const now = burst.replace('20s', '0s')
    const stage = new Stage(now + record)
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    stage.progress = { unseenMs: Infinity, hangs: false }
    stage.restart(now + record)
    await stage.pass(5 * minute - 10 * second)
    stage.log('b', 'error', 3)
    await stage.pass(10 * second)
    expect(stage.alerts).toEqual(['Burst a firing', 'Burst b firing'])
    expect(stage.told.filter(one => one.startsWith('Burst a'))).toEqual(
      Array.from({ length: 6 }, () => 'Burst a firing')
    )
    expect(stage.recorded).toEqual([])
    expect(stage.metric('collector_rules_waiting')).toBe(1)
    stage.progress = { unseenMs: 0, hangs: false }
    stage.log('a', 'error', 3)
    await stage.pass(10 * second)
    expect(stage.alerts).toEqual(['Burst a firing', 'Burst b firing'])
    await stage.pass(2 * minute)
    expect(stage.alerts).toEqual([])
  })

  it.each<[expr: string, progress: Partial<Progress>, isTold: boolean]>([
    ['count_over_time({agent_id="a"}[1m]) > 1', { unseenMs: 20 * second }, true],
    ['100 - count_over_time({agent_id="a"}[1m]) > 50', { unseenMs: 20 * second }, false],
    ['100 - count_over_time({agent_id="a"}[1m]) > 50', { hangs: true }, false],
    ['100 - count_over_time({agent_id="a"}[1m]) > 50', {}, true],
    ['count(count by (agent_id) (count_over_time({agent_id=~".+"}[1m]))) < 9', { unseenMs: 20 * second }, false],
    ['avg(count_over_time({agent_id="a"}[1m])) > 1', { unseenMs: 20 * second }, false],
    ['avg(count_over_time({agent_id="a"}[1m])) > 1', { hangs: true }, true],
    ['avg(count_over_time({agent_id="a"}[1m] offset 1m)) > 1', {}, true]
  ])('%s is told while reading is %j: %s', async (expr, progress, isTold) => {
    const stage = new Stage(`\n      - alert: Some\n        expr: ${expr}`)
    await stage.pass(2 * minute)
    stage.progress = { unseenMs: 0, hangs: false, ...progress }
    for (let i = 0; i < 15; i++) {
      stage.log('a', 'info')
      await stage.pass(10 * second)
    }
    expect(stage.told.some(one => one.endsWith('firing'))).toBe(isTold)
  })

  it.each<[string, Progress]>([
    ['is behind', { unseenMs: 20 * second, hangs: false }],
    ['hangs', { unseenMs: 0, hangs: true }]
  ])('do not take for silence that it %s; others go on', async (_what, progress) => {
    const stage = new Stage(silence + record)
    stage.log('a', 'error')
    await stage.pass(20 * second)
    stage.progress = progress
    await stage.pass(5 * minute)
    expect(stage.alerts).toEqual([])
    expect(stage.recorded).toEqual([])
    stage.progress = { unseenMs: 0, hangs: false }
    await stage.pass(10 * second)
    expect(stage.alerts).toEqual(['Silent a firing'])
  })
})

describe('rules that go on', () => {
  it('keep windows, "for" and what is remembered over a restart', async () => {
    const stage = new Stage(burst + silence)
    stage.log('a', 'error', 3)
    await stage.pass(15 * second)
    stage.restart(burst + silence)
    await stage.pass(6 * second)
    expect(stage.alerts).toEqual(['Burst a pending'])
    await stage.pass(10 * second)
    expect(stage.alerts).toEqual(['Burst a firing', 'Silent a firing'])
    stage.log('a', 'info')
    await stage.pass(40 * second)
    expect(stage.told).toContain('Silent a inactive')
  })

  it('keep windows and alerts over a reload of others, also where only what is said of them has changed', async () => {
    const stage = new Stage(burst + record)
    stage.log('a', 'error', 3)
    await stage.pass(15 * second)
    stage.reload(`${burst}\n        annotations: { summary: other }${silence}`)
    await stage.pass(15 * second)
    expect(stage.alerts).toEqual(['Burst a firing'])
    expect(stage.ruler.status()[0]!.rules[0]!.alerts[0]!.annotations).toEqual({ summary: 'other' })
  })

  it('do not take what was there before they were for silence, and know over a restart since when they are', async () => {
    const absent = `
      - alert: Absent
        expr: absent_over_time({agent_id="a"}[30s])`
    const stage = new Stage(burst)
    stage.log('a', 'info')
    stage.reload(burst + absent)
    await stage.pass(20 * second)
    expect(stage.alerts).toEqual([])
    stage.restart(burst + absent)
    await stage.pass(20 * second)
    expect(stage.alerts).toEqual(['Absent a firing'])
  })

  it('do not miss agents that have left for good reason, until they come back', async () => {
    const stage = new Stage(silence)
    stage.log('a', 'info')
    stage.log('b', 'info')
    await stage.pass(10 * second)
    stage.ruler.leave([{ agent_id: 'a' }])
    await stage.pass(minute)
    expect(stage.alerts).toEqual(['Silent b firing'])
    stage.restart(silence)
    await stage.pass(minute)
    expect(stage.alerts).toEqual(['Silent b firing'])
    stage.log('a', 'info')
    await stage.pass(minute)
    expect(stage.alerts.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['Silent a firing', 'Silent b firing'])
  })

  it('see the last lines of an agent that has left before its rows were counted', async () => {
    const stage = new Stage(burst.replace('20s', '0s') + silence)
    stage.log('a', 'error', 3)
    stage.ruler.leave([{ agent_id: 'a' }])
    await stage.pass(10 * second)
    expect(stage.alerts).toEqual(['Burst a firing'])
    stage.ruler.leave([{ agent_id: 'a' }])
    await stage.pass(2 * minute)
    expect(stage.alerts).toEqual([])
  })

  it('keep the alert of a rule whose expression has changed, and count anew', async () => {
    const stage = new Stage(burst)
    stage.log('a', 'error', 3)
    await stage.pass(15 * second)
    stage.reload(burst.replace('> 2', '> 0'))
    stage.log('a', 'error', 1)
    await stage.pass(15 * second)
    expect(stage.alerts).toEqual(['Burst a firing'])
  })

  it('leave nothing behind when they are gone', async () => {
    const stage = new Stage(burst)
    stage.log('a', 'error', 3)
    await stage.pass(15 * second)
    expect(stage.stored.every(count => count > 0)).toBe(true)
    stage.reload(record)
    await stage.pass(10 * second)
    expect(stage.stored).toEqual([0, 0])
    expect(stage.written.at(-2)).toBe('')
  })

  it('throw away at a start what is of other rules', async () => {
    const stage = new Stage(burst)
    stage.log('a', 'error', 3)
    await stage.pass(15 * second)
    stage.restart(record)
    await stage.pass(10 * second)
    expect(stage.stored).toEqual([0, 0])
  })
})
