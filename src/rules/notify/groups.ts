import type { Clock } from '../../core/clock.ts'
import { messageOf, SendError } from '../../core/errors.ts'
import { limited, type Log } from '../../core/log.ts'
import type { Alert } from '../alert.ts'
import type { Channel } from './channel.ts'
import { Counts } from './counts.ts'
import { Group, type GroupTimes, storedOf } from './group.ts'
import type { NoticeMemory, Notifier, NotifierStatus, NotifyContext } from './notifier.ts'
import { Patience, sayEveryMs } from './patience.ts'
import { MinuteLimit } from './rate.ts'

const mostAlerts = 10_000

export interface GroupOptions extends GroupTimes {
  /** Names of labels; `...`: each alert is a group. */
  readonly groupBy: readonly string[]
  readonly sendResolved: boolean
  readonly maxPerMinute: number
}

/** Tells one receiver of alerts in groups, as Alertmanager does: one message after another. */
export class Groups implements Notifier<Alert> {
  readonly #channel: Channel
  readonly #options: GroupOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #counts: Counts
  readonly #patience: Patience
  readonly #limit: MinuteLimit
  readonly #memory: NoticeMemory | undefined
  readonly #groups = new Map<string, Group>()
  /** Whose turn it is to be looked at. */
  readonly #due = new Set<Group>()
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  #isStopping = false

  constructor(channel: Channel, options: GroupOptions, context: NotifyContext) {
    this.#channel = channel
    this.#options = options
    this.#clock = context.clock
    this.#log = limited(context.log, sayEveryMs, () => context.clock.monotonic())
    this.#counts = new Counts(context.meter, channel.name, 'alerts')
    this.#patience = new Patience(channel.name, context, 'alerts')
    this.#limit = new MinuteLimit(options.maxPerMinute)
    this.#memory = context.memory
    for (const { receiver, group, content } of this.#memory?.notices ?? [])
      if (receiver === channel.name) this.#restore(group, content)
  }

  get status(): NotifierStatus {
    return this.#counts.status(this.#channel.name, this.#patience.error)
  }

  /** Does not wait and does not throw. After `stop` it does nothing. */
  add(alerts: readonly Alert[]): void {
    if (this.#isStopping) return
    let room = mostAlerts - this.#size()
    let dropped = 0
    const changed = new Set<Group>()
    for (const alert of alerts) {
      const key = this.#keyOf(alert)
      const known = this.#groups.get(key)
      if (known === undefined && alert.state !== 'firing') continue
      if (room <= 0 && known?.has(alert) !== true) {
        dropped++
        continue
      }
      const group = known ?? this.#open(key, alert)
      if (group.add(alert)) room--
      changed.add(group)
    }
    for (const group of changed) this.#count(group)
    this.#counts.dropped.value += dropped
    if (dropped > 0)
      this.#log.warn(`Too many alerts for "${this.#channel.name}": new ones are dropped`, { most: mostAlerts })
  }

  /** Tells what is new at once, as far as the receiver takes it within the time. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true
    this.#patience.end()
    const cancel = this.#clock.after(withinMs, () => this.#abort.abort())
    for (const group of this.#groups.values()) this.#look(group)
    await this.#running
    cancel()
    this.#channel.close()
    const left = this.#counts.waiting.value
    this.#counts.waiting.value = 0
    this.#counts.dropped.value += left
    if (left > 0)
      this.#log.warn(`Cannot tell "${this.#channel.name}" the last alerts: they are dropped`, { alerts: left })
  }

  #open(key: string, { firedAt }: Alert): Group {
    const group = new Group(key)
    this.#groups.set(key, group)
    const { groupWaitMs } = this.#options
    const isOld = firedAt + groupWaitMs <= this.#clock.now()
    this.#lookAfter(isOld ? 0 : groupWaitMs, group)
    return group
  }

  /** Goes on with a group of an earlier run, unless alerts are grouped in another way now. */
  #restore(key: string, content: string): void {
    const group = Group.restore(key, content, this.#clock)
    if (group.alerts(this.#clock.now()).some(alert => this.#keyOf(alert) !== key)) return this.#store(key, '')
    this.#groups.set(key, group)
    const { groupWaitMs, groupIntervalMs } = this.#options
    const dueAt = group.toldAt! + groupIntervalMs
    this.#lookAfter(Math.max(groupWaitMs, dueAt - this.#clock.monotonic()), group)
  }

  #store(group: string, content: string): void {
    this.#memory?.store({ kind: 'notice', receiver: this.#channel.name, group, content })
  }

  #lookAfter(ms: number, group: Group): void {
    group.cancel = this.#clock.after(ms, () => this.#look(group))
  }

  #look(group: Group): void {
    group.cancel()
    this.#due.add(group)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // What comes in the same turn is looked at together.
    await Promise.resolve()
    for (const group of this.#due) {
      this.#due.delete(group)
      while (!(await this.#settle(group)) && !this.#isStopping) await this.#patience.wait()
      this.#count(group)
      if (group.size === 0) this.#groups.delete(group.key)
      else if (!this.#isStopping) this.#lookAfter(this.#options.groupIntervalMs, group)
    }
    this.#running = undefined
  }

  /** Tells what is to be told of a group; false: it has to be tried again. */
  async #settle(group: Group): Promise<boolean> {
    const alerts = group.alerts(this.#clock.now())
    const now = this.#clock.monotonic()
    const { sendResolved, repeatIntervalMs } = this.#options
    if (!group.isNews(alerts, { sendResolved, repeatMs: repeatIntervalMs, now })) {
      group.forget(alerts)
      return true
    }
    const shown = sendResolved ? alerts : alerts.filter(({ state }) => state === 'firing')
    // What is refused counts as told: the same is not tried again before it would be repeated.
    if (shown.length > 0 && (await this.#send(shown)) === 'failed') return false
    group.told(alerts, now)
    this.#store(group.key, storedOf(alerts, this.#clock.now()))
    group.forget(alerts)
    return true
  }

  async #send(alerts: readonly Alert[]): Promise<'told' | 'refused' | 'failed'> {
    const waitMs = this.#limit.waitMs(this.#clock.monotonic())
    if (waitMs > 0) {
      this.#patience.rest(waitMs)
      return 'failed'
    }
    const begun = this.#clock.monotonic()
    this.#limit.count(begun)
    try {
      await this.#channel.send(alerts, this.#abort.signal)
      this.#counts.request('ok', this.#clock.monotonic() - begun)
      this.#counts.sent.value += alerts.length
      this.#patience.succeeded()
      return 'told'
    } catch (thrown) {
      this.#counts.request('failed', this.#clock.monotonic() - begun)
      const error = thrown instanceof SendError ? thrown : new SendError(messageOf(thrown), 'retry')
      if (error.fault !== 'split') {
        this.#patience.failed(error, this.#counts.waiting.value)
        return 'failed'
      }
      this.#patience.refused(error, alerts[0]!.labels['alertname'] ?? '')
      this.#counts.dropped.value += alerts.length
      return 'refused'
    }
  }

  #keyOf({ labels }: Alert): string {
    const { groupBy } = this.#options
    return JSON.stringify(groupBy.includes('...') ? labels : groupBy.map(name => labels[name] ?? ''))
  }

  #size(): number {
    let size = 0
    for (const group of this.#groups.values()) size += group.size
    return size
  }

  /** Counts what waits in a group anew. */
  #count(group: Group): void {
    const former = group.waiting
    group.waiting = group.untold(this.#clock.now())
    this.#counts.waiting.value += group.waiting - former
  }
}
