import type { Clock } from '../core/clock.ts'
import type { BodyPool } from './body-pool.ts'
import { backoffMs } from './gate.ts'
import { Parcel } from './parcel.ts'

export interface ReturnsParts {
  readonly clock: Clock
  readonly pool: BodyPool
  readonly random: () => number
  readonly limit: () => number
  /** The rows may be sent again. */
  readonly onDue: (parcel: Parcel) => void
}

/**
 * Rows that the server asked to send again (429, 5xx), until their backoff is over. They are gathered over several answers: sent
 * answer by answer, each request would leave a trail of ever smaller ones. Rows of unknown outcome stay in their own parcel, as
 * what is known of earlier attempts belongs to all rows of a parcel.
 */
export class Returns {
  #open: Parcel | undefined
  #timers = new Map<Parcel, () => void>()
  readonly #parts: ReturnsParts

  constructor(parts: ReturnsParts) {
    this.#parts = parts
  }

  /** Takes over a parcel of rows whose bytes are in the budget. */
  add(parcel: Parcel, retryAfterMs: number | undefined): void {
    if (parcel.unknown || parcel.isReplay) {
      this.#schedule(parcel, parcel.attempt, retryAfterMs)
      return
    }
    const open = this.#open ?? new Parcel(this.#parts.pool.take(), true)
    open.copyRows(parcel, 0, parcel.rows)
    open.firstSentAt = open.firstSentAt === 0 ? parcel.firstSentAt : Math.min(open.firstSentAt, parcel.firstSentAt)
    open.attempt = Math.max(open.attempt, parcel.attempt)
    if (this.#open === undefined) this.#schedule(open, parcel.attempt, retryAfterMs)
    this.#open = open
    if (open.size >= this.#parts.limit()) this.#finish(open)
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel()
  }

  #schedule(parcel: Parcel, attempt: number, retryAfterMs: number | undefined): void {
    const { clock, random } = this.#parts
    const ms = Math.max(backoffMs(attempt, random), (retryAfterMs ?? 0) * (1 + 0.1 * random()))
    const cancel = clock.after(ms, () => this.#finish(parcel))
    this.#timers.set(parcel, cancel)
  }

  #finish(parcel: Parcel): void {
    this.#timers.get(parcel)?.()
    this.#timers.delete(parcel)
    if (this.#open === parcel) this.#open = undefined
    this.#parts.onDue(parcel.seal())
  }
}
