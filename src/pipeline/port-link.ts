import type { StateLink, ShardRecord } from '../core/record.ts'
import type { FromShard } from './messages.ts'

/**
 * The state database as a shard sees it: records go out as messages, those of one turn of the event loop in one; what somebody
 * waits for is asked for, and `confirm` is called with the answer. At rest nobody waits: a message each way and second, and the
 * wake that comes with it, would be for nothing.
 */
export class PortLink implements StateLink {
  durable = 0
  writable = true
  readonly #post: (message: FromShard) => void
  #next = 0
  #asked = 0
  #unsent: ShardRecord[] | undefined
  #waiting: { number: number; resolve: () => void }[] = []

  constructor(post: (message: FromShard) => void) {
    this.#post = post
  }

  append(records: readonly ShardRecord[]): number {
    if (this.#unsent === undefined) {
      this.#unsent = []
      queueMicrotask(() => this.#send())
    }
    for (const record of records) this.#unsent.push(record)
    return ++this.#next
  }

  untilDurable(number: number): Promise<void> {
    if (number <= this.durable) return Promise.resolve()
    if (number > this.#asked) {
      this.#send()
      this.#asked = this.#next
      this.#post({ type: 'await', number: this.#asked })
    }
    return new Promise(resolve => this.#waiting.push({ number, resolve }))
  }

  confirm(number: number, writable: boolean): void {
    this.durable = Math.max(this.durable, number)
    this.writable = writable
    const due = this.#waiting.filter(one => one.number <= this.durable)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(one => one.number > this.durable)
    for (const one of due) one.resolve()
  }

  #send(): void {
    const records = this.#unsent
    if (records === undefined) return
    this.#unsent = undefined
    this.#post({ type: 'append', records })
  }
}
