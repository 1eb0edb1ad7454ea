import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Time that stands still until a test moves it. Timers run in the order of their time; between two of them everything that is
 * ready to run does. */
export class FakeClock implements Clock {
  #ms = 0
  #timers: Timer[] = []
  #epoch: number

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch
  }

  now(): number {
    return this.#epoch + this.#ms
  }

  monotonic(): number {
    return this.#ms
  }

  /** Nothing takes any, unless a test says so. */
  cpu(): number {
    return 0
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#ms + Math.max(0, ms), run }
    const later = this.#timers.findIndex(other => other.at > timer.at)
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /** Resolves after `ms` of this clock. */
  wait(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve))
  }

  /** Somebody sets the clock on the wall: only `now` jumps. */
  step(ms: number): void {
    this.#epoch += ms
  }

  /** Lets everything run that needs no time. */
  async settle(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
  }

  /** Moves at once: timers run, but nothing that they start and wait for. */
  move(ms: number): void {
    const end = this.#ms + ms
    while (this.#timers.length > 0 && this.#timers[0]!.at <= end) this.#fire()
    this.#ms = end
  }

  async advance(ms: number): Promise<void> {
    const end = this.#ms + ms
    await this.settle()
    while (this.#timers.length > 0 && this.#timers[0]!.at <= end) await this.#step()
    this.#ms = end
  }

  /** Moves from timer to timer until `isDone`; throws when `mostMs` are over or nothing is left to wait for. */
  async until(isDone: () => boolean, mostMs = 3_600_000): Promise<void> {
    const end = this.#ms + mostMs
    await this.settle()
    while (!isDone()) {
      const next = this.#timers[0]
      if (next === undefined || next.at > end) throw new Error(`Nothing more happens at ${this.#ms} ms`)
      await this.#step()
    }
  }

  async #step(): Promise<void> {
    this.#fire()
    await this.settle()
  }

  #fire(): void {
    const timer = this.#timers.shift()!
    this.#ms = Math.max(this.#ms, timer.at)
    timer.run()
  }
}
