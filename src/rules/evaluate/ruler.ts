import type { Clock } from '../../core/clock.ts'
import type { Family } from '../../core/families.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { RuleDelta, StateRecord, StoredRules } from '../../core/record.ts'
import type { Alert, AlertSink } from '../alert.ts'
import { rulesIn } from '../load.ts'
import type { AlertRule, Rule, RuleGroup } from '../rule.ts'
import type { SeriesSink } from '../series.ts'
import { GroupRun } from './group-run.ts'
import { queriesOf, queriesOfRules, queryOf, ruleId, type RuleSource } from './queries.ts'
import { familiesOf } from './recorded.ts'
import { RuleAlerts } from './rule-alerts.ts'
import { type Reading, RuleRun } from './rule-run.ts'
import { type RuleGroupStatus, statusOf } from './status.ts'
import { Windows } from './windows.ts'

/** Reading that was no further behind, once, has caught up with what was there at the start, ms. */
const caughtUpMs = 5000
/** What is to be told waits so long for the state to be stored, ms: a full disk must not keep an alert back. */
const storeMs = 1000

/** What is known of reading. */
export type Progress = Omit<Reading, 'isCaughtUp'>

export interface RulerParts {
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** Has what rows have added until now merged, and tells how far that is. Never rejects. */
  readonly observe: () => Promise<Progress>
  /** Stores records, if there are any; resolves once they are durable. */
  readonly store: (records: readonly StateRecord[]) => Promise<void>
  readonly sink: AlertSink & SeriesSink
}

/** Evaluates all rules by the clock, keeps their alerts and windows, and says what is to be told. */
export class Ruler {
  readonly #parts: RulerParts
  readonly #windows = new Windows()
  /** By the id of their rule. */
  readonly #alerts = new Map<string, RuleAlerts>()
  #groups: readonly GroupRun[] = []
  #isCaughtUp = false
  #isStopped = true
  #stopTimer: () => void = () => {}
  #told: Promise<void> = Promise.resolve()

  /** Goes on with what is stored. */
  constructor(config: RuleSource, stored: Omit<StoredRules, 'notices'>, parts: RulerParts) {
    this.#parts = parts
    const groups = rulesIn(config.files)
    const records = this.#windows.restore(queriesOf(groups, config.maxSeries), stored.windows, parts.clock.now())
    this.#run(groups, config)
    for (const alert of stored.alerts) {
      const alerts = this.#alerts.get(alert.rule)
      if (alerts === undefined) records.push({ ...alert, content: '' })
      else alerts.restore(alert)
    }
    // the clock of an earlier run may have been ahead
    for (const rule of this.#rules) rule.turnBack(parts.clock.now())
    void parts.store(records)
  }

  status(): RuleGroupStatus[] {
    return this.#groups.map(statusOf)
  }

  /** What rules have recorded last. */
  families(): Family[] {
    return familiesOf(this.#rules)
  }

  /** Evaluations begin. */
  start(): void {
    this.#isStopped = false
    this.#wait()
  }

  /** No more evaluations; rows may still come. Resolves once what is to be told was handed over. */
  stop(): Promise<void> {
    this.#isStopped = true
    this.#stopTimer()
    return this.#told
  }

  /** The same, behind a last evaluation of what was read: it is not said that something is missing, for nobody reads on. */
  finish(): Promise<void> {
    const reading = { isCaughtUp: this.#isCaughtUp, unseenMs: Infinity, hangs: true }
    if (!this.#isStopped) this.#tell(this.#groups.flatMap(group => group.evaluate(reading, true)))
    return this.stop()
  }

  /** Has all alerts told, as they stand, to those who know of none. */
  tellAll(to: AlertSink): void {
    const now = this.#parts.clock.now()
    const alerts = this.#groups.flatMap(({ group, rules }) => {
      return rules.flatMap(rule => rule.alerts?.all(now, group.intervalMs) ?? [])
    })
    if (!this.#isStopped) this.#tell(alerts, to)
  }

  /** Takes what rows have added, and returns what is to be stored with the places up to which they were read. */
  merge(deltas: readonly RuleDelta[]): StateRecord[] {
    this.#windows.merge(deltas)
    return this.#windows.changes()
  }

  /** Series with any of these labels are not remembered, unless there are rows of them again. */
  leave(all: readonly Readonly<Record<string, string>>[]): void {
    this.#windows.leave(all)
  }

  /** Rows may come for the rules of another configuration, too. */
  expect(config: RuleSource): void {
    this.#windows.add(queriesOfRules(config), this.#parts.clock.now())
  }

  /** Goes on with the rules of this configuration, and no others. Those that are the same keep their windows, and those with the same name
   * and labels their alerts. */
  change(config: RuleSource): void {
    const groups = rulesIn(config.files)
    this.expect(config)
    this.#windows.keep(queriesOf(groups, config.maxSeries))
    this.#run(groups, config)
    void this.#parts.store(this.#changes())
    if (!this.#isStopped) this.#wait()
  }

  /** Sets the numbers that nobody counts. */
  measure(): void {
    const { meter } = this.#parts
    for (const { rule } of this.#rules) {
      if (rule.kind !== 'alert') continue
      for (const state of ['pending', 'firing']) meter.of('collector_alerts', rule.name, state).value = 0
    }
    for (const { rule, alerts } of this.#rules) {
      for (const { state } of alerts?.active ?? []) meter.of('collector_alerts', rule.name, state).value++
    }
  }

  get #rules(): RuleRun[] {
    return this.#groups.flatMap(({ rules }) => rules)
  }

  #run(groups: readonly RuleGroup[], { maxSeries }: RuleSource): void {
    const { clock, meter, sink } = this.#parts
    const formerRules = new Map(this.#rules.map(run => [ruleId(run.rule), run]))
    const formerGroups = this.#groups
    const runOf = (rule: Rule, group: RuleGroup): RuleRun => {
      const evaluator = this.#windows.of(queryOf(rule, group, maxSeries))
      const alerts = rule.kind === 'alert' ? this.#alertsOf(rule) : undefined
      return new RuleRun(rule, group, { evaluator, alerts, former: formerRules.get(ruleId(rule)) })
    }
    this.#groups = groups.map(group => {
      const rules = group.rules.map(rule => runOf(rule, group))
      return new GroupRun(group, rules, this.#parts)
    })
    const kept = new Set(this.#rules.map(({ rule }) => ruleId(rule)))
    for (const id of formerRules.keys()) if (!kept.has(id)) sink.write(id, [], clock.now())
    const [ids, names] = [new Set(this.#groups.map(({ id }) => id)), new Set(this.#rules.map(({ rule }) => rule.name))]
    for (const { id } of formerGroups) if (!ids.has(id)) meter.forget('rule_group', id)
    for (const { rule } of formerRules.values()) if (!names.has(rule.name)) meter.forget('alertname', rule.name)
    for (const [id, alerts] of this.#alerts) if (!kept.has(id)) alerts.clear()
  }

  #alertsOf(rule: AlertRule): RuleAlerts {
    const id = ruleId(rule)
    const alerts = this.#alerts.get(id) ?? new RuleAlerts(id, rule)
    alerts.rule = rule
    this.#alerts.set(id, alerts)
    return alerts
  }

  #changes(): StateRecord[] {
    const records: StateRecord[] = this.#windows.changes()
    for (const alerts of this.#alerts.values()) records.push(...alerts.changes())
    return records
  }

  #wait(): void {
    this.#stopTimer()
    const { clock } = this.#parts
    const now = clock.now()
    // Somebody may set the clock back: nobody sleeps for longer than an interval.
    const waits = this.#groups.map(({ dueAt, group }) => Math.min(dueAt - now, group.intervalMs))
    if (waits.length > 0) this.#stopTimer = clock.after(Math.max(1, Math.min(...waits)), () => void this.#tick())
  }

  async #tick(): Promise<void> {
    const { clock, observe } = this.#parts
    const progress = await observe()
    if (this.#isStopped) return
    this.#isCaughtUp ||= progress.unseenMs <= caughtUpMs
    const reading = { ...progress, isCaughtUp: this.#isCaughtUp }
    const now = clock.now()
    const due = this.#groups.filter(({ dueAt, group }) => dueAt <= now || dueAt - now > group.intervalMs)
    this.#tell(due.flatMap(group => group.evaluate(reading)))
    this.#wait()
  }

  /** Stores what has changed; what is told was stored before, so that a kill does not have it told as something new. */
  #tell(alerts: readonly Alert[], to: AlertSink = this.#parts.sink): void {
    const stored = this.#parts.store(this.#changes())
    const former = this.#told
    if (alerts.length > 0) this.#told = this.#behind(former, stored).then(() => to.notify(alerts))
  }

  async #behind(former: Promise<void>, stored: Promise<void>): Promise<void> {
    const { clock } = this.#parts
    await former
    await Promise.race([stored, new Promise<void>(resolve => clock.after(storeMs, resolve))])
  }
}
