import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { Alert } from '../alert.ts'
import type { RuleGroup } from '../rule.ts'
import type { SeriesSink } from '../series.ts'
import { ruleId } from './queries.ts'
import type { Reading, RuleRun } from './rule-run.ts'

export interface GroupParts {
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** Gets what rules give; absent: nobody wants it. */
  readonly sink?: SeriesSink
}

/** A clock that is set back by no more than this will soon be where it was, ms. */
const patienceMs = 60_000

/** A group of rules, evaluated in their order at multiples of its interval. */
export class GroupRun {
  readonly group: RuleGroup
  readonly rules: readonly RuleRun[]
  /** Epoch ms of the last evaluation; 0: there was none. */
  at: number
  durationMs = 0
  /** Epoch ms of the next one. */
  dueAt = 0
  /** As metrics and logs name it. */
  readonly id: string
  readonly #parts: GroupParts

  constructor(group: RuleGroup, rules: readonly RuleRun[], parts: GroupParts) {
    this.group = group
    this.rules = rules
    this.at = Math.max(0, ...rules.map(rule => rule.at))
    this.id = `${group.at.file};${group.name}`
    this.#parts = parts
    this.plan()
  }

  /** Sets when it is due next. */
  plan(): void {
    const { intervalMs } = this.group
    this.dueAt = (Math.floor(this.#parts.clock.now() / intervalMs) + 1) * intervalMs
  }

  /** Evaluates its rules, as far as they need not wait, and returns the alerts that are to be told. The last time it does so is now, not
   * when it is due. */
  evaluate(reading: Reading, isLast = false): Alert[] {
    const { clock, meter } = this.#parts
    const { intervalMs } = this.group
    const now = clock.now()
    const at = isLast ? now : Math.floor(now / intervalMs) * intervalMs
    const missed = Math.round((at - this.dueAt) / intervalMs)
    if (missed > 0) meter.of('collector_rules_missed_evaluations_total', this.id).value += missed
    const began = clock.monotonic()
    if (at < this.at - patienceMs) this.#turnBack()
    // Time does not go back a little: windows and alerts would be evaluated for the same time again.
    const ready = at <= this.at ? [] : this.rules.filter(rule => rule.isReady(at, now, reading))
    for (const rule of ready) this.#evaluate(rule, at, reading)
    if (ready.length > 0) this.at = at
    this.durationMs = clock.monotonic() - began
    this.#count(ready.length)
    this.plan()
    return this.rules.flatMap(({ alerts }) => alerts?.due(at, intervalMs) ?? [])
  }

  /** Somebody has set the clock back: rules would be silent until it is where it was. */
  #turnBack(): void {
    const now = this.#parts.clock.now()
    const ms = this.at - now
    this.#parts.log.warn('The clock was set back: rules go on from here', { group: this.id, ms })
    for (const rule of this.rules) rule.turnBack(now)
    this.at = 0
  }

  #evaluate(rule: RuleRun, at: number, { isCaughtUp }: Reading): void {
    const { clock, log, meter, sink } = this.#parts
    const former = rule.fault
    rule.evaluate(at, () => clock.monotonic(), isCaughtUp)
    if (sink?.wantsSeries === true) sink.write(ruleId(rule.rule), rule.series, at)
    if (rule.fault === '') return
    meter.of('collector_rules_evaluation_failures_total', this.id).value++
    if (rule.fault === former) return
    log.error(`Cannot evaluate rule "${rule.rule.name}": ${rule.fault}`, { group: this.id })
  }

  #count(evaluated: number): void {
    const { meter } = this.#parts
    meter.of('collector_rules_evaluations_total', this.id).value += evaluated
    meter.of('collector_rules_evaluation_seconds_total', this.id).value += this.durationMs / 1000
    meter.of('collector_rules_waiting', this.id).value = this.rules.length - evaluated
    for (const reason of ['late', 'failed', 'refused'] as const) {
      const rows = this.rules.reduce((sum, { counts }) => sum + counts[reason], 0)
      meter.of('collector_rules_left_out_rows_total', this.id, reason).value = rows
    }
  }
}
