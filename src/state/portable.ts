import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import type { DeadLetter } from '../core/record.ts'
import { type PortableEntry, readEntry } from './portable-entry.ts'
import type { StateReader } from './reader.ts'
import type { TableEntry } from './state-tables.ts'
import type { StateStore } from './store.ts'

const format = 'mcp-collector state'
/** Of the format below. A file of a newer one is refused, all older ones can be read. */
const formatVersion = 1
const lettersAtOnce = 500
const notOurs = 'this is no exported state'

export interface PortableHead {
  readonly program: string
  /** Epoch ms. */
  readonly exportedAt: number
  /** The id of a host that has none of its own: ids of sources come from it. */
  readonly hostId?: string | undefined
}

export interface PortableCounts {
  sources: number
  cursors: number
  letters: number
}

/**
 * A state as lines of JSON: a head, a line for each thing that is known, and an end with a check over all lines before it. Read in
 * one transaction, so that it is the state of one moment also while a collector goes on; dead letters are read behind it, as a
 * cursor may not pass a row whose letter is missing.
 */
export function* exportLines(state: StateReader, head: PortableHead): Generator<string> {
  const check = createHash('sha256')
  let records = 0
  const line = (value: object): string => {
    const text = `${JSON.stringify(value)}\n`
    check.update(text)
    return text
  }
  yield line({ format, version: formatVersion, ...head })
  for (const entry of state.entries()) {
    records++
    yield line(entry.kind === 'window' ? { ...entry, blob: Buffer.from(entry.blob).toString('base64') } : entry)
  }
  for (const letter of state.letters.all()) {
    records++
    yield line({ kind: 'letter', letter: { ...letter, row: Buffer.from(letter.row).toString('base64') } })
  }
  yield `${JSON.stringify({ kind: 'end', records, sha256: check.digest('hex') })}\n`
}

/** Reads an exported state to its end before anything of it is used. Throws `ExitError` with the line that is wrong. */
export async function checkPortable(path: string): Promise<{ head: PortableHead; counts: PortableCounts }> {
  const counts = { sources: 0, cursors: 0, letters: 0 }
  const head = await readPortable(path, ({ kind }) => {
    if (kind === 'source') counts.sources++
    else if (kind === 'cursor') counts.cursors++
    else if (kind === 'letter') counts.letters++
  })
  return { head, counts }
}

/** Cursors of two states would not belong together. */
export function refuseUnlessEmpty(state: StateStore): void {
  const { sources, cursors } = state.load()
  if (sources.length + cursors.length === 0) return
  throw new ExitError(
    'Cannot import: the state directory has a state already. Import into an empty one, or reset it with "state reset --all"',
    exitCodes.failed
  )
}

/** Writes a checked file into an empty state: the dead letters first, then all else in one transaction. */
export async function importInto(state: StateStore, path: string): Promise<void> {
  const letters: DeadLetter[] = []
  const records: TableEntry[] = []
  await readPortable(path, entry => {
    if (entry.kind !== 'letter') records.push(entry)
    else if (letters.push(entry.letter) === lettersAtOnce) state.letters.write(letters.splice(0))
  })
  if (letters.length > 0) state.letters.write(letters)
  state.change(tables => {
    for (const record of records) {
      if (record.kind === 'ended') tables.end(record.output, record.ledger)
      else tables.write(record)
    }
  })
}

/** Hands out the entries of a file and returns its head. Throws at the first line that is wrong, and where the file is not whole. */
async function readPortable(path: string, take: (entry: PortableEntry) => void): Promise<PortableHead> {
  const check = createHash('sha256')
  let head: PortableHead | undefined
  let end: Record<string, unknown> | undefined
  let line = 0
  for await (const text of linesOf(path)) {
    line++
    // A line behind the end makes its count wrong.
    if (end !== undefined) continue
    const value = parsed(path, line, text)
    if (value['kind'] === 'end') end = value
    else if (head === undefined) head = headOf(path, value)
    else take(entryOf(path, line, value))
    if (end === undefined) check.update(`${text}\n`)
  }
  if (head === undefined) throw wrong(path, 1, notOurs)
  if (end === undefined) throw wrong(path, line, 'the file ends here, without its last line')
  const isWhole = end['records'] === line - 2 && end['sha256'] === check.digest('hex')
  if (!isWhole) throw wrong(path, line, 'its check does not match what is before it')
  return head
}

function headOf(path: string, value: Record<string, unknown>): PortableHead {
  if (value['format'] !== format) throw wrong(path, 1, notOurs)
  const { program, exportedAt, hostId } = value
  if (Number(value['version']) > formatVersion) {
    throw new ExitError(
      `Cannot import "${path}": a newer version of the collector wrote it (${String(program)})`,
      exitCodes.newerState
    )
  }
  return {
    program: String(program),
    exportedAt: Number(exportedAt),
    hostId: typeof hostId === 'string' ? hostId : undefined
  }
}

function entryOf(path: string, line: number, value: Record<string, unknown>): PortableEntry {
  try {
    return readEntry(value)
  } catch (error) {
    throw wrong(path, line, messageOf(error))
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path).catch((error: unknown) => {
    throw new ExitError(`Cannot read "${path}": ${messageOf(error)}`, exitCodes.failed, error)
  })
  try {
    if (!(await file.stat()).isFile())
      throw new ExitError(`Cannot read "${path}": it is no regular file`, exitCodes.failed)
    yield* file.readLines()
  } finally {
    await file.close()
  }
}

function parsed(path: string, line: number, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Falls through: the same report.
  }
  throw wrong(path, line, notOurs)
}

function wrong(path: string, line: number, reason: string): ExitError {
  return new ExitError(`Cannot import "${path}", line ${line}: ${reason}`, exitCodes.failed)
}
