/** Without a sign for so long a thread hangs, ms. */
export const hangsAfterMs = 5000
/** One that has used this part of a CPU meanwhile gets more time: the machine may have no more, or it does something that takes long. */
const busyShare = 0.01
const mostBusyMs = 60_000

export interface PulseParts {
  /** Changes whenever the thread has come further. */
  readonly signs: () => number
  /** How long it has waited for something to do, which is a sign as well. */
  readonly idleMs: () => number
  /** CPU time that it has taken; undefined while it loads its code, which takes seconds on a busy machine. Asked only where there is no
   * sign. */
  readonly cpuMs: () => number | undefined
}

/** Whether another thread goes on. It need not answer for that: one that hangs in a system call could not. Times are counted by looks, not
 * by the clock: a process that was stopped as a whole wakes with all its threads. */
export class Pulse {
  /** For how long there has been no sign. */
  quietMs = 0
  /** For how long it has hardly used the CPU either. */
  #stillMs = 0
  readonly #parts: PulseParts
  #signs: number
  #idleMs: number
  #cpuMs: number | undefined

  constructor(parts: PulseParts) {
    this.#parts = parts
    this.#signs = parts.signs()
    this.#idleMs = parts.idleMs()
  }

  /** Looks, `passedMs` after the look before. Returns whether it hangs. */
  look(passedMs: number, afterMs = hangsAfterMs): boolean {
    const signs = this.#parts.signs()
    const idleMs = this.#parts.idleMs()
    const isAlive = signs !== this.#signs || idleMs !== this.#idleMs
    const cpuMs = isAlive ? undefined : this.#parts.cpuMs()
    const isStill = cpuMs !== undefined && cpuMs - (this.#cpuMs ?? cpuMs) < passedMs * busyShare
    this.#signs = signs
    this.#idleMs = idleMs
    this.#cpuMs = cpuMs
    this.quietMs = isAlive ? 0 : this.quietMs + passedMs
    this.#stillMs = isStill ? this.#stillMs + passedMs : 0
    return this.#stillMs >= afterMs || this.quietMs >= mostBusyMs
  }
}
