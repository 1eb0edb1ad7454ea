import type { Journal } from './journal.ts'
import { readMessage } from './line.ts'
import { type Site, until } from './process.ts'
import type { Trial } from './trial.ts'
import { messageIn } from './verdict.ts'
import { Waits } from './waits.ts'

const tickMs = 20
/** A processor that is shared may let a tick wait so long. */
const mostTickMs = 200

/** Writes a journal at a steady rate, and takes the time from a line's write to its arrival at a store. Its clock stands still while this
 * thread does something else, such as judging another trial, and while the collector waits for a processor: nobody could have come in
 * that time. */
export class Stopwatch {
  readonly #journal: Journal
  readonly #wroteAt: (number | undefined)[] = []
  readonly #linesPerSecond: number
  readonly #site: Site
  #timer: NodeJS.Timeout | undefined
  #isWriting = false
  /** Ms. */
  #now = 0
  /** Lines that have not arrived yet. */
  #missing = 0
  /** Ms, of lines in the order of their arrival. */
  #times: number[] = []

  constructor(journal: Journal, linesPerSecond: number, { store, site }: Trial) {
    this.#site = site
    this.#journal = journal
    this.#linesPerSecond = linesPerSecond
    const { judge } = store.store
    store.store.judge = (source, id) => {
      this.#arrived(source)
      return judge(source, id)
    }
  }

  start(): void {
    clearInterval(this.#timer)
    this.#isWriting = true
    const waits = new Waits(this.#site.collector!.pid!)
    let before = performance.now()
    let due = 0
    this.#timer = setInterval(() => {
      const elapsed = performance.now() - before
      before += elapsed
      const ms = Math.max(0, Math.min(elapsed, mostTickMs) - waits.take())
      this.#now += ms
      due += (ms / 1000) * this.#linesPerSecond
      if (this.#isWriting) due -= this.#write(Math.floor(due))
      else if (this.#missing === 0) clearInterval(this.#timer)
    }, tickMs).unref()
  }

  stop(): void {
    this.#isWriting = false
  }

  /** Lines that have arrived since the last `take`. */
  get lines(): number {
    return this.#times.length
  }

  /** Waits until all lines have arrived that were written. */
  arrived(withinMs: number): Promise<void> {
    return until('all lines have arrived', withinMs, () => this.#missing === 0)
  }

  /** The times of lines that have arrived since the last call: of a hundred, 99 took no longer; and the longest. */
  take(): { readonly lines: number; readonly p99: number; readonly most: number } {
    const times = this.#times.toSorted((a, b) => a - b)
    this.#times = []
    return { lines: times.length, p99: times[Math.floor(times.length * 0.99)] ?? 0, most: times.at(-1) ?? 0 }
  }

  #write(lines: number): number {
    const { seq } = this.#journal
    for (let n = 0; n < lines; n++) this.#wroteAt[seq + n] = this.#now
    this.#missing += lines
    if (lines > 0) this.#journal.write(lines)
    return lines
  }

  #arrived(source: string): void {
    const line = readMessage(messageIn(source))
    if (line?.file !== this.#journal.name) return
    const wroteAt = this.#wroteAt[line.seq]
    // a line counts once
    if (wroteAt === undefined) return
    this.#wroteAt[line.seq] = undefined
    this.#missing--
    this.#times.push(this.#now - wroteAt)
  }
}
