import { lstatSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { DeadLetter } from '../core/record.ts'
import { isDamage, openForLooking, transaction } from './database.ts'
import { setAside } from './files.ts'
import { insertAll, type LetterRow, unpack } from './letter-rows.ts'
import { lettersSchema } from './letters-schema.ts'
import { openDatabase, removeUnfinished } from './opening.ts'

export interface LetterSummary extends Omit<DeadLetter, 'row'> {
  readonly id: number
  /** What it takes on disk, about. */
  readonly bytes: number
}

export interface StoredLetter extends LetterSummary {
  /** The encoded row as it was sent; undefined when it no longer is what was stored. */
  readonly row: Buffer | undefined
}

export interface LetterQuery {
  readonly output?: string
  /** Only letters with a smaller id: the last id of the page before. */
  readonly before?: number
  readonly limit: number
}

export interface LetterTotals {
  count: number
  bytes: number
}

interface Context {
  readonly clock: Clock
  readonly log: Log
  readonly meter?: Meter | undefined
  readonly readOnly?: boolean
}

/** The most that one `purge` removes: it runs on the control thread. */
const purgeLimit = 10_000
const summary = 'id, output, source, position, length, status, type, reason, at, bytes'

/**
 * Dead letters, in a file of their own beside state.db: with 256 MiB of them, a backup took 1.1 s and a check at start 0.26 s,
 * and one bad page would have cost the cursors. They have no backup. A letter is durable before the cursor that passes its row.
 * Methods are synchronous and throw what SQLite throws, but a damaged file is set aside and begun anew.
 */
export class DeadLetters {
  readonly #path: string
  readonly #context: Context
  /** Opened with the first letter: most collectors never have one. */
  #database: DatabaseSync | undefined
  #totals = new Map<string, LetterTotals>()
  /** Of layouts that had no identities. */
  #hasOld = false

  constructor(path: string, context: Context) {
    this.#path = path
    this.#context = context
    if (!context.readOnly) removeUnfinished(path)
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
    this.#open()
    this.#guard(database => this.#count(database))
  }

  /** Newest first, without the rows. */
  list(query: LetterQuery): LetterSummary[] {
    const { output, before = Number.MAX_SAFE_INTEGER, limit } = query
    const sql = `SELECT ${summary} FROM letters WHERE id < ? ${output === undefined ? '' : 'AND output = ?'}
      ORDER BY id DESC LIMIT ?`
    const values = output === undefined ? [before, limit] : [before, output, limit]
    const rows = this.#guard(database => database.prepare(sql).all(...values)) ?? []
    return rows as unknown as LetterSummary[]
  }

  /** One letter with its row. A damaged row is reported, and missing in the answer. */
  get(id: number): StoredLetter | undefined {
    const found = this.#guard(database =>
      database.prepare(`SELECT ${summary}, seal, row FROM letters WHERE id = ?`).get(id)
    )
    if (found === undefined) return undefined
    const { seal: _, ...rest } = found
    return { ...(rest as unknown as LetterSummary), row: this.#rowOf(found) }
  }

  /** All letters, oldest first; damaged ones are reported, and left out. */
  *all(): Generator<DeadLetter> {
    const next = `SELECT ${summary}, identity, seal, row FROM letters WHERE id > ? ORDER BY id LIMIT 1`
    for (let after = 0; ; ) {
      const found = this.#guard(database => database.prepare(next).get(after))
      if (found === undefined) return
      const { seal: _, identity, ...rest } = found
      after = Number(rest['id'])
      const row = this.#rowOf(found)
      const known = Number(identity) >= 0 && { identity: Number(identity) }
      if (row !== undefined) yield { ...(rest as unknown as LetterSummary), ...known, row }
    }
  }

  /** Those of the ids that no letter has. */
  missing(ids: readonly number[]): number[] {
    const sql = 'SELECT DISTINCT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM letters)'
    const rows = this.#guard(database => database.prepare(sql).all(JSON.stringify(ids)))
    return rows === undefined ? [...new Set(ids)] : rows.map(({ value }) => Number(value))
  }

  /** Letters and bytes of each output. */
  totals(): ReadonlyMap<string, Readonly<LetterTotals>> {
    return this.#totals
  }

  /** Stores letters; durable on return. One that is there already gets its new reason and time. */
  write(letters: readonly DeadLetter[]): void {
    if (this.#database === undefined) this.#open()
    this.#guard(database => {
      const added = transaction(database, () => insertAll(database, letters, this.#hasOld))
      for (const { output, count, bytes } of added) this.#add(output, count, bytes)
    })
  }

  delete(ids: readonly number[]): number {
    const list = JSON.stringify(ids)
    return this.#remove(
      'DELETE FROM letters WHERE id IN (SELECT value FROM json_each(?)) RETURNING output, bytes',
      list
    )
  }

  /** Id of the newest letter that was ever stored; 0 before the first. */
  get newestId(): number {
    const newest = `SELECT seq FROM sqlite_sequence WHERE name = 'letters'`
    return Number(this.#guard(database => database.prepare(newest).get())?.['seq'] ?? 0)
  }

  /** Removes letters of an output up to this id, the oldest first, some thousands a call; returns how many. */
  purge(output: string, id: number): number {
    const old = `SELECT id FROM letters WHERE output = ? AND id <= ? ORDER BY id LIMIT ${purgeLimit}`
    const purged = this.#remove(`DELETE FROM letters WHERE id IN (${old}) RETURNING output, bytes`, output, id)
    const { meter } = this.#context
    if (meter !== undefined) meter.of('collector_state_dead_letters_expired_total', output).value += purged
    return purged
  }

  close(): void {
    this.#database?.close()
    this.#database = undefined
  }

  #open(): void {
    const { clock, log, readOnly } = this.#context
    this.#database = readOnly
      ? openForLooking(this.#path)
      : openDatabase({ path: this.#path, schema: lettersSchema, whole: false }, log, clock.now()).database
  }

  #remove(sql: string, ...values: (string | number)[]): number {
    const removed = this.#guard(database => {
      const rows = transaction(database, () => database.prepare(sql).all(...values))
      // Gives pages back to the disk, as many as were filled by what is gone.
      if (rows.length > 0) database.exec('PRAGMA incremental_vacuum')
      return rows
    })
    for (const { output, bytes } of removed ?? []) this.#add(String(output), -1, -Number(bytes))
    return removed?.length ?? 0
  }

  /** Runs something on the database; a damaged one is replaced by an empty one, on which it runs again. */
  #guard<T>(run: (database: DatabaseSync) => T): T | undefined {
    if (this.#database === undefined) return undefined
    try {
      return run(this.#database)
    } catch (error) {
      if (!isDamage(error) || this.#context.readOnly) throw error
      const { clock, log } = this.#context
      this.close()
      const to = setAside(this.#path, clock.now())
      log.error(`Cannot use "${this.#path}": ${messageOf(error)}, set aside as "${to}"`)
      for (const output of this.#totals.keys()) this.#gauge(output, 0, 0)
      this.#totals = new Map()
      this.#open()
      return run(this.#database)
    }
  }

  #count(database: DatabaseSync): void {
    const rows = database
      .prepare('SELECT output, count(*) AS count, sum(bytes) AS bytes FROM letters GROUP BY output')
      .all()
    for (const { output, count, bytes } of rows) this.#add(String(output), Number(count), Number(bytes))
    this.#hasOld =
      !this.#context.readOnly && database.prepare('SELECT 1 FROM letters WHERE identity < 0').get() !== undefined
  }

  #add(output: string, count: number, bytes: number): void {
    const totals = this.#totals.get(output) ?? { count: 0, bytes: 0 }
    totals.count += count
    totals.bytes += bytes
    this.#totals.set(output, totals)
    this.#gauge(output, totals.count, totals.bytes)
  }

  #gauge(output: string, count: number, bytes: number): void {
    const { meter } = this.#context
    if (meter === undefined) return
    meter.of('collector_state_dead_letters', output).value = count
    meter.of('collector_state_dead_letter_bytes', output).value = bytes
  }

  #rowOf(letter: LetterRow): Buffer | undefined {
    const row = unpack(letter)
    if (row === undefined) {
      const place = { id: Number(letter['id']), output: String(letter['output']) }
      this.#context.log.error('Cannot read dead letter: its row does not match its check', place)
    }
    return row
  }
}
