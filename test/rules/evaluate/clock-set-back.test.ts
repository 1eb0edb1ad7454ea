import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLog } from '../../../src/core/log.ts'
import type { StateRecord, StoredAlert } from '../../../src/core/record.ts'
import { Meter } from '../../../src/core/metrics.ts'
import type { Alert } from '../../../src/rules/alert.ts'
import { Ruler } from '../../../src/rules/evaluate/ruler.ts'
import { FakeClock } from '../../fakes/clock.ts'

const hour = 3_600_000

/** A rule that fires 5 s after the start, for nothing is read. */
const text = `
groups:
  - name: g
    interval: 1s
    rules: [{ alert: Absent, expr: 'absent_over_time({service_name="none"} [1s])', for: 5s }]`
const config = { files: [{ file: 'rules.yaml', text }], maxSeries: 10 }

class Rules {
  readonly clock = new FakeClock()
  readonly told: Alert[] = []
  #stored: StateRecord[] = []
  ruler = this.#start()

  get states(): string[] {
    return this.ruler.status().flatMap(({ rules }) => rules.flatMap(({ alerts }) => alerts.map(({ state }) => state)))
  }

  /** Another process goes on with what is stored. */
  restart(): void {
    void this.ruler.stop()
    this.ruler = this.#start()
  }

  #start(): Ruler {
    const alerts = this.#stored.filter((record): record is StoredAlert => record.kind === 'alert')
    const last = new Map(alerts.map(alert => [alert.labels, alert]))
    const ruler = new Ruler(
      config,
      { windows: [], alerts: [...last.values()].filter(({ content }) => content !== '') },
      {
        clock: this.clock,
        log: silentLog,
        meter: new Meter(),
        observe: async () => ({ unseenMs: 0, hangs: false }),
        store: async records => void this.#stored.push(...records),
        sink: { notify: alerts => void this.told.push(...alerts), wantsSeries: false, write: () => {} }
      }
    )
    ruler.start()
    onTestFinished(() => void ruler.stop())
    return ruler
  }
}

describe('a clock that is set back by hours', () => {
  it('does not silence rules until it is where it was', async () => {
    const rules = new Rules()
    await rules.clock.advance(3000)
    expect(rules.states).toEqual(['pending'])
    rules.clock.step(-8 * hour)
    await rules.clock.advance(7000)
    expect(rules.states).toEqual(['firing'])
    expect(rules.told.length).toBeGreaterThan(0)
  })

  it('while an alert fires: it never has its end before its beginning, also in the next process', async () => {
    const rules = new Rules()
    await rules.clock.advance(10_000)
    expect(rules.states).toEqual(['firing'])
    rules.clock.step(-8 * hour)
    rules.restart()
    rules.told.length = 0
    await rules.clock.advance(10_000)
    expect(rules.states).toEqual(['firing'])
    expect(rules.told.length).toBeGreaterThan(0)
    expect(rules.told.filter(({ firedAt, validUntil }) => firedAt >= validUntil)).toEqual([])
  })

  it('just before a reload', async () => {
    const rules = new Rules()
    await rules.clock.advance(3000)
    rules.clock.step(-8 * hour)
    rules.ruler.change(config)
    await rules.clock.advance(7000)
    expect(rules.states).toEqual(['firing'])
    expect(rules.ruler.status()[0]!.evaluatedAt).toBeLessThanOrEqual(rules.clock.now())
  })

  it('by seconds does nothing but wait', async () => {
    const rules = new Rules()
    await rules.clock.advance(4000)
    rules.clock.step(-10_000)
    await rules.clock.advance(9000)
    expect(rules.states).toEqual(['pending'])
    await rules.clock.advance(6000)
    expect(rules.states).toEqual(['firing'])
  })
})
