import { systemClock } from '../../core/clock.ts'
import { silentLog } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { RuleDelta } from '../../core/record.ts'
import type { Labels } from '../../logql/evaluate/sample.ts'
import { type MetricDelta, MetricEvaluator } from '../../logql/metrics.ts'
import { planRanges } from '../../logql/ranges/plan.ts'
import type { AlertRule, Rule, RuleGroup } from '../rule.ts'
import type { ActiveAlert } from './active-alert.ts'
import { GroupRun } from './group-run.ts'
import { queryOf, ruleId, type RuleQuery } from './queries.ts'
import { RuleAlerts } from './rule-alerts.ts'
import { RuleRun } from './rule-run.ts'

/** Everything that was there is read. */
const reading = { isCaughtUp: true, unseenMs: 0, hangs: false }

/** An alert from the first time that its rule gave it until it ended. Times are epoch ms. */
export interface Episode {
  readonly rule: AlertRule
  readonly labels: Labels
  /** As they were last. */
  annotations: Labels
  readonly pendingAt: number
  /** 0: it did not fire. */
  firedAt: number
  /** 0: it has not ended. */
  endedAt: number
  /** The value that is farthest from 0. */
  peak: number
}

/** Somebody looks how rules stand at a time, behind the evaluations of until then. */
export interface Look {
  readonly at: number
  readonly look: (rules: readonly RuleRun[]) => void
}

export interface BacktestParts {
  /** Of each range aggregation. */
  readonly maxSeries: number
  readonly meter: Meter
  readonly looks: readonly Look[]
}

interface Entry {
  readonly evaluator: MetricEvaluator
  readonly query: RuleQuery
  readonly run: RuleRun
}

/** Rules evaluated by a clock that goes as fast as rows can be read: what would have happened, had they run then. */
export class Backtest {
  readonly queries: readonly RuleQuery[]
  readonly rules: readonly RuleRun[]
  readonly episodes: Episode[] = []
  evaluations = 0
  #now = 0
  #isStarted = false
  readonly #entries: readonly Entry[]
  readonly #byId: ReadonlyMap<string, MetricEvaluator>
  readonly #groups: readonly GroupRun[]
  /** After so long without rows, nothing changes before there are some again, ms. */
  readonly restMs: number
  /** Behind the last row that an evaluation has seen. */
  #seenTo = -Infinity
  /** The next one last. */
  readonly #looks: Look[]
  readonly #open = new Map<ActiveAlert, Episode>()

  constructor(groups: readonly RuleGroup[], { maxSeries, meter, looks }: BacktestParts) {
    this.#looks = looks.toSorted((a, b) => b.at - a.at)
    const clock = { ...systemClock, now: () => this.#now }
    const made = groups.map(group => ({ group, entries: group.rules.map(rule => entryOf(rule, group, maxSeries)) }))
    this.#groups = made.map(({ group, entries }) => {
      const runs = entries.map(({ run }) => run)
      return new GroupRun(group, runs, { clock, log: silentLog, meter })
    })
    this.#entries = made.flatMap(({ entries }) => entries)
    this.rules = this.#entries.map(({ run }) => run)
    this.queries = this.#entries.map(({ query }) => query)
    this.#byId = new Map(this.#entries.map(({ query, evaluator }) => [query.id, evaluator]))
    this.restMs = Math.max(0, ...groups.flatMap(group => group.rules.map(rule => restOf(rule, group))))
  }

  /** Adds what rows have added, in any order that is not too far from that of time. */
  merge(deltas: readonly RuleDelta[]): void {
    for (const [query, delta] of deltas) this.#byId.get(query)?.merge(delta as MetricDelta)
  }

  /** Evaluations begin at a time. */
  start(at: number): void {
    this.#isStarted = true
    this.#seenTo = at
    this.#goTo(at - 1)
  }

  /** All evaluations up to a time: rows of until then have been merged. */
  advance(to: number): void {
    if (!this.#isStarted) return
    for (;;) {
      const due = Math.min(...this.#groups.map(({ dueAt }) => dueAt))
      const ahead = Math.min(...this.#entries.map(({ evaluator }) => evaluator.aheadFrom))
      if (ahead < due) this.#seenTo = due
      this.#showUntil(Math.min(due - 1, to))
      if (due > to) return
      const next = Math.min(ahead, to)
      if (due - this.#seenTo > this.restMs && next > due) this.#goTo(next)
      else this.#evaluate(due)
    }
  }

  #showUntil(at: number): void {
    for (let next = this.#looks.at(-1); next !== undefined && next.at <= at; next = this.#looks.at(-1)) {
      this.#looks.pop()
      next.look(this.rules)
    }
  }

  #goTo(at: number): void {
    this.#now = at
    for (const group of this.#groups) group.plan()
  }

  #evaluate(at: number): void {
    this.#now = at
    for (const group of this.#groups) {
      if (group.dueAt > at) continue
      group.evaluate(reading)
      this.evaluations += group.rules.length
      for (const run of group.rules) if (run.alerts !== undefined) this.#observe(run.alerts, at)
    }
  }

  #observe(alerts: RuleAlerts, at: number): void {
    for (const alert of alerts.active) {
      let episode = this.#open.get(alert)
      if (episode === undefined) {
        episode = { ...begun(alert, at), rule: alerts.rule }
        this.#open.set(alert, episode)
        this.episodes.push(episode)
      }
      episode.annotations = alert.annotations
      if (alert.state === 'firing' && episode.firedAt === 0) episode.firedAt = at
      if (Math.abs(alert.value) > Math.abs(episode.peak)) episode.peak = alert.value
    }
    const active = new Set(alerts.active)
    for (const [alert, episode] of this.#open) {
      if (episode.rule !== alerts.rule || active.has(alert)) continue
      episode.endedAt = at
      this.#open.delete(alert)
    }
  }
}

function begun({ labels, annotations, value }: ActiveAlert, at: number): Omit<Episode, 'rule'> {
  return { labels, annotations, pendingAt: at, firedAt: 0, endedAt: 0, peak: value }
}

function entryOf(rule: Rule, group: RuleGroup, maxSeries: number): Entry {
  const { id, query } = queryOf(rule, group, maxSeries)
  const replay = { ...query, isReplay: true }
  const evaluator = new MetricEvaluator(replay)
  const alerts = rule.kind === 'alert' ? new RuleAlerts(ruleId(rule), rule) : undefined
  const run = new RuleRun(rule, group, { evaluator, alerts, former: undefined })
  return { evaluator, query: { id, rows: group.rows, query: replay }, run }
}

function restOf(rule: Rule, { intervalMs }: RuleGroup): number {
  const windows = planRanges(rule.expr.metric, { intervalMs }).map(({ range, widthMs }) => {
    return range.rangeMs + range.offsetMs + 2 * widthMs
  })
  const states = rule.kind === 'alert' ? rule.forMs + rule.keepFiringForMs : 0
  return Math.max(0, ...windows) + rule.rememberMs + states + 2 * intervalMs
}
