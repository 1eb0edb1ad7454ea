import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../core/clock.ts'
import { crashPoint } from '../core/crash-points.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { Ledger } from '../core/outcome.ts'
import type {
  RuleDelta,
  ShardRecord,
  StateLink,
  StateRecord,
  StoredAgent,
  StoredRules,
  StoredState
} from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import { Backups } from './backup.ts'
import { isDamage, limitPages, transaction } from './database.ts'
import { Expiry } from './expiry.ts'
import { fileKey, prepareDirectory } from './files.ts'
import { GroupCommit } from './group-commit.ts'
import { DeadLetters } from './letters.ts'
import { InstanceLock } from './lock.ts'
import { openDatabase, type Origin, statePaths } from './opening.ts'
import type { Queue } from './queue.ts'
import { stateSchema } from './state-schema.ts'
import { StateTables } from './state-tables.ts'

export interface StateOptions {
  readonly clock: Clock
  readonly log: Log
  readonly meter?: Meter
}

const storesLettersLast = hasBug('letters-behind-cursor')

/**
 * The state directory of a running collector: the lock, state.db, its backup, and the dead letters. Lives on the control thread.
 */
export class StateStore implements StateLink {
  /** Called whenever `writable` changes. */
  onWritable: (writable: boolean) => void = () => {}
  /** Makes records of what rows have added to the windows of rules. */
  onDeltas: (deltas: readonly RuleDelta[]) => readonly StateRecord[] = () => []
  readonly letters: DeadLetters
  readonly #paths: ReturnType<typeof statePaths>
  readonly #options: StateOptions
  readonly #lock: InstanceLock
  readonly #commits: GroupCommit
  readonly #backups: Backups
  /** Undefined after damage, until the next try to open it. */
  #database: DatabaseSync | undefined
  #tables!: StateTables
  #origin: Origin
  /** Why nothing can be written; empty while it can. */
  #problem = ''
  /** Of state.db, when it was opened. */
  #fileKey: string | undefined
  #closed = false
  #maxPages = 0
  readonly #expiry: Expiry

  /**
   * Takes the lock and opens what is there, in any condition. Throws `ExitError`: another collector holds the directory, a newer
   * version wrote the state, or the directory can't be used at all.
   */
  static open(dir: string, options: StateOptions): StateStore {
    prepareDirectory(dir, options.log)
    const lock = InstanceLock.take(dir)
    try {
      return new StateStore(dir, lock, options)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor(dir: string, lock: InstanceLock, options: StateOptions) {
    this.#lock = lock
    this.#options = options
    this.#paths = statePaths(dir)
    this.#commits = new GroupCommit({
      clock: options.clock,
      write: (queue, mostLetters) => this.#write(queue, mostLetters),
      writeRecords: queue => this.#writeRecords(queue),
      done: error => this.#done(error)
    })
    this.#origin = this.#open()
    try {
      this.letters = new DeadLetters(this.#paths.letters, options)
    } catch (error) {
      this.#database?.close()
      throw error
    }
    this.#expiry = new Expiry(options.clock)
    this.#backups = new Backups(this.#paths, options, () => this.durable)
  }

  /** Whether the state was found, is new, or comes from a backup (then rows may be sent again). */
  get origin(): Origin {
    return this.#origin
  }

  get durable(): number {
    return this.#commits.durable
  }

  get writable(): boolean {
    return this.#commits.writable
  }

  /** Why it is not writable; empty while it is. */
  get problem(): string {
    return this.#problem
  }

  get isClosed(): boolean {
    return this.#closed
  }

  append(records: readonly ShardRecord[]): number {
    const all = records.flatMap(record => (record.kind === 'deltas' ? this.onDeltas(record.deltas) : [record]))
    this.#expiry.note(all)
    return this.#commits.append(all)
  }

  untilDurable(number: number): Promise<void> {
    return this.#commits.untilDurable(number)
  }

  /** Commits now what is queued. Does not throw: what can't be written stays queued. */
  flush(): void {
    this.#commits.flush()
  }

  load(): StoredState {
    this.#commits.flushRecords()
    return this.#tables.load()
  }

  agents(): StoredAgent[] {
    this.#commits.flushRecords()
    return this.#tables.agents()
  }

  /** What rules go on with. */
  loadRules(): StoredRules {
    this.#commits.flushRecords()
    return this.#tables.rules()
  }

  /** Sums over sources that were forgotten, by output: with the ledgers of all cursors, everything since the state began. */
  ended(): Map<string, Ledger> {
    return this.#tables.ended()
  }

  /** Removes what is too old, and nothing of `outputs`: see expiry.ts. Call it hourly. Returns how many sources and cursors went. */
  expire(outputs: ReadonlySet<string>): number {
    this.flush()
    if (!this.writable || this.#database === undefined) return 0
    try {
      return this.#expiry.run(this.#database, this.#tables, outputs)
    } catch (error) {
      // Tried again in an hour; that the disk is full is reported by the next commit.
      this.#options.log.warn(`Cannot remove old sources: ${messageOf(error)}`)
      return 0
    }
  }

  /** Changes the state in one transaction, for verbs of the command line: nobody else may be reading or writing it. */
  change<T>(run: (tables: StateTables) => T): T {
    this.flush()
    return transaction(this.#database!, () => run(this.#tables))
  }

  /** Copies the state to backup.db, if it has changed, while commits go on. Never rejects: a failure is logged. */
  backup(): Promise<void> {
    return this.#backups.write()
  }

  /** Lets the file grow to this number of pages only, as a full disk would; 0 takes that back. */
  limitPages(pages: number): void {
    this.#maxPages = pages
    if (this.#database !== undefined) limitPages(this.#database, pages)
  }

  /** Commits, writes the last backup and gives the lock back. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.flush()
    this.#commits.stop()
    this.#backups.close(this.#isInPlace ? this.#database : undefined)
    this.letters.close()
    this.#database?.close()
    this.#lock.release()
  }

  #open(): Origin {
    const { clock, log } = this.#options
    const { state, backup } = this.#paths
    const files = { path: state, backup, schema: stateSchema, whole: true }
    const { database, origin } = openDatabase(files, log, clock.now())
    this.#database = database
    this.#tables = new StateTables(database)
    this.#fileKey = fileKey(state)
    if (this.#maxPages > 0) this.limitPages(this.#maxPages)
    return origin
  }

  /** False where somebody has removed the directory: what is written then goes to a file that nobody will find. */
  get #isInPlace(): boolean {
    return this.#database === undefined || fileKey(this.#paths.state) === this.#fileKey
  }

  /** Letters, then records. No cursor among those is beyond a row whose letter waits here: a row has ended once its letter is durable. */
  #write(queue: Queue, mostLetters: number): void {
    this.#checkPlace()
    if (storesLettersLast) this.#writeRecords(queue)
    if (queue.letters.length > 0) {
      crashPoint('state.letters.before')
      const letters = queue.letters.slice(0, mostLetters)
      this.letters.write(letters)
      queue.letters.splice(0, letters.length)
      crashPoint('state.letters.after')
    }
    if (queue.letters.length === 0) this.#writeRecords(queue)
  }

  #writeRecords(queue: Queue): void {
    this.#checkPlace()
    try {
      this.#commitRecords(queue)
    } catch (error) {
      if (!isDamage(error)) throw error
      // The file rotted while in use: it is set aside, the backup takes its place, and what is queued is written to that.
      this.#options.log.error(`Cannot write "${this.#paths.state}": ${messageOf(error)}`)
      this.#database?.close()
      this.#database = undefined
      this.#commitRecords(queue)
    }
  }

  #checkPlace(): void {
    if (!this.#isInPlace) throw new Error('it was removed or replaced: put it back, or restart the collector')
  }

  #commitRecords(queue: Queue): void {
    if (this.#database === undefined) this.#origin = this.#open()
    transaction(this.#database!, () => {
      for (const record of queue.records) this.#tables.write(record)
      crashPoint('state.commit.before')
    })
    crashPoint('state.commit.after')
    queue.clearRecords()
  }

  #done(error?: unknown): void {
    const { log, meter } = this.#options
    const failed = error !== undefined
    if (meter !== undefined) {
      meter.of('collector_state_commits_total', failed ? 'failed' : 'ok').value++
      meter.of('collector_state_degraded').value = failed ? 1 : 0
    }
    const isNews = failed === (this.#problem === '')
    this.#problem = failed ? messageOf(error) : ''
    if (!isNews) return
    const { state } = this.#paths
    if (failed) log.error(`Cannot write "${state}": ${this.#problem}, reading pauses, trying again each second`)
    else log.info(`Can write "${state}" again`)
    this.onWritable(!failed)
  }
}
