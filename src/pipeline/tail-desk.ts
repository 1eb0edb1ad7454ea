import { components } from '../components.ts'
import type { Meter, Sample } from '../core/metrics.ts'
import type { Tailing, TailRefusal, TailRows, TailWanted } from './collector.ts'

/** Each looks at all rows. */
const mostTails = 16

/** What the shards do for those who look at rows. */
export interface TailShards {
  /** Called with rows for a tail; `more` lets that shard send the next. */
  onRows: (tail: number, rows: TailRows, more: () => void) => void
  listen(tail: number, wanted: TailWanted): Promise<void>
  unlisten(tail: number): void
}

/** Those who look at rows as they are read: lets shards show them some, and hands it over. */
export class TailDesk {
  readonly #shards: TailShards
  readonly #listeners: Sample
  readonly #rows: Sample
  readonly #leftOut: Sample
  readonly #tails = new Map<number, OpenTail>()
  #next = 1
  #isClosed = false

  constructor(shards: TailShards, meter: Meter) {
    this.#shards = shards
    shards.onRows = (tail, rows, more) => this.#take(tail, rows, more)
    this.#listeners = meter.of('collector_tail_listeners')
    this.#rows = meter.of('collector_tail_rows_total')
    this.#leftOut = meter.of('collector_tail_left_out_rows_total')
  }

  /** Resolves once shards show rows. */
  async open(wanted: TailWanted): Promise<Tailing | TailRefusal> {
    const fault = wanted.query === '' ? undefined : (await components.queries()).faultIn(wanted.query)
    if (fault !== undefined) return { error: fault.message, position: fault.at }
    if (this.#tails.size >= mostTails) return { error: `${mostTails} look at rows already, and no more may` }
    const id = this.#next++
    const tail = new OpenTail(() => this.#forget(id))
    if (this.#isClosed) tail.close()
    else {
      this.#tails.set(id, tail)
      await this.#shards.listen(id, wanted)
    }
    this.#listeners.value = this.#tails.size
    return tail
  }

  /** The collector ends. */
  close(): void {
    this.#isClosed = true
    for (const tail of this.#tails.values()) tail.close()
  }

  #take(id: number, rows: TailRows, more: () => void): void {
    const tail = this.#tails.get(id)
    if (tail === undefined) return
    this.#rows.value += rows.rows
    this.#leftOut.value += rows.leftOut
    tail.take(rows, more)
  }

  #forget(id: number): void {
    if (!this.#tails.delete(id)) return
    this.#listeners.value = this.#tails.size
    this.#shards.unlisten(id)
  }
}

/** At most one message of each shard waits: the next one comes when that is taken. */
class OpenTail implements Tailing {
  readonly #onClose: () => void
  readonly #waiting: { readonly rows: TailRows; readonly more: () => void }[] = []
  #isClosed = false
  /** Of what was given out last. */
  #more: () => void = () => {}
  #asked: ((rows: TailRows | undefined) => void) | undefined

  constructor(onClose: () => void) {
    this.#onClose = onClose
  }

  next(): Promise<TailRows | undefined> {
    this.#more()
    this.#more = () => {}
    return new Promise(resolve => {
      this.#asked = resolve
      this.#answer()
    })
  }

  take(rows: TailRows, more: () => void): void {
    this.#waiting.push({ rows, more })
    this.#answer()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
    this.#answer()
  }

  #answer(): void {
    const ask = this.#asked
    if (ask === undefined || (this.#waiting.length === 0 && !this.#isClosed)) return
    this.#asked = undefined
    const first = this.#waiting.shift()
    if (first !== undefined) this.#more = first.more
    ask(first?.rows)
  }
}
