const minuteMs = 60_000

/** At most so many in any minute, wherever it begins. */
export class MinuteLimit {
  readonly #most: number
  /** When the last ones were, by the monotonic clock. */
  #times: number[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** Ms until the next one may be; 0: now. */
  waitMs(now: number): number {
    this.#times = this.#times.filter(time => now - time < minuteMs)
    const first = this.#times.at(-this.#most)
    return first === undefined ? 0 : first + minuteMs - now
  }

  count(now: number): void {
    this.#times.push(now)
  }
}
