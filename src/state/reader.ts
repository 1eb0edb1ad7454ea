import type { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../core/clock.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Ledger } from '../core/outcome.ts'
import type { StoredState } from '../core/record.ts'
import { inspect, openForLooking } from './database.ts'
import { DeadLetters } from './letters.ts'
import { obstacleOf } from './obstacles.ts'
import { statePaths } from './opening.ts'
import { stateSchema } from './state-schema.ts'
import { StateTables, type TableEntry } from './state-tables.ts'

/** The layout of state.db that this program writes. */
export const newestLayout = stateSchema.migrations.length

/** Looks into a state directory without a lock and without changing anything, also while a collector runs: then it sees what was
 * committed when it began. */
export class StateReader {
  readonly letters: DeadLetters
  readonly #database: DatabaseSync
  readonly #tables: StateTables

  /** Throws `ExitError` where there is no state that can be read. */
  static open(dir: string, log: Log): StateReader {
    const { state } = statePaths(dir)
    try {
      const found = inspect(state, stateSchema, { whole: false })
      if (found.kind === 'good') return new StateReader(dir, log, found.version)
      if (found.kind === 'newer') {
        throw new ExitError(`Cannot read "${state}": a newer version of the collector wrote it`, exitCodes.newerState)
      }
      const reason = found.kind === 'missing' ? 'there is no such file' : found.reason
      throw new ExitError(`Cannot read "${state}": ${reason}`, exitCodes.failed)
    } catch (error) {
      if (error instanceof ExitError) throw error
      throw new ExitError(`Cannot read "${state}": ${obstacleOf(error, state)}`, exitCodes.failed, error)
    }
  }

  private constructor(dir: string, log: Log, version: number) {
    const { state, letters } = statePaths(dir)
    if (version < newestLayout) {
      const text = `an older version of the collector wrote it (layout ${version}): run this one once, which brings it up to date`
      throw new ExitError(`Cannot read "${state}": ${text}`, exitCodes.failed)
    }
    this.#database = openForLooking(state)
    // All that is read belongs to one moment.
    this.#database.exec('BEGIN')
    this.#tables = new StateTables(this.#database)
    this.letters = new DeadLetters(letters, { clock: systemClock, log, readOnly: true })
  }

  load(): StoredState {
    return this.#tables.load()
  }

  ended(): Map<string, Ledger> {
    return this.#tables.ended()
  }

  /** Everything but the dead letters. */
  entries(): Generator<TableEntry> {
    return this.#tables.entries()
  }

  close(): void {
    this.letters.close()
    this.#database.close()
  }
}
