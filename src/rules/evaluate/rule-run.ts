import { messageOf } from '../../core/errors.ts'
import type { Sample } from '../../logql/evaluate/sample.ts'
import type { MetricEvaluator } from '../../logql/metrics.ts'
import type { RangeAggregation } from '../../logql/metric-syntax.ts'
import { planRanges } from '../../logql/ranges/plan.ts'
import type { Rule, RuleGroup } from '../rule.ts'
import { seriesOfAlerts, type SeriesValue } from '../series.ts'
import { recordedBy } from './recorded.ts'
import type { RuleAlerts } from './rule-alerts.ts'

/** Reading that is no further behind is up to date, ms: for a short window that is less. */
function currentMs(rangeMs: number): number {
  return Math.min(5000, rangeMs / 3)
}

interface RunParts {
  readonly evaluator: MetricEvaluator
  /** Of a rule that alerts. */
  readonly alerts: RuleAlerts | undefined
  /** How the rule went before a reload. */
  readonly former: RuleRun | undefined
}

/** What of reading the rules have to wait for. */
export interface Reading {
  /** Some rules need all that was there at the start. */
  readonly isCaughtUp: boolean
  /** What was there so long ago is with the rules, ms; Infinity: nobody knows. */
  readonly unseenMs: number
}

/** A rule that is evaluated again and again, and what came of it. */
export class RuleRun {
  readonly rule: Rule
  /** Of an alert; undefined: it records. */
  readonly alerts: RuleAlerts | undefined
  recorded: readonly Sample[] = []
  /** Why the last evaluation gave nothing; empty: it did give something, or there was none. */
  fault = ''
  /** Epoch ms of the last evaluation; 0: there was none. */
  at = 0
  durationMs = 0
  /** Epoch ms since when what is read is up to date, so that silence is silence; Infinity: it is not. */
  currentAt = Infinity
  readonly #silences: readonly RangeAggregation[]
  readonly #evaluator: MetricEvaluator

  constructor(rule: Rule, group: RuleGroup, { alerts, evaluator, former }: RunParts) {
    this.rule = rule
    this.alerts = alerts
    this.#evaluator = evaluator
    if (former !== undefined) {
      const { recorded, fault, at, durationMs, currentAt } = former
      Object.assign(this, { recorded, fault, at, durationMs, currentAt })
    }
    const plans = planRanges(rule.expr.metric, group)
    this.#silences = plans.filter(({ asksForSilence }) => asksForSilence).map(({ range }) => range)
  }

  /** Whether reading is far enough now for an evaluation at a time. Where it asks whether there is nothing, or little, what was not
   * read yet would count as nothing, and so would what was read behind that time, or behind the one that an `offset` looks back to, and
   * what was there before the rule was. */
  isReady(at: number, now: number, { isCaughtUp, unseenMs }: Reading): boolean {
    if (this.#silences.length === 0) return isCaughtUp
    const isCurrent = isCaughtUp && this.#silences.every(({ rangeMs }) => unseenMs <= currentMs(rangeMs))
    this.currentAt = isCurrent ? Math.min(this.currentAt, now) : Infinity
    return this.#evaluator.isWhole(at) && this.#silences.every(({ offsetMs }) => at - offsetMs >= this.currentAt)
  }

  /** Rows that are in no number, and why. */
  get counts(): MetricEvaluator['counts'] {
    return this.#evaluator.counts
  }

  /** All that it gives, as series. */
  get series(): SeriesValue[] {
    if (this.alerts !== undefined) return seriesOfAlerts(this.alerts.active)
    const { name } = this.rule
    return this.recorded.map(({ labels, value }) => ({ labels: { ...labels, __name__: name }, value }))
  }

  /** The clock was set back to this time, epoch ms. */
  turnBack(now: number): void {
    this.at = Math.min(this.at, now)
    this.#evaluator.turnBack(now)
    this.alerts?.turnBack(now)
  }

  /** Evaluates it at a time. A fault leaves alerts as they are, and records nothing; it is one of this rule alone, whatever it is. */
  evaluate(at: number, now: () => number): void {
    const began = now()
    this.at = at
    this.fault = ''
    try {
      this.#take(this.#evaluator.at(at), at)
    } catch (error) {
      this.fault = messageOf(error)
      this.recorded = []
    }
    this.durationMs = now() - began
  }

  #take(samples: readonly Sample[], at: number): void {
    if (this.rule.kind === 'record') this.recorded = recordedBy(this.rule, samples)
    else this.alerts?.update(samples, at)
  }
}
