import type { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import type { Journal } from './journal.ts'
import { readMessage } from './line.ts'
import { messageIn } from './verdict.ts'

const tickMs = 20

/** Writes a journal at a steady rate, and takes the time from a line's write to its arrival at a store. */
export class Stopwatch {
  readonly #journal: Journal
  readonly #wroteAt: (number | undefined)[] = []
  readonly #linesPerSecond: number
  #timer: NodeJS.Timeout | undefined
  /** Ms, of lines in the order of their arrival. */
  #times: number[] = []

  constructor(journal: Journal, linesPerSecond: number, store: FakeElasticsearch) {
    this.#journal = journal
    this.#linesPerSecond = linesPerSecond
    const { judge } = store.store
    store.store.judge = (source, id) => {
      this.#arrived(source)
      return judge(source, id)
    }
  }

  start(): void {
    const began = performance.now()
    let written = 0
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1000) * this.#linesPerSecond)
      if (due === written) return
      for (let seq = this.#journal.seq; seq < this.#journal.seq + due - written; seq++)
        this.#wroteAt[seq] = performance.now()
      this.#journal.write(due - written)
      written = due
    }, tickMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The times of lines that have arrived since the last call: of a hundred, 99 took no longer; and the longest. */
  take(): { readonly lines: number; readonly p99: number; readonly most: number } {
    const times = this.#times.toSorted((a, b) => a - b)
    this.#times = []
    return { lines: times.length, p99: times[Math.floor(times.length * 0.99)] ?? 0, most: times.at(-1) ?? 0 }
  }

  #arrived(source: string): void {
    const line = readMessage(messageIn(source))
    if (line?.file !== this.#journal.name) return
    const wroteAt = this.#wroteAt[line.seq]
    if (wroteAt !== undefined) this.#times.push(performance.now() - wroteAt)
    // a line counts once
    this.#wroteAt[line.seq] = undefined
  }
}
