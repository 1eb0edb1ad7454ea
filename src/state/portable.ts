import { createHash, type Hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import type { Ledger } from '../core/outcome.ts'
import type { DeadLetter } from '../core/record.ts'
import { readEntry } from './portable-entry.ts'
import type { StateReader } from './reader.ts'
import type { TableRecord } from './state-tables.ts'
import type { StateStore } from './store.ts'

const format = 'mcp-collector state'
/** Of the format below. A file of a newer one is refused, all older ones can be read. */
const formatVersion = 1
const lettersAtOnce = 500

export interface PortableHead {
  readonly program: string
  /** Epoch ms. */
  readonly exportedAt: number
  /** The id of a host that has none of its own: ids of sources come from it. */
  readonly hostId?: string | undefined
}

/** One line of an exported state, between its head and its end. */
export type PortableEntry =
  | TableRecord
  | { readonly kind: 'ended'; readonly output: string; readonly ledger: Ledger }
  | { readonly kind: 'letter'; readonly letter: DeadLetter }

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
    yield line(entry)
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
  const lines = linesOf(path)
  const head = headOf(path, (await lines.next()).value)
  for await (const { entry } of entriesOf(path, lines, head.check)) {
    if (entry.kind === 'source') counts.sources++
    else if (entry.kind === 'cursor') counts.cursors++
    else if (entry.kind === 'letter') counts.letters++
  }
  return { head: head.value, counts }
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
  const lines = linesOf(path)
  const { check } = headOf(path, (await lines.next()).value)
  const letters: DeadLetter[] = []
  const records: Exclude<PortableEntry, { kind: 'letter' }>[] = []
  for await (const { entry } of entriesOf(path, lines, check)) {
    if (entry.kind !== 'letter') records.push(entry)
    else if (letters.push(entry.letter) === lettersAtOnce) state.letters.write(letters.splice(0))
  }
  if (letters.length > 0) state.letters.write(letters)
  state.change(tables => {
    for (const record of records) {
      if (record.kind === 'ended') tables.end(record.output, record.ledger)
      else tables.write(record)
    }
  })
}

/** The entries behind the head, with their lines. Throws at the first that is wrong, and where the file ends too early. */
async function* entriesOf(
  path: string,
  lines: AsyncGenerator<string>,
  check: Hash
): AsyncGenerator<{ readonly entry: PortableEntry }> {
  let number = 1
  for await (const text of lines) {
    number++
    const value = parsed(path, number, text)
    if (value['kind'] === 'end') {
      const isWhole = value['records'] === number - 2 && value['sha256'] === check.digest('hex')
      if (!isWhole || !(await lines.next()).done)
        throw wrong(path, number, 'its check does not match what is before it')
      return
    }
    check.update(`${text}\n`)
    try {
      yield { entry: readEntry(value) }
    } catch (error) {
      throw error instanceof ExitError ? error : wrong(path, number, messageOf(error))
    }
  }
  throw wrong(path, number, 'the file ends here, without its last line')
}

function headOf(path: string, text: string | void): { readonly value: PortableHead; readonly check: Hash } {
  const value = parsed(path, 1, text ?? '')
  if (value['format'] !== format) throw wrong(path, 1, 'this is no exported state')
  const version = Number(value['version'])
  if (version > formatVersion) {
    throw new ExitError(
      `Cannot import "${path}": a newer version of the collector wrote it (${String(value['program'])})`,
      exitCodes.newerState
    )
  }
  const { program, exportedAt, hostId } = value
  const head = {
    program: String(program),
    exportedAt: Number(exportedAt),
    hostId: typeof hostId === 'string' ? hostId : undefined
  }
  return { value: head, check: createHash('sha256').update(`${text ?? ''}\n`) }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path).catch((error: unknown) => {
    throw new ExitError(`Cannot read "${path}": ${messageOf(error)}`, exitCodes.failed, error)
  })
  try {
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
  throw wrong(path, line, 'this is no exported state')
}

function wrong(path: string, line: number, reason: string): ExitError {
  return new ExitError(`Cannot import "${path}", line ${line}: ${reason}`, exitCodes.failed)
}
