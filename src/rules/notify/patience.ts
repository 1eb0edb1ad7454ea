import type { Clock } from '../../core/clock.ts'
import type { SendError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { backoffMs } from '../../delivery/gate.ts'
import type { Told } from './counts.ts'

/** Alerts are few and urgent: a receiver that is back hears them soon. */
const retry = { minMs: 1000, maxMs: 15_000 }
/** While a person is needed. */
const pauseMs = 30_000
/** What goes on for as long as a receiver is away is said so often. */
export const sayEveryMs = 60_000

interface Parts {
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** How long to wait for a receiver that has failed, and how often to say so. */
export class Patience {
  readonly #name: string
  readonly #parts: Parts
  readonly #told: Told
  /** Of the last attempt; undefined: it succeeded. */
  #error: string | undefined
  #failures = 0
  #begunAt = 0
  #saidAt = 0
  #waitMs = 0
  #isEnded = false
  #wake: (() => void) | undefined

  constructor(name: string, parts: Parts, told: Told) {
    this.#told = told
    this.#name = name
    this.#parts = parts
  }

  get error(): string | undefined {
    return this.#error
  }

  succeeded(): void {
    this.#error = undefined
    if (this.#failures > 0) this.#parts.log.info(`${this.#what} reach "${this.#name}" again`)
    this.#failures = 0
  }

  /** `waiting`: how many are not told yet. */
  failed(error: SendError, waiting: number): void {
    const { clock, log, random } = this.#parts
    this.#error = error.message
    const now = clock.monotonic()
    const isNews = this.#failures++ === 0
    if (isNews) this.#begunAt = now
    const asked = error.retryAfterMs ?? 0
    this.#waitMs = Math.max(asked, error.fault === 'pause' ? pauseMs : backoffMs(this.#failures, retry, random))
    if (!isNews && now - this.#saidAt < sayEveryMs) return
    this.#saidAt = now
    const since = isNews ? '' : `, for ${Math.round((now - this.#begunAt) / 1000)} s`
    log.warn(`${this.#what} do not reach "${this.#name}"${since}: they wait`, { error: error.message, waiting })
  }

  /** Nothing has failed: it is just not time yet. */
  rest(ms: number): void {
    this.#waitMs = ms
  }

  /** The receiver is there, and does not take this. */
  refused(error: SendError, name: string): void {
    this.#error = error.message
    this.#failures = 0
    this.#parts.log.error(`${this.#what} refused by "${this.#name}": they are dropped`, { error: error.message, name })
  }

  /** Until the next attempt; not at all once `end` was called. */
  async wait(): Promise<void> {
    if (this.#isEnded) return
    await new Promise<void>(resolve => {
      const cancel = this.#parts.clock.after(this.#waitMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
    this.#wake = undefined
  }

  get #what(): string {
    return this.#told === 'alerts' ? 'Alerts' : 'Samples'
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }
}
