import type { Clock } from '../core/clock.ts'
import type { StateLink, StateRecord } from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import { isUrgent, Queue } from './queue.ts'

const ignoresErrors = hasBug('ignore-eio')
const urgentMs = 20
const commitMs = 100
const retryMs = 1_000

export interface CommitOptions {
  readonly clock: Clock
  /** Makes the queue durable and empties it; throws when it can't, having kept what it could not write. */
  write(queue: Queue): void
  /** Told of each commit, `error` being what `write` threw. Called before anybody who waits. */
  done(error?: unknown): void
}

/**
 * Records are queued and written together: 20 ms after the last commit where somebody waits for them, else 100 ms after it, and at
 * once where that is over: a shard at rest hands over its cursors once a second, and a timer would wake the thread once more. While
 * records can't be written they are kept and tried each second; nothing is dropped, and nobody is told that it was durable.
 */
export class GroupCommit implements StateLink {
  readonly #options: CommitOptions
  readonly #queue = new Queue()
  #waiting: { readonly number: number; readonly resolve: () => void }[] = []
  #appended = 0
  #durable = 0
  #writable = true
  #cancel: () => void = () => {}
  #dueAt = Infinity
  #committedAt = -Infinity

  constructor(options: CommitOptions) {
    this.#options = options
  }

  get durable(): number {
    return this.#durable
  }

  get writable(): boolean {
    return this.#writable
  }

  append(records: readonly StateRecord[]): number {
    let urgent = false
    for (const record of records) {
      this.#queue.add(record)
      urgent ||= isUrgent(record)
    }
    this.#appended++
    if (this.#writable) this.#schedule(this.#committedAt + (urgent ? urgentMs : commitMs))
    return this.#appended
  }

  untilDurable(number: number): Promise<void> {
    if (number <= this.#durable) return Promise.resolve()
    return new Promise(resolve => {
      this.#waiting.push({ number, resolve })
    })
  }

  /** Writes now what is queued. Does not throw: what can't be written stays queued. */
  flush(): void {
    this.stop()
    if (this.#durable === this.#appended) return
    try {
      this.#options.write(this.#queue)
    } catch (error) {
      if (ignoresErrors) {
        this.#durable = this.#appended
        return
      }
      this.#writable = false
      this.#schedule(this.#options.clock.monotonic() + retryMs)
      this.#options.done(error)
      return
    }
    this.#writable = true
    this.#committedAt = this.#options.clock.monotonic()
    this.#durable = this.#appended
    this.#options.done()
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ number }) => number > this.#durable)
    for (const { number, resolve } of waiting) if (number <= this.#durable) resolve()
  }

  /** Nothing is written any more until the next `append` or `flush`. */
  stop(): void {
    this.#cancel()
    this.#dueAt = Infinity
  }

  #schedule(at: number): void {
    const { clock } = this.#options
    if (at >= this.#dueAt) return
    this.#cancel()
    this.#dueAt = at
    this.#cancel = clock.after(Math.max(0, at - clock.monotonic()), () => this.flush())
  }
}
