import { isDeepStrictEqual } from 'node:util'
import type { Config, RulesConfig } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { Family } from '../core/families.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { StateRecord } from '../core/record.ts'
import type { AlertSink } from '../rules/alert.ts'
import type { SeriesSink } from '../rules/series.ts'
import type { Progress, Ruler } from '../rules/evaluate/ruler.ts'
import type { RuleGroupStatus } from '../rules/evaluate/status.ts'
import type { NoticeMemory, NotifierStatus } from '../rules/notify/notifier.ts'
import type { Notifiers } from '../rules/notify/notifiers.ts'
import type { StateStore } from '../state/store.ts'

/** Receivers that are to be told no more get so long for what they are not told yet, ms. */
const tellMs = 2000
/** Reading gets no more of the time in which a collector stops; what hangs would take all of it. */
const readPart = 0.6

export interface RuleDeskParts {
  readonly state: StateStore
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly observe: () => Promise<Progress>
}

/** The rules of a collector, on its control thread, and who is told of their alerts. Where there are none, nothing of them is loaded, stored
 * or kept. */
export class RuleDesk {
  readonly #parts: RuleDeskParts
  #config: RulesConfig | undefined
  #ruler: Ruler | undefined
  #notifiers: Notifiers | undefined
  #isStarted = false

  constructor(parts: RuleDeskParts) {
    this.#parts = parts
    parts.state.onDeltas = deltas => this.#ruler?.merge(deltas) ?? []
  }

  /** Comes before shards begin to read. */
  async open(config: Config): Promise<void> {
    await this.expect(config)
    await this.change(config)
    if (this.#ruler === undefined) this.#forget()
  }

  start(): void {
    this.#isStarted = true
    this.#ruler?.start()
  }

  /** Once all is read, or for want of that most of the time is over, rules are evaluated for the last time: last lines may matter most.
   * What they give is told, as far as that is possible within the time. */
  async stop(withinMs: number, read: Promise<void>): Promise<void> {
    const { clock, state } = this.#parts
    const end = clock.monotonic() + withinMs
    const { promise: isLate, resolve } = Promise.withResolvers<void>()
    const cancel = clock.after(withinMs * readPart, resolve)
    await Promise.race([read, isLate])
    cancel()
    this.#isStarted = false
    const told = this.#ruler?.finish()
    // they wait for that
    state.flush()
    await told
    await this.#notifiers?.stop(Math.min(Math.max(0, end - clock.monotonic()), tellMs))
  }

  /** Rows may come for the rules of this configuration, too. */
  async expect(config: Config): Promise<void> {
    const rules = rulesOf(config)
    if (rules === undefined) return
    if (this.#ruler === undefined) this.#ruler = await this.#newRuler(rules)
    else this.#ruler.expect(rules)
  }

  /** Goes on with the rules of this configuration alone: shards do so already. */
  async change(config: Config): Promise<void> {
    const rules = rulesOf(config)
    const fresh = await this.#tell(rules)
    if (rules !== undefined) {
      this.#ruler?.change(rules)
      if (this.#isStarted) this.#ruler?.start()
      if (fresh !== undefined) this.#ruler?.tellAll(fresh)
    } else if (this.#ruler !== undefined) {
      void this.#ruler.stop()
      this.#ruler.change({ files: [], maxSeries: 1 })
      this.#ruler = undefined
      this.#forget()
    }
  }

  get groups(): readonly RuleGroupStatus[] {
    return this.#ruler?.status() ?? []
  }

  /** What rules have recorded last. */
  get families(): readonly Family[] {
    return this.#ruler?.families() ?? []
  }

  /** How those who are told are doing; undefined: nobody is. */
  get notifiers(): readonly NotifierStatus[] | undefined {
    return this.#notifiers?.status
  }

  /** Rows with any of these labels ended for good reason: nothing is missing. */
  leave(all: readonly Readonly<Record<string, string>>[]): void {
    this.#ruler?.leave(all)
  }

  measure(): void {
    this.#ruler?.measure()
  }

  async #newRuler(rules: RulesConfig): Promise<Ruler> {
    const { Ruler } = await import('../rules/evaluate/ruler.ts')
    const store = (records: readonly StateRecord[]): Promise<void> => this.#store(records)
    const notifiers = (): Notifiers | undefined => this.#notifiers
    const sink: AlertSink & SeriesSink = {
      notify: alerts => notifiers()?.notify(alerts),
      write: (rule, series, at) => notifiers()?.write(rule, series, at),
      get wantsSeries() {
        return notifiers()?.wantsSeries === true
      }
    }
    return new Ruler(rules, this.#parts.state.loadRules(), { ...this.#parts, store, sink })
  }

  /** Lets others be told from here on, if they are others. Returns those who are new. */
  async #tell(rules: RulesConfig | undefined): Promise<AlertSink | undefined> {
    if (isDeepStrictEqual(receiversOf(this.#config), receiversOf(rules))) return undefined
    const names = this.notifiers?.map(({ name }) => name) ?? []
    const fresh = await this.#changeNotifiers(rules)
    this.#config = rules
    const told = new Set(this.notifiers?.map(({ name }) => name))
    for (const name of names) if (!told.has(name)) this.#parts.meter.forget('notifier', name)
    return fresh
  }

  async #changeNotifiers(rules: RulesConfig | undefined): Promise<AlertSink | undefined> {
    const { log, meter, clock } = this.#parts
    if (rules === undefined) {
      const notifiers = this.#notifiers
      this.#notifiers = undefined
      await notifiers?.stop(tellMs)
      return undefined
    }
    if (this.#notifiers !== undefined) return this.#notifiers.change(rules, tellMs, () => this.#recall())
    const { Notifiers } = await import('../rules/notify/notifiers.ts')
    this.#notifiers = new Notifiers(rules, { log, meter, clock, random: Math.random, memory: this.#recall() })
    return this.#notifiers
  }

  /** What receivers were told. */
  #recall(): NoticeMemory {
    return { notices: this.#parts.state.loadRules().notices, store: notice => void this.#store([notice]) }
  }

  #store(records: readonly StateRecord[]): Promise<void> {
    const { state } = this.#parts
    return records.length === 0 ? Promise.resolve() : state.untilDurable(state.append(records))
  }

  /** Rules that come one day begin anew, behind what outputs have by then. */
  #forget(): void {
    const { state } = this.#parts
    const { windows, alerts, notices } = state.loadRules()
    const known = [windows, alerts, notices, state.load().observed]
    if (known.some(({ length }) => length > 0)) void this.#store([{ kind: 'unobserved' }])
  }
}

/** Receivers without rules have nothing to hear. */
function rulesOf({ rules }: Config): RulesConfig | undefined {
  return rules === undefined || rules.files.length === 0 ? undefined : rules
}

function receiversOf(rules: RulesConfig | undefined): object | undefined {
  if (rules === undefined) return undefined
  const { files: _files, maxSeries: _series, ...receivers } = rules
  return receivers
}
