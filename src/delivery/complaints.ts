import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'

const sayEveryMs = 60_000

/** Says that an output fails: at once, and once a minute for as long as it does. */
export class Complaints {
  #begunAt = 0
  #saidAt = Number.NEGATIVE_INFINITY
  readonly #id: string
  readonly #clock: Clock
  readonly #log: Log

  constructor({ id, clock, log }: { readonly id: string; readonly clock: Clock; readonly log: Log }) {
    this.#id = id
    this.#clock = clock
    this.#log = log
  }

  /** `isNews`: it did not fail before. */
  retrying(isNews: boolean, fields: { readonly error: string; readonly inMs: number; readonly rows: number }): void {
    const seconds = this.#due(isNews)
    if (seconds === undefined) return
    const what = seconds === 0 ? 'failed' : `has failed for ${seconds} s`
    this.#log.warn(`Output "${this.#id}" ${what}, retrying; rows wait, nothing is lost`, fields)
  }

  paused(isNews: boolean, { reason, error, everyMs }: { reason: string; error: string; everyMs: number }): void {
    const seconds = this.#due(isNews)
    if (seconds === undefined) return
    const since = seconds === 0 ? '' : ` for ${seconds} s`
    const often = `tried again every ${Math.ceil(everyMs / 1000)} s`
    this.#log.error(`Output "${this.#id}" is paused${since}: ${reason}, ${often}`, { error })
  }

  /** For how many seconds it has failed, if that is to be said now. */
  #due(isNews: boolean): number | undefined {
    const now = this.#clock.monotonic()
    if (isNews) this.#begunAt = now
    else if (now - this.#saidAt < sayEveryMs) return undefined
    this.#saidAt = now
    return Math.round((now - this.#begunAt) / 1000)
  }
}
