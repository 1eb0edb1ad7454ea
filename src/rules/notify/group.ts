import type { Clock } from '../../core/clock.ts'
import type { Alert } from '../alert.ts'
import { identityOf } from './channel.ts'

/** When a group is told. All in ms. */
export interface GroupTimes {
  /** After the first alert: others may follow. */
  readonly groupWaitMs: number
  /** Between two looks at what is new. */
  readonly groupIntervalMs: number
  /** After which the same is told again. */
  readonly repeatIntervalMs: number
}

/** What of a group outlives the process: whom it was told of as firing, and when, epoch ms. Values as text: they may be infinite. */
interface Stored {
  readonly at: number
  readonly alerts: readonly (Omit<Alert, 'value'> & { readonly value: string })[]
}

/** So long after a start nobody takes an alert for ended since nothing was said of it, ms: rules first read what they have missed. */
const graceMs = 15 * 60_000

/** Alerts that are told in one message, and what was told of them. The rules are those of Alertmanager. */
export class Group {
  readonly key: string
  readonly #alerts = new Map<string, Alert>()
  /** Those that fired when the group was told last; undefined: it never was. */
  #told: { readonly firing: ReadonlySet<string>; readonly at: number } | undefined
  /** Those of which something is not told yet, when they were counted last. */
  waiting = 0
  /** Takes back the next look. */
  cancel: () => void = () => {}

  constructor(key: string) {
    this.key = key
  }

  /** One of an earlier run. */
  static restore(key: string, content: string, clock: Clock): Group {
    const { at, alerts } = JSON.parse(content) as Stored
    const group = new Group(key)
    const now = clock.now()
    for (const { value, ...alert } of alerts)
      group.#alerts.set(identityOf(alert), { ...alert, value: Number(value), validUntil: now + graceMs })
    group.#told = { firing: new Set(group.#alerts.keys()), at: clock.monotonic() - Math.max(0, now - at) }
    return group
  }

  /** When it was told last, by the monotonic clock; undefined: it never was. */
  get toldAt(): number | undefined {
    return this.#told?.at
  }

  get size(): number {
    return this.#alerts.size
  }

  has(alert: Alert): boolean {
    return this.#alerts.has(identityOf(alert))
  }

  /** Whether the alert is new here. The end of one that is unknown is no news: it was told, or nobody was told of it. */
  add(alert: Alert): boolean {
    const id = identityOf(alert)
    const isKnown = this.#alerts.has(id)
    if (isKnown || alert.state === 'firing') this.#alerts.set(id, alert)
    return !isKnown && alert.state === 'firing'
  }

  /** All as they stand, by the wall clock. One that nobody has spoken of until it was no longer valid has ended then. */
  alerts(now: number): Alert[] {
    return [...this.#alerts.values()].map(alert => {
      const isOver = alert.state === 'firing' && alert.validUntil <= now
      return isOver ? { ...alert, state: 'inactive', resolvedAt: alert.validUntil } : alert
    })
  }

  /** Alerts of which something is not told yet. */
  untold(now: number): number {
    const told = this.#told?.firing
    return this.alerts(now).filter(alert => (alert.state === 'firing') !== (told?.has(identityOf(alert)) === true))
      .length
  }

  /** Whether these are to be told now, by the monotonic clock. */
  isNews(alerts: readonly Alert[], { sendResolved, repeatMs, now }: NewsRules): boolean {
    const firing = alerts.filter(({ state }) => state === 'firing')
    if (this.#told === undefined) return firing.length > 0
    const { firing: told, at } = this.#told
    if (firing.some(alert => !told.has(identityOf(alert)))) return true
    if (firing.length === 0) return told.size > 0
    return (sendResolved && firing.length < alerts.length) || now - at >= repeatMs
  }

  /** These were told, by the monotonic clock. */
  told(alerts: readonly Alert[], now: number): void {
    this.#told = { firing: new Set(alerts.filter(({ state }) => state === 'firing').map(identityOf)), at: now }
  }

  /** Forgets those that have ended, unless they fire again meanwhile. */
  forget(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      const id = identityOf(alert)
      const now = this.#alerts.get(id)
      if (alert.state !== 'firing' && now !== undefined && now.validUntil <= alert.validUntil) this.#alerts.delete(id)
    }
  }
}

/** What is to be stored of a group when these were told; empty: nothing, for nobody waits for an end. */
export function storedOf(alerts: readonly Alert[], at: number): string {
  const firing = alerts.filter(({ state }) => state === 'firing')
  const stored: Stored = { at, alerts: firing.map(alert => ({ ...alert, value: String(alert.value) })) }
  return firing.length === 0 ? '' : JSON.stringify(stored)
}

interface NewsRules {
  readonly sendResolved: boolean
  readonly repeatMs: number
  readonly now: number
}
