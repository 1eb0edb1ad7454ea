import type { Cursor } from '../core/outcome.ts'
import type { StoredState } from '../core/record.ts'
import type { Position, SourceId } from '../core/source.ts'

/** The last cursors of all sources, also of those that are closed: a file that was let go may grow after all. */
export class Cursors {
  readonly #bySource = new Map<SourceId, Map<string, Cursor>>()

  constructor(stored: StoredState) {
    for (const cursor of stored.cursors) this.set(cursor)
  }

  set(cursor: Cursor): void {
    const known = this.#bySource.get(cursor.source)
    if (known === undefined) this.#bySource.set(cursor.source, new Map([[cursor.output, cursor]]))
    else known.set(cursor.output, cursor)
  }

  get(source: SourceId, output: string): Cursor | undefined {
    return this.#bySource.get(source)?.get(output)
  }

  /** Where the output stands that is ahead of all others; 0 where there is none. */
  furthest(source: SourceId): Position {
    let position = 0
    for (const cursor of this.#bySource.get(source)?.values() ?? []) position = Math.max(position, cursor.position)
    return position
  }

  /** Whether any output ever had a cursor there. */
  has(source: SourceId): boolean {
    return this.#bySource.has(source)
  }

  forget(source: SourceId): void {
    this.#bySource.delete(source)
  }
}
