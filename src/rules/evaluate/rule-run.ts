import { messageOf } from '../../core/errors.ts'
import type { Sample } from '../../logql/evaluate/sample.ts'
import type { MetricEvaluator } from '../../logql/metrics.ts'
import type { RangeAggregation } from '../../logql/metric-syntax.ts'
import { growsWithRows } from '../../logql/ranges/growth.ts'
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

/** How far reading is. */
export interface Reading {
  /** All that was there at the start is with the rules. */
  readonly isCaughtUp: boolean
  /** What was there so long ago is with the rules, ms; Infinity: some was not read since the start. */
  readonly unseenMs: number
  /** Something can not be read now, and nobody knows what it holds. */
  readonly hangs: boolean
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
  /** More rows can only add to its alerts. */
  readonly #grows: boolean
  /** Those of which reading must not be behind. */
  readonly #awaited: readonly RangeAggregation[]
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
    // whether a record is to be much or little, others decide
    this.#grows = rule.kind === 'alert' && growsWithRows(rule.expr.metric)
    this.#awaited = rule.kind === 'alert' ? plans.map(({ range }) => range) : this.#silences
  }

  /** Whether reading is far enough now for an evaluation at a time. Alerts that more rows can only add to need not wait. Where it is asked
   * whether there is nothing, or little, what was not read yet would count as nothing, and so would what was read behind that time, or
   * behind the one that an `offset` looks back to, and what was there before the rule was. Of what hangs silence is all that nobody knows. */
  isReady(at: number, now: number, { isCaughtUp, unseenMs, hangs }: Reading): boolean {
    if (this.#grows) return true
    const isUnknown = hangs && this.#silences.length > 0
    const isCurrent = isCaughtUp && !isUnknown && this.#awaited.every(({ rangeMs }) => unseenMs <= currentMs(rangeMs))
    this.currentAt = isCurrent ? Math.min(this.currentAt, now) : Infinity
    const isSilenceKnown = this.#silences.every(({ offsetMs }) => at - offsetMs >= this.currentAt)
    return isCurrent && isSilenceKnown && this.#evaluator.isWhole(at)
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

  /** Evaluates it at a time. Where not all of the rows are there, alerts may begin, and none ends. A fault leaves alerts as they are, and
   * records nothing; it is one of this rule alone, whatever it is. */
  evaluate(at: number, now: () => number, isComplete = true): void {
    const began = now()
    this.at = at
    this.fault = ''
    try {
      this.#take(this.#evaluator.at(at), at, isComplete)
    } catch (error) {
      this.fault = messageOf(error)
      this.recorded = []
    }
    this.durationMs = now() - began
  }

  #take(samples: readonly Sample[], at: number, isComplete: boolean): void {
    if (this.rule.kind === 'record') this.recorded = recordedBy(this.rule, samples)
    else this.alerts?.update(samples, at, isComplete)
  }
}
