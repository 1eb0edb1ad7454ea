import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { addLedger, newLedger, type Cursor, type Ledger } from '../core/outcome.ts'
import type { StateRecord, StoredAgent, StoredRules, StoredSource, StoredState } from '../core/record.ts'
import type { SourceId } from '../core/source.ts'
import { Damaged, seal } from './database.ts'
import {
  alertOf,
  columnsOf,
  cursorOf,
  ledgerOf,
  noticeOf,
  observedOf,
  type Row,
  sealed,
  sourceOf,
  windowOf
} from './state-rows.ts'

/** Letters have a file of their own. */
export type TableRecord = Exclude<StateRecord, { kind: 'letter' }>

/** What rules know. */
type RuleRecord = Extract<TableRecord, { kind: 'observed' | 'window' | 'unwindow' | 'alert' | 'notice' | 'unobserved' }>

/** What makes the rows of all tables: records, and the sum of what is over of each output. */
export type TableEntry = TableRecord | { readonly kind: 'ended'; readonly output: string; readonly ledger: Ledger }

/** Rows of state.db as records and back. Reading throws `Damaged` for a row that isn't what was written. */
export class StateTables {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Stores one record; the caller holds the transaction. */
  write(record: TableRecord): void {
    switch (record.kind) {
      case 'source':
        return this.#writeSource(record.source)
      case 'forget':
        return this.#forget(record.source)
      case 'cursor':
        return this.#writeCursor(record.cursor)
      case 'cut': {
        const { source, position } = record
        return this.#run('INSERT OR REPLACE INTO cuts VALUES (?, ?, ?)', source, position, seal(source, position))
      }
      case 'uncut':
        return this.#run('DELETE FROM cuts WHERE source = ? AND position < ?', record.source, record.before)
      case 'parser': {
        const { source, parser } = record
        return this.#run('INSERT OR REPLACE INTO parsers VALUES (?, ?, ?)', source, parser, seal(source, parser))
      }
      case 'note': {
        const { key, value } = record
        return this.#run('INSERT OR REPLACE INTO notes VALUES (?, ?, ?)', key, value, seal(key, value))
      }
      case 'agent': {
        const { id, facts } = record.agent
        return this.#run('INSERT OR REPLACE INTO agents VALUES (?, ?, ?)', ...sealed(id, JSON.stringify(facts)))
      }
      case 'forgetAgent':
        return this.#run('DELETE FROM agents WHERE id = ?', record.id)
      default:
        return this.#writeOfRules(record)
    }
  }

  /** Compares every row with its seal, some at each step, so that a caller in no hurry can do other things in between. */
  *verify(): Generator<void> {
    let rows = 0
    for (const [table, columns] of Object.entries(columnsOf)) {
      const statement = this.#statement(`SELECT ${columns.join(', ')}, seal FROM ${table}`)
      statement.setReturnArrays(true)
      for (const row of statement.iterate() as unknown as Iterable<(string | number)[]>) {
        if (row.pop() !== seal(...row)) throw new Damaged(`a row of ${table} does not match its check`)
        if (++rows % rowsInStep === 0) yield
      }
    }
  }

  load(): StoredState {
    const parsers = Object.create(null) as Record<string, string>
    const notes = Object.create(null) as Record<string, string>
    for (const row of this.#all('SELECT * FROM parsers', columnsOf.parsers)) {
      parsers[String(row['source'])] = String(row['parser'])
    }
    for (const row of this.#all('SELECT * FROM notes', columnsOf.notes)) {
      notes[String(row['key'])] = String(row['value'])
    }
    const cuts = this.#all('SELECT * FROM cuts ORDER BY source, position', columnsOf.cuts)
    return {
      sources: this.#all('SELECT * FROM sources', columnsOf.sources).map(sourceOf),
      cursors: this.#all('SELECT * FROM cursors', columnsOf.cursors).map(cursorOf),
      cuts: cuts.map(row => ({ source: String(row['source']), position: Number(row['position']) })),
      parsers,
      notes,
      observed: this.#all('SELECT * FROM observed', columnsOf.observed).map(observedOf)
    }
  }

  /** What rules go on with. */
  rules(): StoredRules {
    const windows = this.#all('SELECT * FROM windows', columnsOf.windows).map(windowOf)
    const alerts = this.#all('SELECT * FROM alerts', columnsOf.alerts).map(alertOf)
    const notices = this.#all('SELECT * FROM notices', columnsOf.notices).map(noticeOf)
    return { windows, alerts, notices }
  }

  /** Sums over sources that were forgotten, by output. */
  ended(): Map<string, Ledger> {
    const rows = this.#all('SELECT * FROM ended', columnsOf.ended)
    return new Map(rows.map(row => [String(row['output']), ledgerOf(row)]))
  }

  agents(): StoredAgent[] {
    const rows = this.#all('SELECT * FROM agents', columnsOf.agents)
    return rows.map(row => ({ id: String(row['id']), facts: JSON.parse(String(row['facts'])) as StoredAgent['facts'] }))
  }

  /** All rows as the entries that would make them. */
  *entries(): Generator<TableEntry> {
    const { sources, cursors, cuts, parsers, notes, observed } = this.load()
    for (const source of sources) yield { kind: 'source', source }
    for (const cursor of cursors) yield { kind: 'cursor', cursor }
    for (const { source, position } of cuts) yield { kind: 'cut', source, position }
    for (const [source, parser] of Object.entries(parsers)) yield { kind: 'parser', source, parser }
    for (const [key, value] of Object.entries(notes)) yield { kind: 'note', key, value }
    for (const agent of this.agents()) yield { kind: 'agent', agent }
    for (const [output, ledger] of this.ended()) yield { kind: 'ended', output, ledger }
    for (const one of observed) yield { kind: 'observed', observed: one }
    const { windows, alerts, notices } = this.rules()
    yield* windows
    yield* alerts
    yield* notices
  }

  /** Forgets where an output stands and what it has noted; its account lives on in its sum. Returns how many cursors it had. */
  forgetOutput(output: string): number {
    const cursors = this.#all('SELECT * FROM cursors WHERE output = ?', columnsOf.cursors, output)
    for (const row of cursors) this.end(output, ledgerOf(row))
    this.#run('DELETE FROM cursors WHERE output = ?', output)
    this.#run('DELETE FROM notes WHERE substr(key, 1, ?) = ?', output.length + 1, `${output}/`)
    return cursors.length
  }

  /** Forgets everything, accounts too. */
  clear(): void {
    for (const table of Object.keys(columnsOf)) if (table !== 'meta') this.#run(`DELETE FROM ${table}`)
  }

  /** Makes everything older by `elapsedMs`, except `seen` sources and the cursors of `outputs`; removes what is past the limit. */
  age(elapsedMs: number, limitMs: number, seen: ReadonlySet<SourceId>, outputs: ReadonlySet<string>): number {
    this.#run('UPDATE sources SET idle = idle + ?', Math.round(elapsedMs))
    this.#run('UPDATE cursors SET idle = idle + ?', Math.round(elapsedMs))
    for (const id of seen) this.#run('UPDATE sources SET idle = 0 WHERE id = ?', id)
    for (const output of outputs) {
      this.#run('UPDATE cursors SET idle = 0 WHERE output = ? AND source IN (SELECT id FROM sources)', output)
    }
    const sources = this.#statement('SELECT id FROM sources WHERE idle > ?').all(limitMs)
    for (const { id } of sources) this.#forget(String(id))
    const old = 'SELECT * FROM cursors WHERE idle > ?'
    const cursors = this.#all(old, columnsOf.cursors, limitMs)
    for (const row of cursors) this.end(String(row['output']), ledgerOf(row))
    this.#run('DELETE FROM cursors WHERE idle > ?', limitMs)
    this.#run('DELETE FROM observed WHERE source NOT IN (SELECT id FROM sources)')
    return sources.length + cursors.length
  }

  #writeSource(source: StoredSource): void {
    const file = JSON.stringify(source.file)
    this.#run(
      'INSERT OR REPLACE INTO sources (id, input, name, file, seen_at, seal) VALUES (?, ?, ?, ?, ?, ?)',
      ...sealed(source.id, source.input, source.name, file, Math.round(source.seenAt))
    )
  }

  #writeCursor(cursor: Cursor): void {
    this.#run(
      'INSERT OR REPLACE INTO cursors (source, output, position, marker, ledger, seal) VALUES (?, ?, ?, ?, ?, ?)',
      ...sealed(cursor.source, cursor.output, cursor.position, cursor.marker, JSON.stringify(cursor.ledger))
    )
  }

  #writeOfRules(record: RuleRecord): void {
    if (record.kind === 'unobserved') {
      for (const table of ['observed', 'windows', 'alerts', 'notices']) this.#run(`DELETE FROM ${table}`)
    } else if (record.kind === 'unwindow') this.#run('DELETE FROM windows WHERE query = ?', record.query)
    else if (record.kind === 'observed') {
      const { source, from, knownTo } = record.observed
      this.#run('INSERT OR REPLACE INTO observed VALUES (?, ?, ?, ?)', ...sealed(source, from, knownTo))
    } else if (record.kind === 'window') {
      const { query, range, bucket, blob } = record
      const key = [query, range, bucket] as const
      if (blob.length === 0) this.#run('DELETE FROM windows WHERE query = ? AND range = ? AND bucket = ?', ...key)
      else this.#run('INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?)', ...key, blob, seal(...key))
    } else if (record.kind === 'notice') this.#writeText('notices', record.receiver, record.group, record.content)
    else this.#writeText('alerts', record.rule, record.labels, record.content)
  }

  /** Of a table whose key has two columns; an empty text removes its row. */
  #writeText(table: 'alerts' | 'notices', ...values: [string, string, string]): void {
    const [first, second] = columnsOf[table]
    if (values[2] !== '') return this.#run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?)`, ...sealed(...values))
    this.#run(`DELETE FROM ${table} WHERE ${first} = ? AND ${second} = ?`, values[0], values[1])
  }

  /** The account of what is forgotten lives on in the sum of its output. */
  #forget(source: SourceId): void {
    for (const row of this.#all('SELECT * FROM cursors WHERE source = ?', columnsOf.cursors, source)) {
      this.end(String(row['output']), ledgerOf(row))
    }
    for (const table of ['cursors', 'cuts', 'parsers', 'observed'])
      this.#run(`DELETE FROM ${table} WHERE source = ?`, source)
    this.#run('DELETE FROM sources WHERE id = ?', source)
  }

  /** Adds an account that is over to the sum of its output. */
  end(output: string, ledger: Ledger): void {
    const [row] = this.#all('SELECT * FROM ended WHERE output = ?', columnsOf.ended, output)
    const sum = row === undefined ? newLedger() : ledgerOf(row)
    addLedger(sum, ledger)
    this.#run('INSERT OR REPLACE INTO ended VALUES (?, ?, ?)', ...sealed(output, JSON.stringify(sum)))
  }

  /** All rows of a query, each compared with its seal. */
  #all(sql: string, columns: readonly string[], ...values: (string | number)[]): Row[] {
    const rows = this.#statement(sql).all(...values)
    for (const row of rows) {
      if (row['seal'] !== seal(...columns.map(name => row[name] as string | number))) {
        throw new Damaged(`a row does not match its check: ${sql}`)
      }
    }
    return rows
  }

  #run(sql: string, ...values: (string | number | Uint8Array)[]): void {
    this.#statement(sql).run(...values)
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}

const rowsInStep = 1000
