/** Requests after which a larger size is tried again, as the server may have been reconfigured; twice as many each time that
 * was in vain. */
const leastToGrow = 64
const mostToGrow = 4096
/** So many refusals of sizes that were taken before are believed. */
const contradictions = 3

/**
 * How many bytes the server takes in one request. Learned from its 413s, but slowly from those that contradict what it has taken
 * before: a proxy may answer 413 for reasons of its own, and halving for each of them would end at single rows.
 */
export class SizeLimit {
  /** Most bytes of a request of several rows. */
  bytes: number
  readonly #most: number
  /** Largest request that was taken. */
  #taken = 0
  /** Refusals of sizes up to `#taken`, with nothing as large taken since; the smallest of them, and the largest taken since. */
  #doubts = 0
  #doubtful = Number.POSITIVE_INFINITY
  #takenSince = 0
  #successes = 0
  #toGrow = leastToGrow

  constructor(most: number) {
    this.bytes = most
    this.#most = most
  }

  /** Whether a request of this size was taken before. */
  hasTaken(bytes: number): boolean {
    return bytes <= this.#taken
  }

  taken(bytes: number): void {
    this.#taken = Math.max(this.#taken, bytes)
    this.#takenSince = Math.max(this.#takenSince, bytes)
    if (bytes >= this.#doubtful * 0.9) this.#trust()
    if (this.bytes === this.#most || ++this.#successes < this.#toGrow) return
    this.#successes = 0
    this.bytes = Math.min(this.#most, this.bytes * 2)
  }

  /** A request of several rows was too large. As the server's limit is below its size, what is learned here never falls below
   * half of that limit. */
  refused(bytes: number): void {
    if (this.hasTaken(bytes)) {
      if (this.#doubts++ === 0) this.#takenSince = 0
      this.#doubtful = Math.min(this.#doubtful, bytes)
      if (this.#doubts < contradictions) return
      this.#taken = this.#takenSince
    } else if (this.#taken > 0) {
      this.#toGrow = Math.min(mostToGrow, this.#toGrow * 2)
    }
    this.bytes = Math.min(this.bytes, Math.max(1, bytes >> 1, this.#taken))
    this.#successes = 0
    this.#trust()
  }

  #trust(): void {
    this.#doubts = 0
    this.#doubtful = Number.POSITIVE_INFINITY
  }
}
