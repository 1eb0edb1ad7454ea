import type { Cursor } from '../core/outcome.ts'
import type { Observed, StoredState } from '../core/record.ts'
import type { Position, SourceId } from '../core/source.ts'

const none: readonly Cursor[] = []

/** The last cursors of all sources, also of those that are closed: a file that was let go may grow after all. */
export class Cursors {
  /** Nearly every source has one. */
  readonly #bySource = new Map<SourceId, Cursor | readonly Cursor[]>()

  /** What rules have seen. */
  readonly #observed = new Map<SourceId, Observed>()

  constructor(stored: StoredState) {
    for (const observed of stored.observed) this.observe(observed)
    for (const cursor of stored.cursors) this.set(cursor)
  }

  set(cursor: Cursor): void {
    const { source, output } = cursor
    const others = this.#of(source).filter(one => one.output !== output)
    this.#bySource.set(source, others.length === 0 ? cursor : [...others, cursor])
  }

  #of(source: SourceId): readonly Cursor[] {
    const cursors = this.#bySource.get(source) ?? none
    return 'source' in cursors ? [cursors] : cursors
  }

  observe(observed: Observed): void {
    this.#observed.set(observed.source, observed)
  }

  observed(source: SourceId): Observed | undefined {
    return this.#observed.get(source)
  }

  /** There are no rules any more. */
  unobserve(): void {
    this.#observed.clear()
  }

  /** Another shard may have read these sources. */
  learn({ cursors, observed }: StoredState): void {
    for (const one of observed) if ((this.observed(one.source)?.knownTo ?? -1) < one.knownTo) this.observe(one)
    for (const cursor of cursors) {
      const known = this.get(cursor.source, cursor.output)
      if (known === undefined || known.position < cursor.position) this.set(cursor)
    }
  }

  get(source: SourceId, output: string): Cursor | undefined {
    return this.#of(source).find(one => one.output === output)
  }

  /** Where the output stands that is ahead of all others; 0 where there is none. */
  furthest(source: SourceId): Position {
    let position = 0
    for (const cursor of this.#of(source)) position = Math.max(position, cursor.position)
    return position
  }

  /** Whether any output ever had a cursor there. */
  has(source: SourceId): boolean {
    return this.#bySource.has(source)
  }

  forget(source: SourceId): void {
    this.#bySource.delete(source)
    this.#observed.delete(source)
  }
}
