/** A file that grew is looked at once more soon, and for longer when it grew twice within a second; a line a second is none. */
const warmMs = 120
const hotMs = 10_000
const secondMs = 900

/** How soon a file deserves another look. Times are monotonic ms. */
export class Heat {
  /** It grew twice within a second. */
  isHot = false
  grewAt = -Infinity
  #until = -1
  #stirredUntil = -1

  grow(now: number): void {
    this.isHot = now - this.grewAt <= secondMs
    this.#until = Math.max(this.#until, now + (this.isHot ? hotMs : warmMs))
    this.grewAt = now
  }

  /** Something else happened to it that more may follow. */
  stir(now: number): void {
    this.#stirredUntil = now + secondMs
    this.#until = this.#stirredUntil
  }

  /** Its last growth was announced, and so will the next one be: no look is needed before that. */
  leaveToEvents(): void {
    if (!this.isHot) this.#until = this.#stirredUntil
  }

  /** Whether to look at it between scans. */
  isWarm(now: number): boolean {
    return this.#until > now
  }
}
