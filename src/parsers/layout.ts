import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { parseErrors } from '../core/row.ts'
import type { Parser } from '../core/steps.ts'
import { compileFields, type GroupFinder } from '../scan/regex/compile.ts'
import { GroupFields } from './group-fields.ts'
import { refuse } from './refuse.ts'

/** A form of rows: a pattern for all of a row, whose groups are fields. Where each byte says which way to go, it is read with one look-up
 * a byte; other forms take more. */
export interface Layout {
  readonly pattern: string
  /** `-` and empty groups but the message say that there is nothing. */
  readonly dashesAreNone?: boolean
}

/** A time as libraries for logging write it, with or without a fraction and a zone. */
export const stamp = String.raw`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?`
export const time = `(?<time>${stamp})`
/** The rest of a row. Of several lines it has the stack trace, too. */
export const message = '(?<message>.*)$'

/** The names of groups are words; here is what the fields are called. A digit at the end tells groups of one field apart. */
const names: Readonly<Record<string, string>> = {
  appname: 'log.syslog.appname',
  bytes: 'http.response.body.bytes',
  client: 'source.address',
  file: 'log.origin.file.name',
  function: 'log.origin.function',
  hostname: 'log.syslog.hostname',
  line: 'log.origin.file.line',
  logger: 'log.logger',
  method: 'http.request.method',
  msgid: 'log.syslog.msgid',
  pid: 'process.pid',
  port: 'url.port',
  priority: 'log.syslog.priority',
  process: 'process.name',
  procid: 'log.syslog.procid',
  referrer: 'http.request.referrer',
  status: 'http.response.status_code',
  thread: 'process.thread.name',
  tid: 'process.thread.id',
  agent: 'user_agent.original',
  url: 'url.original',
  user: 'user.name',
  version: 'http.version',
  vhost: 'url.domain'
}
const numbers: ReadonlySet<string> = new Set([
  'http.response.body.bytes',
  'http.response.status_code',
  'log.origin.file.line',
  'log.syslog.priority',
  'process.pid',
  'process.thread.id',
  'url.port'
])

/** One layout, ready to read rows. */
export class LayoutReader {
  /** Where groups of the last row begin and end. */
  readonly slots: Int32Array
  /** By name of a group: where in `slots` it stands where it begins; behind that, where it ends. */
  readonly slotOf: Readonly<Record<string, number>>
  readonly #finder: GroupFinder
  readonly #fields: GroupFields

  /** Groups in `without` are found, but are no fields. */
  constructor({ pattern, dashesAreNone = false }: Layout, keys: Keys, without: readonly string[] = []) {
    this.#finder = compileFields(pattern)
    const groups = this.#finder.names
    this.slots = this.#finder.slots
    this.slotOf = Object.fromEntries(groups.map((group, index) => [group, 2 * index]))
    this.#fields = fieldsOf(
      groups.map(group => (without.includes(group) ? undefined : group)),
      keys,
      dashesAreNone
    )
  }

  /** To be called before the rows of a batch. */
  open(): void {
    this.#fields.open()
  }

  /** Adds the fields of a row, if it has this form. */
  read(batch: Batch, row: number): boolean {
    if (!this.find(batch, row)) return false
    this.add(batch, row)
    return true
  }

  /** Whether a row has this form; `slots` then say where. */
  find(batch: Batch, row: number): boolean {
    return this.#finder.find(batch.bytes, batch.starts[row]!, batch.ends[row]!)
  }

  /** Adds the fields of the row that was found last. */
  add(batch: Batch, row: number): void {
    this.#fields.add(batch, row, this.slots)
  }
}

/** Makes fields of groups by their names; see `names`. */
export function fieldsOf(groups: readonly (string | undefined)[], keys: Keys, dashesAreNone: boolean): GroupFields {
  const fields = groups.map(group => {
    const word = group?.replace(/\d$/, '')
    return word === undefined ? undefined : (names[word] ?? word)
  })
  return new GroupFields(keys, { names: fields, numbers, dashesAreNone })
}

/** A parser of rows that have one of these forms; the first that fits counts. It can be asked for single rows, too. */
export interface LayoutParser extends Parser {
  /** To be called before the rows of a batch are read. */
  open(): void
  read(batch: Batch, row: number): void
}

export function layoutParser(name: (typeof parseErrors)[number], layouts: readonly Layout[], keys: Keys): LayoutParser {
  const readers = layouts.map(layout => new LayoutReader(layout, keys))
  const error = parseErrors.indexOf(name)
  const open = (): void => {
    for (const reader of readers) reader.open()
  }
  const read = (batch: Batch, row: number): void => {
    for (const reader of readers) if (reader.read(batch, row)) return
    refuse(batch, row, error)
  }
  return {
    open,
    read,
    parse(batch, from = 0) {
      open()
      for (let row = from; row < batch.rows; row++) read(batch, row)
    }
  }
}
