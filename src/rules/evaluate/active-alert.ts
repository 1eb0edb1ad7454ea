import type { Labels } from '../../logql/evaluate/sample.ts'
import type { Alert } from '../alert.ts'

/** What an alert is when its rule gives it. */
export interface GivenAlert {
  readonly labels: Labels
  readonly annotations: Readonly<Record<string, string>>
  readonly value: number
}

/** What of an alert outlives the process. */
interface Stored {
  readonly annotations: Readonly<Record<string, string>>
  /** As text: it may be infinite. */
  readonly value: string
  readonly state: Alert['state']
  readonly activeAt: number
  readonly firedAt: number
  readonly resolvedAt: number
  readonly missedAt: number
}

/** One alert of a rule, from the first time that the expression gives it until nobody needs to hear of it any more. Times are epoch ms; 0:
 * not so. */
export class ActiveAlert {
  readonly labels: Labels
  annotations: GivenAlert['annotations']
  value: number
  state: Alert['state'] = 'pending'
  activeAt: number
  /** Since when it fires without being given. */
  missedAt = 0
  #firedAt = 0
  #resolvedAt = 0
  /** When it was told last, and as what. */
  #toldAt = -Infinity
  #toldState: Alert['state'] | undefined
  #storedAs = ''

  constructor({ labels, annotations, value }: GivenAlert, activeAt: number) {
    this.labels = labels
    this.annotations = annotations
    this.value = value
    this.activeAt = activeAt
  }

  /** One of an earlier run. Nobody knows what was told of it. */
  static restore(labels: string, content: string): ActiveAlert {
    const { value, annotations, ...stored } = JSON.parse(content) as Stored
    const given = { labels: JSON.parse(labels) as Labels, annotations, value: Number(value) }
    const alert = new ActiveAlert(given, stored.activeAt)
    alert.state = stored.state
    alert.missedAt = stored.missedAt
    alert.#firedAt = stored.firedAt
    alert.#resolvedAt = stored.resolvedAt
    alert.#storedAs = alert.#mark
    return alert
  }

  /** It is given at a time, again or for the first time: it fires once that has been so for long enough. */
  give({ annotations, value }: GivenAlert, at: number, forMs: number): void {
    this.annotations = annotations
    this.value = value
    this.missedAt = 0
    if (this.state !== 'pending' || at - this.activeAt < forMs) return
    this.state = 'firing'
    this.#firedAt = at
  }

  /** It is not given at a time: it ends, unless it goes on firing for a while. Whether it has ended now. */
  miss(at: number, keepFiringForMs: number): boolean {
    if (this.state === 'inactive') return false
    if (this.state === 'firing' && keepFiringForMs > 0) {
      if (this.missedAt === 0) this.missedAt = at
      if (at - this.missedAt < keepFiringForMs) return false
    }
    this.state = 'inactive'
    this.#resolvedAt = at
    return true
  }

  /** The clock was set back to a time: nothing happened later. */
  turnBack(now: number): void {
    this.activeAt = Math.min(this.activeAt, now)
    this.missedAt = Math.min(this.missedAt, now)
    this.#firedAt = Math.min(this.#firedAt, now)
    this.#resolvedAt = Math.min(this.#resolvedAt, now)
  }

  /** It never fired and is not given, or it ended longer ago than it is kept. */
  isOver(at: number, keptMs: number): boolean {
    return this.state === 'pending' || (this.state === 'inactive' && at - this.#resolvedAt >= keptMs)
  }

  /** Whether it is to be told at a time; then it counts as told. */
  isDue(at: number, resendMs: number): boolean {
    if (this.state === 'pending') return false
    // somebody may have set the clock back
    const isFresh = at >= this.#toldAt && at - this.#toldAt < resendMs
    if (this.state === this.#toldState && isFresh) return false
    this.#toldAt = at
    this.#toldState = this.state
    return true
  }

  /** For others to hear. */
  asAlert(validUntil: number): Alert {
    const { labels, annotations, state, value, activeAt } = this
    const [firedAt, resolvedAt] = [this.#firedAt, this.#resolvedAt]
    return { labels, annotations, state, value, activeAt, firedAt, resolvedAt, validUntil }
  }

  /** What to store in place of what was stored last; undefined: that will do. Values change all the time and do not count. */
  unstored(): string | undefined {
    if (this.#storedAs === this.#mark) return undefined
    this.#storedAs = this.#mark
    const { annotations, state, activeAt, missedAt } = this
    const [firedAt, resolvedAt] = [this.#firedAt, this.#resolvedAt]
    const stored = { annotations, value: String(this.value), state, activeAt, firedAt, resolvedAt, missedAt }
    return JSON.stringify(stored satisfies Stored)
  }

  get #mark(): string {
    return [this.state, this.activeAt, this.#firedAt, this.#resolvedAt, this.missedAt].join(' ')
  }
}
