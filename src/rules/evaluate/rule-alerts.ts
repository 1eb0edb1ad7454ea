import { quoted } from '../../config/problems.ts'
import type { StoredAlert } from '../../core/record.ts'
import { EvaluationFault } from '../../logql/evaluate/binary.ts'
import type { Labels, Sample } from '../../logql/evaluate/sample.ts'
import type { Alert } from '../alert.ts'
import type { AlertRule } from '../rule.ts'
import type { Template, TemplateData } from '../template.ts'
import { ActiveAlert, type GivenAlert } from './active-alert.ts'

/** Alerts that have fired are kept so long behind their end, ms: whoever missed it hears of it again. */
const keptMs = 15 * 60_000
/** At most so many ended ones: rows may bring new labels without end. */
const mostEnded = 10_000
/** So long after it was told an alert is told again, ms. */
const resendMs = 60_000

/** The alerts of a rule: those that its expression gives, and those that have ended lately. Behaves as Prometheus does. */
export class RuleAlerts {
  /** A reload may change all of it but name and labels. */
  rule: AlertRule
  readonly #id: string
  /** By their labels, as JSON. */
  readonly #alerts = new Map<string, ActiveAlert>()
  readonly #gone: string[] = []

  constructor(id: string, rule: AlertRule) {
    this.#id = id
    this.rule = rule
  }

  /** Takes an alert of an earlier run back. */
  restore({ labels, content }: StoredAlert): void {
    this.#alerts.set(labels, ActiveAlert.restore(labels, content))
  }

  turnBack(now: number): void {
    for (const alert of this.#alerts.values()) alert.turnBack(now)
  }

  /** Those that are pending or fire. */
  get active(): ActiveAlert[] {
    return [...this.#alerts.values()].filter(({ state }) => state !== 'inactive')
  }

  /** What the expression gives at a time: all of it, or else none ends. Throws `EvaluationFault` where two series are the same alert; then
   * nothing has changed. */
  update(samples: readonly Sample[], at: number, isComplete = true): void {
    const given = this.#given(samples)
    const { forMs, keepFiringForMs } = this.rule
    for (const [key, one] of given) {
      let alert = this.#alerts.get(key)
      if (alert === undefined || alert.state === 'inactive') {
        this.#alerts.set(key, (alert = new ActiveAlert(one, at)))
      }
      alert.give(one, at, forMs)
    }
    for (const [key, alert] of this.#alerts) {
      if (given.has(key) || !isComplete) continue
      if (alert.isOver(at, keptMs)) this.#drop(key)
      else if (alert.miss(at, keepFiringForMs)) this.#moveToEnd(key, alert)
    }
    this.#dropEnded()
  }

  /** What is to be told now. Whoever hears nothing more takes an alert for ended after four times the time
   * in which it should have heard of it again. */
  due(at: number, intervalMs: number): Alert[] {
    return this.#toldOf(alert => alert.isDue(at, resendMs), { at, intervalMs })
  }

  /** What somebody is to be told now who knows nothing. */
  all(at: number, intervalMs: number): Alert[] {
    return this.#toldOf(({ state }) => state !== 'pending', { at, intervalMs })
  }

  /** The rule is gone. */
  clear(): void {
    for (const key of this.#alerts.keys()) this.#drop(key)
  }

  /** What has changed since the last call, to be stored. */
  changes(): StoredAlert[] {
    const changes = this.#gone.splice(0).map(labels => this.#stored(labels, ''))
    for (const [labels, alert] of this.#alerts) {
      const content = alert.unstored()
      if (content !== undefined) changes.push(this.#stored(labels, content))
    }
    return changes
  }

  #toldOf(isTold: (alert: ActiveAlert) => boolean, { at, intervalMs }: { at: number; intervalMs: number }): Alert[] {
    const told = [...this.#alerts.values()].filter(isTold)
    return told.map(alert => alert.asAlert(at + 4 * Math.max(resendMs, intervalMs)))
  }

  /** What ended last comes last. */
  #moveToEnd(key: string, alert: ActiveAlert): void {
    this.#alerts.delete(key)
    this.#alerts.set(key, alert)
  }

  /** Gives up those that ended first, where there are too many. */
  #dropEnded(): void {
    if (this.#alerts.size <= mostEnded) return
    const ended = [...this.#alerts].filter(([, { state }]) => state === 'inactive')
    for (const [key] of ended.slice(0, Math.max(0, ended.length - mostEnded))) this.#drop(key)
  }

  #stored(labels: string, content: string): StoredAlert {
    return { kind: 'alert', rule: this.#id, labels, content }
  }

  #drop(key: string): void {
    this.#alerts.delete(key)
    this.#gone.push(key)
  }

  #given(samples: readonly Sample[]): Map<string, GivenAlert> {
    const given = new Map<string, GivenAlert>()
    for (const sample of samples) {
      const labels = this.#labelsOf(sample)
      const key = JSON.stringify(labels)
      if (given.has(key))
        throw new EvaluationFault(`Two series have the same labels once the rule has set its own: ${quoted(key)}`)
      given.set(key, { labels, annotations: rendered(this.rule.annotations, sample), value: sample.value })
    }
    return given
  }

  #labelsOf(sample: Sample): Labels {
    const { labels, name } = this.rule
    const all = { ...sample.labels, __name__: '', ...rendered(labels, sample), alertname: name }
    const kept = Object.entries(all).filter(([, value]) => value !== '')
    return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
}

function rendered(templates: ReadonlyMap<string, Template>, data: TemplateData): Record<string, string> {
  return Object.fromEntries([...templates].map(([name, template]) => [name, template.render(data)]))
}
