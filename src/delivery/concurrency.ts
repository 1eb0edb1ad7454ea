const smoothing = 0.4
const deviations = 2.5
const slowFactor = 0.9
const pressedFactor = 0.5

/**
 * How many requests may be in flight, found out by additive increase and multiplicative decrease as in TCP: like Vector's
 * Adaptive Request Concurrency (https://vector.dev/blog/adaptive-request-concurrency/) and Netflix' concurrency-limits, which take
 * rising latency for a queue at the server, as TCP Vegas does.
 *
 * Once per round trip: while all slots are in use and answers don't get slower, one more; when an answer takes longer than the
 * smoothed mean by 2.5 smoothed deviations, 0.9 of it. At once, at most once per round trip: when the server pushes back (429,
 * 5xx, timeouts, rows to retry), half. The mean follows: a server that stays slow is the new normal, and with at most a handful
 * of requests that does no harm.
 */
export class Concurrency {
  readonly max: number
  #limit = 1
  #mean = 0
  #deviation = 0
  #changedAt = Number.NEGATIVE_INFINITY

  constructor(max: number) {
    this.max = max
  }

  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** An answer has come at `now` after `ms`; `isFull`: no slot was free when it was sent. */
  answered(now: number, ms: number, isFull: boolean): void {
    const isFirst = this.#mean === 0
    const isSlow = !isFirst && ms > this.#mean + deviations * this.#deviation + 1
    const isDue = now - this.#changedAt >= this.#mean
    this.#learn(ms, isFirst)
    if (!isDue || (!isSlow && !isFull)) return
    this.#changedAt = now
    this.#set(isSlow ? this.#limit * slowFactor : this.#limit + 1)
  }

  /** The server pushes back. */
  pressed(now: number): void {
    if (now - this.#changedAt < this.#mean) return
    this.#changedAt = now
    this.#set(this.#limit * pressedFactor)
  }

  #learn(ms: number, isFirst: boolean): void {
    const difference = ms - this.#mean
    this.#deviation = isFirst ? ms / 2 : this.#deviation + smoothing * (Math.abs(difference) - this.#deviation)
    this.#mean = isFirst ? ms : this.#mean + smoothing * difference
  }

  #set(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.max, limit))
  }
}
