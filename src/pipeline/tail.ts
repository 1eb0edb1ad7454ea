import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import type { Keys } from '../core/keys.ts'
import type { Observer } from '../core/steps.ts'
import type { TailRows, TailWanted } from './collector.ts'
import type { TailView } from './tail-view.ts'

export interface TailParts {
  readonly keys: Keys
  readonly hostName: string
  readonly clock: Clock
  /** Called with rows for who has this number; not again before `more`. */
  readonly onRows: (tail: number, rows: TailRows) => void
}

/** Shows the rows of a shard to those who look. At rest nobody does: then a batch costs one comparison, and what it would take to show
 * rows is not even loaded. They come and go between chunks. */
export class Tail implements Observer {
  readonly #parts: TailParts
  /** By number; undefined while it is made. */
  readonly #views = new Map<number, TailView | undefined>()

  constructor(parts: TailParts) {
    this.#parts = parts
  }

  /** Resolves once the next batch will be seen. The query has been checked: see `TailDesk`. */
  async open(tail: number, wanted: TailWanted): Promise<void> {
    this.#views.set(tail, undefined)
    const { TailView } = await import('./tail-view.ts')
    if (!this.#views.has(tail)) return
    const { onRows, ...parts } = this.#parts
    this.#views.set(tail, new TailView(wanted, { ...parts, send: rows => onRows(tail, rows) }))
  }

  /** What was sent last is taken. */
  more(tail: number): void {
    this.#views.get(tail)?.more()
  }

  close(tail: number): void {
    this.#views.get(tail)?.close()
    this.#views.delete(tail)
  }

  observe(batch: Batch): void {
    if (this.#views.size === 0) return
    for (const view of this.#views.values()) view?.look(batch)
  }
}
