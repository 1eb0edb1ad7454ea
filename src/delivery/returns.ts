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
 * answer by answer, each request would leave a trail of ever smaller ones. What is said of all rows of a shipment keeps them apart:
 * that their outcome is unknown, or that a refusal is final.
 */
export class Returns {
  /** Parcels that take more rows, by `kindOf`. */
  readonly #open: (Parcel | undefined)[] = []
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

  /** Takes over a parcel to be sent after `ms`, or earlier with others. One that has no room for it keeps its time. */
  gather(parcel: Parcel, ms = gatherMs): void {
    if (parcel.isReplay) {
      this.#schedule(parcel, ms)
      return
    }
    const kind = kindOf(parcel)
    const open = this.#open[kind]
    if (open !== undefined && open.size + parcel.size <= this.#parts.limit()) {
      merge(open, parcel)
      return
    }
    const gathered = new Parcel(this.#parts.pool.take(), true)
    gathered.inherit(parcel)
    merge(gathered, parcel)
    this.#open[kind] = gathered
    this.#schedule(gathered, ms)
  }

  /** Gives back at once what belongs to replays that are over. */
  clean(): void {
    for (const parcel of this.#timers.keys()) if (parcel.isOver) this.#finish(parcel)
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
    const kind = kindOf(parcel)
    if (this.#open[kind] === parcel) this.#open[kind] = undefined
    this.#parts.onDue(parcel.seal())
  }
}

/** Parcels of one kind may become one. */
function kindOf({ unknown, isFinal }: Parcel): number {
  return (unknown ? 1 : 0) + (isFinal ? 2 : 0)
}

/** Adds all rows. What the output remembers of the oldest ones holds for all: it looks furthest back. */
function merge(into: Parcel, from: Parcel): void {
  into.copyRows(from, 0, from.rows)
  into.attempt = Math.max(into.attempt, from.attempt)
  if (from.firstSentAt >= into.firstSentAt) return
  into.firstSentAt = from.firstSentAt
  into.memo = from.memo
}
