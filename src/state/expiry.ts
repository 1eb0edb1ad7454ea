import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../core/clock.ts'
import type { StateRecord } from '../core/record.ts'
import type { SourceId } from '../core/source.ts'
import { transaction } from './database.ts'
import type { StateTables } from './state-tables.ts'

const forgottenAfterMs = 7 * 86_400_000

/** What becomes too old: sources that nobody has written about (as a source or a cursor), and cursors of outputs that are not wanted,
 * for seven days that are counted while a collector runs. */
export class Expiry {
  readonly #clock: Clock
  /** Sources that were written about since the last `run`. */
  readonly #seen = new Set<SourceId>()
  #ranAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#ranAt = clock.monotonic()
  }

  note(records: readonly StateRecord[]): void {
    for (const record of records) {
      if (record.kind === 'source') this.#seen.add(record.source.id)
      else if (record.kind === 'cursor') this.#seen.add(record.cursor.source)
    }
  }

  /** Removes what is too old; returns how many sources and cursors that were. Throws what SQLite throws; then nothing has changed. */
  run(database: DatabaseSync, tables: StateTables, outputs: ReadonlySet<string>): number {
    const now = this.#clock.monotonic()
    const removed = transaction(database, () => tables.age(now - this.#ranAt, forgottenAfterMs, this.#seen, outputs))
    this.#ranAt = now
    this.#seen.clear()
    return removed
  }
}
