import { closeSync, lstatSync, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'
import { messageOf } from '../core/errors.ts'
import { hasBug } from '../core/seeded-bugs.ts'

/** Result codes of SQLite that we act on. */
export const sqlite = { busy: 5, io: 10, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const
/** What SQLite keeps beside a database. */
export const companions = ['-wal', '-shm', '-journal']

const synchronous = hasBug('drop-fsync') ? 'OFF' : 'FULL'
const readError = 266
const shortRead = 522
const logicError = 1
const busyTimeoutMs = 250
/** The most that SQLite can do. */
const mostPages = 4_294_967_294

/** A layout of a database file, in all its versions. */
export interface Schema {
  readonly applicationId: number
  /** Settings that only an empty file takes. */
  readonly settings?: string
  /** The step at index i leads from version i to version i + 1. Steps are never changed once released, only added. */
  readonly migrations: readonly Migration[]
  /** Reads all rows of a database of the newest version, step by step; throws `Damaged`, or what SQLite throws, when they are not
   * what was written. */
  check(database: DatabaseSync): Iterable<void>
}
type Migration = (database: DatabaseSync) => void

/** A database whose content can't be trusted. */
export class Damaged extends Error {
  override readonly name = 'Damaged'
}

/** What `inspect` saw. */
export type Finding =
  | { readonly kind: 'good'; readonly version: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'bad'; readonly reason: string }

/** Primary result code of an error of SQLite, 0 of any other. */
export function codeOf(error: unknown): number {
  return extendedCodeOf(error) & 0xff
}

function extendedCodeOf(error: unknown): number {
  const code = (error as { errcode?: unknown } | undefined)?.errcode
  return typeof code === 'number' ? code : 0
}

/** Whether an error says that the content of a file is bad, not that the disk is full or the file busy. */
export function isDamage(error: unknown): boolean {
  if (error instanceof Damaged || error instanceof SyntaxError || error instanceof RangeError) return true
  const code = codeOf(error)
  return (
    code === sqlite.corrupt || code === sqlite.notADatabase || [readError, shortRead].includes(extendedCodeOf(error))
  )
}

/** Check over the values of a row: SQLite does not notice a flipped bit in a position. */
export function seal(...values: (string | number)[]): number {
  return crc32(values.join('\u0000'))
}

/** Runs `run` in a transaction of its own. */
export function transaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = run()
    database.exec('COMMIT')
    return result
  } catch (error) {
    try {
      database.exec('ROLLBACK')
    } catch {
      // SQLite itself has rolled back after some faults, and says so with an error here.
    }
    throw error
  }
}

/** Opens for reading and writing a file that was inspected, or an empty one with the settings it is to get. */
export function openForWriting(path: string, settings = ''): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  database.exec(settings)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA journal_size_limit = 8388608;
    PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -1024`)
  return database
}

/** Lets a database grow to so many pages only, as a full disk would; 0 takes that back. */
export function limitPages(database: DatabaseSync, pages: number): void {
  database.exec(`PRAGMA max_page_count = ${pages === 0 ? mostPages : pages}`)
}

/** Opens for reading. An immutable file has no -wal, nobody writes to it, and no file appears beside it. */
export function openForReading(path: string, immutable = false): DatabaseSync {
  const url = pathToFileURL(path)
  if (immutable) url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true, timeout: busyTimeoutMs })
}

/** Opens for reading without leaving anything behind: a reader makes the -wal and -shm that are not there, and can not remove them. They
 * are not there where nobody has the file open. */
export function openForLooking(path: string): DatabaseSync {
  return openForReading(path, lstatSync(`${path}-wal`, { throwIfNoEntry: false }) === undefined)
}

/**
 * Looks at a database without changing it. `whole` reads all of it (pages and rows), otherwise only its head is looked at.
 * Must not be called for a file that this process has open: it opens the bare file, and closing that drops SQLite's locks.
 */
export function inspect(path: string, schema: Schema, how: { immutable?: boolean; whole?: boolean } = {}): Finding {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return { kind: 'missing' }
  // Looked at before anything opens it: a link would be written through, a pipe would block.
  if (!stat.isFile()) return { kind: 'bad', reason: 'not a regular file' }
  const reason = headFault(path)
  if (reason !== '') return { kind: 'bad', reason }
  const database = how.immutable ? openForReading(path, true) : openForLooking(path)
  try {
    return examine(database, schema, how.whole ?? true)
  } catch (error) {
    // "No such table" and its like: the tables are not ours any more.
    if (isDamage(error) || codeOf(error) === logicError) return { kind: 'bad', reason: messageOf(error) }
    throw error
  } finally {
    database.close()
  }
}

function headFault(path: string): string {
  // Without the right to open it nobody knows: that throws.
  const file = openSync(path, 'r+')
  try {
    const head = Buffer.alloc(100)
    if (readSync(file, head, 0, 100, 0) < 100) return 'too short for a database'
    return head.latin1Slice(0, 16) === 'SQLite format 3\u0000' ? '' : 'not a database'
  } finally {
    closeSync(file)
  }
}

function examine(database: DatabaseSync, schema: Schema, whole: boolean): Finding {
  if (pragma(database, 'application_id') !== schema.applicationId) throw new Damaged('not a database of this program')
  const version = pragma(database, 'user_version')
  // The version stands in two places, so that a flipped bit in one of them isn't taken for a newer program.
  if (version === 0 || version !== storedVersion(database)) throw new Damaged('its version is not clear')
  if (version > schema.migrations.length) return { kind: 'newer', version }
  if (whole) checkPages(database)
  if (version === schema.migrations.length) {
    if (layout(database) !== expectedLayout(schema)) throw new Damaged('its tables are not as they were made')
    if (whole) Array.from(schema.check(database))
  }
  return { kind: 'good', version }
}

/** Throws `Damaged` where the pages of a database do not fit together. */
export function checkPages(database: DatabaseSync): void {
  const verdict = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
  if (verdict !== 'ok') throw new Damaged(String(verdict))
}

/** What a pragma says that is a number. */
export function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** Every version of every schema has the table `meta` in this form, so that older programs can read the version. */
function storedVersion(database: DatabaseSync): number {
  const row = database.prepare(`SELECT value, seal FROM meta WHERE key = 'version'`).get()
  return row !== undefined && row['seal'] === seal('version', String(row['value'])) ? Number(row['value']) : 0
}

/** Brings a database up to the newest version, each step with its version in one transaction. */
export function migrate(database: DatabaseSync, schema: Schema): void {
  database.exec(`PRAGMA application_id = ${schema.applicationId}`)
  for (let from = pragma(database, 'user_version'); from < schema.migrations.length; from++) {
    const version = from + 1
    transaction(database, () => {
      if (from === 0) {
        database.exec('CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) STRICT')
      }
      schema.migrations[from]!(database)
      const set = database.prepare('INSERT OR REPLACE INTO meta (key, value, seal) VALUES (?, ?, ?)')
      set.run('version', String(version), seal('version', String(version)))
      database.exec(`PRAGMA user_version = ${version}`)
    })
  }
}

function layout(database: DatabaseSync): string {
  const rows = database.prepare(`SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name`).all()
  return rows.map(row => `${String(row['type'])} ${String(row['name'])} ${String(row['sql'])}`).join('\n')
}

const layouts = new Map<Schema, string>()

function expectedLayout(schema: Schema): string {
  let expected = layouts.get(schema)
  if (expected === undefined) {
    const model = new DatabaseSync(':memory:')
    migrate(model, schema)
    expected = layout(model)
    model.close()
    layouts.set(schema, expected)
  }
  return expected
}
