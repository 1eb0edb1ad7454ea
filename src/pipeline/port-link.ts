import type { StateLink, StateRecord } from '../core/record.ts'
import type { FromShard } from './messages.ts'

/** The state database as a shard sees it: records go out as messages, `confirm` is called with each answer. */
export class PortLink implements StateLink {
  durable = 0
  writable = true
  readonly #post: (message: FromShard) => void
  #next = 0
  #waiting: { number: number; resolve: () => void }[] = []

  constructor(post: (message: FromShard) => void) {
    this.#post = post
  }

  append(records: readonly StateRecord[]): number {
    const number = ++this.#next
    this.#post({ type: 'append', number, records })
    return number
  }

  untilDurable(number: number): Promise<void> {
    if (number <= this.durable) return Promise.resolve()
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
}
