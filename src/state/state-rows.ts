import type { SQLOutputValue } from 'node:sqlite'
import type { Cursor, Ledger } from '../core/outcome.ts'
import type { Observed, StoredAlert, StoredNotice, StoredSource, StoredWindow } from '../core/record.ts'
import { seal } from './database.ts'

/** A row of state.db, of any table. */
export type Row = Record<string, SQLOutputValue>

/** What each table's seal is made of, in this order. */
export const columnsOf = {
  sources: ['id', 'input', 'name', 'file', 'seen_at'],
  cursors: ['source', 'output', 'position', 'marker', 'ledger'],
  cuts: ['source', 'position'],
  parsers: ['source', 'parser'],
  notes: ['key', 'value'],
  agents: ['id', 'facts'],
  ended: ['output', 'ledger'],
  observed: ['source', 'start', 'known'],
  windows: ['query', 'range', 'bucket'],
  alerts: ['rule', 'labels', 'content'],
  notices: ['receiver', 'key', 'content'],
  meta: ['key', 'value']
} as const

export function windowOf(row: Row): StoredWindow {
  const blob = row['blob'] as Uint8Array
  return {
    kind: 'window',
    query: String(row['query']),
    range: Number(row['range']),
    bucket: Number(row['bucket']),
    blob
  }
}

export function ledgerOf(row: Row): Ledger {
  return JSON.parse(String(row['ledger'])) as Ledger
}

export function sealed(...values: (string | number)[]): (string | number)[] {
  return [...values, seal(...values)]
}

export function sourceOf(row: Row): StoredSource {
  return {
    id: String(row['id']),
    input: String(row['input']),
    name: String(row['name']),
    file: JSON.parse(String(row['file'])) as StoredSource['file'],
    seenAt: Number(row['seen_at'])
  }
}

export function cursorOf(row: Row): Cursor {
  return {
    source: String(row['source']),
    output: String(row['output']),
    position: Number(row['position']),
    marker: String(row['marker']),
    ledger: ledgerOf(row)
  }
}

export function observedOf(row: Row): Observed {
  return { source: String(row['source']), from: Number(row['start']), knownTo: Number(row['known']) }
}

export function alertOf(row: Row): StoredAlert {
  const [rule, labels, content] = [String(row['rule']), String(row['labels']), String(row['content'])]
  return { kind: 'alert', rule, labels, content }
}

export function noticeOf(row: Row): StoredNotice {
  const [receiver, group, content] = [String(row['receiver']), String(row['key']), String(row['content'])]
  return { kind: 'notice', receiver, group, content }
}
