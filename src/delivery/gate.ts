import type { Clock } from '../core/clock.ts'
import type { RetryOptions } from './options.ts'

/** At most two attempts a minute while a person is needed; fewer only where retries may not wait as long. */
const pauseMs = 30_000
const pauseJitterMs = 5000

/** Full jitter: anything between 0 and a limit that doubles with each failure, so that a fleet does not come back in step
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). */
export function backoffMs(failures: number, retry: RetryOptions, random: () => number): number {
  return random() * Math.min(retry.maxMs, retry.minMs * 2 ** Math.min(failures - 1, 16))
}

/**
 * When the next request may go out: the breaker, its backoff and the pauses.
 *
 * ```
 *            failed                       failed: longer backoff
 *  closed ───────────▶ open: one probe at a time ◀──┐
 *    ▲  ▲                │ paused                   │
 *    │  └── succeeded ───┤   └──▶ paused: one probe each 30 s, until it succeeds
 *    └───── succeeded ───┘
 * ```
 * Only an answer to rows closes it: a cheap request that works says nothing about the expensive ones. While no row waits, one
 * that asks whether the server is there (a knock) has to do; what it runs into keeps no row waiting that comes later.
 */
export class Gate {
  /** Failed attempts since the last success. */
  failures = 0
  /** Why the output is paused; empty when it is not. */
  reason = ''
  /** Epoch ms of the last change of state. */
  since: number
  /** Grows with each failure. A request that began in an older epoch tells nothing new: eight requests that fail together are
   * one failure. */
  epoch = 0
  #nextAt = 0
  /** Not before, as the server has asked. */
  #askedUntil = 0
  /** How many of `failures` were met without rows. */
  #knocks = 0
  readonly #clock: Clock
  readonly #random: () => number
  readonly #retry: RetryOptions

  constructor(clock: Clock, retry: RetryOptions, random: () => number) {
    this.#clock = clock
    this.#retry = retry
    this.#random = random
    this.since = clock.now()
  }

  get state(): 'running' | 'retrying' | 'paused' {
    if (this.reason !== '') return 'paused'
    return this.failures > 0 ? 'retrying' : 'running'
  }

  /** Ms until the next attempt may begin. */
  get waitMs(): number {
    return Math.max(0, this.#nextAt - this.#clock.monotonic())
  }

  /** While paused, there is an attempt so often, or a few seconds later. */
  get pausedEveryMs(): number {
    return Math.min(pauseMs, this.#retry.maxMs)
  }

  /** A whole request failed that began in `epoch`. Returns the ms until the next one. A paused output stays paused: what went
   * wrong then was no answer to the reason. */
  failed(epoch: number, retryAfterMs: number | undefined): number {
    const asked = retryAfterMs !== undefined && retryAfterMs > 0 ? retryAfterMs * (1 + 0.1 * this.#random()) : 0
    if (asked > 0) this.#askedUntil = this.#clock.monotonic() + asked
    if (epoch === this.epoch) {
      this.#enter(() => this.failures++)
      this.epoch++
      const own = this.reason === '' ? backoffMs(this.failures, this.#retry, this.#random) : this.#pauseMs()
      this.#nextAt = this.#clock.monotonic() + (asked > 0 && this.reason === '' ? asked : Math.max(own, asked))
    } else if (asked > this.waitMs) {
      this.#nextAt = this.#clock.monotonic() + asked
    }
    return this.waitMs
  }

  /** Returns whether this is news. */
  pause(reason: string): boolean {
    const isNews = this.reason !== reason
    this.#enter(() => {
      this.reason = reason
      this.failures++
    })
    if (isNews) this.since = this.#clock.now()
    this.epoch++
    this.#nextAt = this.#clock.monotonic() + this.#pauseMs()
    return isNews
  }

  /** The failure just noted was that of a request without rows. */
  knocked(): void {
    this.#knocks++
  }

  /** There are rows to send: if none has met a failure yet, the first attempt may begin at once. */
  rowsCame(): void {
    if (this.#knocks > 0 && this.#knocks === this.failures) this.#nextAt = Math.min(this.#nextAt, this.#askedUntil)
  }

  /** The next attempt may begin at once, whatever went before. */
  hurry(): void {
    this.#nextAt = 0
  }

  /** An answer came. Returns whether this is news. */
  succeeded(): boolean {
    const isNews = this.failures > 0
    this.#enter(() => {
      this.failures = 0
      this.reason = ''
    })
    this.#knocks = 0
    this.#nextAt = 0
    return isNews
  }

  #pauseMs(): number {
    return this.pausedEveryMs + Math.min(pauseJitterMs, this.#retry.maxMs) * this.#random()
  }

  #enter(change: () => void): void {
    const before = this.state
    change()
    if (this.state !== before) this.since = this.#clock.now()
  }
}

/** The name of a pause, from the HTTP status behind it; 0 is none at all (DNS, TLS, refused). */
export function pauseReason(status: number): string {
  if (status === 0) return 'unreachable'
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  return `status_${status}`
}
