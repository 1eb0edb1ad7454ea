/** So many archives are decompressed at a time. */
export class Slots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(most: number) {
    this.#free = most
  }

  /** Takes one, or has `ready` called once when it is worth another try. */
  take(ready: () => void): boolean {
    if (this.#free === 0) {
      this.#waiting.add(ready)
      return false
    }
    this.#free--
    this.#waiting.delete(ready)
    return true
  }

  /** Waits for none any more. */
  leave(ready: () => void): void {
    this.#waiting.delete(ready)
  }

  free(): void {
    this.#free++
    for (const ready of this.#waiting) {
      this.#waiting.delete(ready)
      return ready()
    }
  }
}
