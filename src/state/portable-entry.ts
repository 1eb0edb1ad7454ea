import { ends, type Ledger, type LossReason, lossReasons } from '../core/outcome.ts'
import type { DeadLetter, StoredAgent, StoredSource } from '../core/record.ts'
import type { TableEntry } from './state-tables.ts'

/** One line of an exported state, between its head and its end. */
export type PortableEntry = TableEntry | { readonly kind: 'letter'; readonly letter: DeadLetter }

type Fields = Record<string, unknown>

/** A line of an exported state as what it says. Throws an `Error` with what is wrong: a wrong cursor would cost rows. */
export function readEntry(value: Fields): PortableEntry {
  const { kind } = value
  switch (kind) {
    case 'source':
      return { kind, source: sourceOf(fields(value, 'source')) }
    case 'cursor': {
      const cursor = fields(value, 'cursor')
      const ledger = ledgerOf(fields(cursor, 'ledger'))
      const [source, output, marker] = [text(cursor, 'source'), text(cursor, 'output'), text(cursor, 'marker')]
      return { kind, cursor: { source, output, position: count(cursor, 'position'), marker, ledger } }
    }
    case 'cut':
      return { kind, source: text(value, 'source'), position: count(value, 'position') }
    case 'parser':
      return { kind, source: text(value, 'source'), parser: text(value, 'parser') }
    case 'note':
      return { kind, key: text(value, 'key'), value: text(value, 'value') }
    case 'agent':
      return { kind, agent: agentOf(fields(value, 'agent')) }
    case 'ended':
      return { kind, output: text(value, 'output'), ledger: ledgerOf(fields(value, 'ledger')) }
    case 'observed': {
      const observed = fields(value, 'observed')
      const [from, knownTo] = [count(observed, 'from'), count(observed, 'knownTo')]
      return { kind, observed: { source: text(observed, 'source'), from, knownTo } }
    }
    case 'window': {
      const blob = Buffer.from(text(value, 'blob'), 'base64')
      return { kind, query: text(value, 'query'), range: count(value, 'range'), bucket: whole(value, 'bucket'), blob }
    }
    case 'alert':
      return { kind, rule: text(value, 'rule'), labels: text(value, 'labels'), content: text(value, 'content') }
    case 'notice':
      return { kind, receiver: text(value, 'receiver'), group: text(value, 'group'), content: text(value, 'content') }
    case 'letter':
      return { kind, letter: letterOf(fields(value, 'letter')) }
    default:
      throw new Error(`"${String(kind)}" is nothing that this version knows`)
  }
}

function sourceOf(value: Fields): StoredSource {
  const file = plainFields(value, 'file')
  const [id, input, name] = [text(value, 'id'), text(value, 'input'), text(value, 'name')]
  return { id, input, name, file, seenAt: count(value, 'seenAt') }
}

function agentOf(value: Fields): StoredAgent {
  return { id: text(value, 'id'), facts: plainFields(value, 'facts') }
}

function ledgerOf(value: Fields): Ledger {
  const { rows } = value
  if (!Array.isArray(rows) || rows.length > ends.length || !rows.every(isCount)) {
    throw new Error('"rows" must be counts, one for each way in which rows end')
  }
  const [lostRows, lostBytes] = [lossesOf(fields(value, 'lostRows')), lossesOf(fields(value, 'lostBytes'))]
  return { read: count(value, 'read'), derived: count(value, 'derived'), rows, lostRows, lostBytes }
}

function lossesOf(value: Fields): Partial<Record<LossReason, number>> {
  for (const reason of Object.keys(value)) {
    if (!(lossReasons as readonly string[]).includes(reason)) throw new Error(`"${reason}" is no reason for a loss`)
    count(value, reason)
  }
  return value
}

function letterOf(value: Fields): DeadLetter {
  const { identity } = value
  if (identity !== undefined && !isCount(identity)) throw new Error('"identity" must be a whole number')
  return {
    output: text(value, 'output'),
    source: text(value, 'source'),
    position: count(value, 'position'),
    length: count(value, 'length'),
    status: count(value, 'status'),
    type: text(value, 'type'),
    reason: text(value, 'reason'),
    at: count(value, 'at'),
    row: Buffer.from(text(value, 'row'), 'base64'),
    ...(identity !== undefined && { identity })
  }
}

function plainFields(value: Fields, key: string): StoredAgent['facts'] {
  const found = fields(value, key)
  for (const [name, one] of Object.entries(found)) {
    if (!['string', 'number', 'boolean'].includes(typeof one)) throw new Error(`"${name}" must be a plain value`)
  }
  return found as StoredAgent['facts']
}

function fields(value: Fields, key: string): Fields {
  const one = value[key]
  if (typeof one === 'object' && one !== null && !Array.isArray(one)) return one as Fields
  throw new Error(`"${key}" must be an object`)
}

function text(value: Fields, key: string): string {
  const one = value[key]
  if (typeof one === 'string') return one
  throw new Error(`"${key}" must be a text`)
}

function count(value: Fields, key: string): number {
  const one = value[key]
  if (isCount(one)) return one
  throw new Error(`"${key}" must be a whole number`)
}

/** Also one below 0. */
function whole(value: Fields, key: string): number {
  const one = value[key]
  if (Number.isSafeInteger(one)) return one as number
  throw new Error(`"${key}" must be a whole number`)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
