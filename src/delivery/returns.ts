import type { Clock } from '../core/clock.ts'
import type { BodyPool } from './body-pool.ts'
import { backoffMs } from './gate.ts'
import type { RetryOptions } from './options.ts'
import { Parcel } from './parcel.ts'

/** Shortest backoff: time for other answers to come in. */
const gatherMs = 250

export interface ReturnsParts {
  readonly clock: Clock
  readonly pool: BodyPool
  readonly retry: RetryOptions
  readonly random: () => number
  readonly limit: () => number
  /** The rows may be sent again. */
  readonly onDue: (parcel: Parcel) => void
}

/**
 * Rows that the server asked to send again (429, 5xx), until their backoff is over. They are gathered over several answers: sent
 * answer by answer, each request would leave a trail of ever smaller ones. Rows of unknown outcome are gathered apart, as that is
 * said of all rows of a shipment.
 */
export class Returns {
  #known: Parcel | undefined
  #unknown: Parcel | undefined
  #timers = new Map<Parcel, () => void>()
  readonly #parts: ReturnsParts

  constructor(parts: ReturnsParts) {
    this.#parts = parts
  }

  /** Takes over a parcel of rows whose bytes are in the budget. */
  add(parcel: Parcel, retryAfterMs: number | undefined): void {
    const { random, retry } = this.#parts
    const asked = (retryAfterMs ?? 0) * (1 + 0.1 * random())
    this.gather(parcel, Math.max(gatherMs, backoffMs(parcel.attempt, retry, random), asked))
  }

  /** Takes over a parcel to be sent after `ms`, or earlier with others. */
  gather(parcel: Parcel, ms = gatherMs): void {
    if (parcel.isReplay) {
      this.#schedule(parcel, ms)
      return
    }
    const open = parcel.unknown ? this.#unknown : this.#known
    if (open !== undefined && open.size + parcel.size <= this.#parts.limit()) {
      merge(open, parcel)
      return
    }
    if (open !== undefined) this.#finish(open)
    const gathered = new Parcel(this.#parts.pool.take(), true)
    gathered.inherit(parcel)
    merge(gathered, parcel)
    if (parcel.unknown) this.#unknown = gathered
    else this.#known = gathered
    this.#schedule(gathered, ms)
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel()
  }

  #schedule(parcel: Parcel, ms: number): void {
    this.#timers.set(
      parcel,
      this.#parts.clock.after(ms, () => this.#finish(parcel))
    )
  }

  #finish(parcel: Parcel): void {
    this.#timers.get(parcel)?.()
    this.#timers.delete(parcel)
    if (this.#known === parcel) this.#known = undefined
    if (this.#unknown === parcel) this.#unknown = undefined
    this.#parts.onDue(parcel.seal())
  }
}

/** Adds all rows. What the output remembers of the oldest ones holds for all: it looks furthest back. */
function merge(into: Parcel, from: Parcel): void {
  into.copyRows(from, 0, from.rows)
  into.attempt = Math.max(into.attempt, from.attempt)
  if (from.firstSentAt >= into.firstSentAt) return
  into.firstSentAt = from.firstSentAt
  into.memo = from.memo
}
