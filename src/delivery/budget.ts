/** Bytes of encoded rows in memory: open, queued, in flight, waiting for a retry or a decision. Once full it has room again only
 * when a quarter is free, so that reading resumes for more than one chunk. */
export class Budget {
  readonly max: number
  used = 0
  #full = false
  readonly #onRoom: () => void

  constructor(max: number, onRoom: () => void) {
    this.max = max
    this.#onRoom = onRoom
  }

  get hasRoom(): boolean {
    return !this.#full
  }

  add(bytes: number): void {
    this.used += bytes
    if (this.used >= this.max) this.#full = true
  }

  release(bytes: number): void {
    this.used -= bytes
    if (!this.#full || this.used > this.max * 0.75) return
    this.#full = false
    this.#onRoom()
  }
}
