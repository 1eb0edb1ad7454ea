import type { Clock } from '../core/clock.ts'
import type { StateLink, StateRecord } from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import { isUrgent, Queue } from './queue.ts'

const ignoresErrors = hasBug('ignore-eio')
const urgentMs = 20
const commitMs = 100
const retryMs = 1_000

/** Letters of one turn, about 80 ms: a hundred thousand may wait, and the control thread has others to answer. */
const lettersInTurn = 2500

export interface CommitOptions {
  readonly clock: Clock
  /** Makes letters durable, at most so many, and then all records, unless letters are left; takes them out of the queue. Throws when it
   * can't, having kept what it could not write. */
  write(queue: Queue, mostLetters: number): void
  /** The same with the records alone. */
  writeRecords(queue: Queue): void
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
    if (this.#try(() => this.#options.write(this.#queue, Infinity))) this.#committed()
  }

  /** Writes records now, and leaves letters to their turn: whoever hands them over moves no cursor past them before they are durable. */
  flushRecords(): void {
    if (this.#queue.letters.length === 0) return this.flush()
    if (this.#writable) this.#try(() => this.#options.writeRecords(this.#queue))
  }

  /** Writes some letters, or what is left of them and all records. */
  #turn(): void {
    this.stop()
    if (this.#durable === this.#appended) return
    if (!this.#try(() => this.#options.write(this.#queue, lettersInTurn))) return
    if (this.#queue.letters.length === 0) this.#committed()
    else this.#schedule(this.#options.clock.monotonic())
  }

  #try(write: () => void): boolean {
    try {
      write()
      return true
    } catch (error) {
      if (ignoresErrors) this.#durable = this.#appended
      else {
        this.#writable = false
        this.#schedule(this.#options.clock.monotonic() + retryMs)
        this.#options.done(error)
      }
      return false
    }
  }

  #committed(): void {
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
    this.#cancel = clock.after(Math.max(0, at - clock.monotonic()), () => this.#turn())
  }
}
