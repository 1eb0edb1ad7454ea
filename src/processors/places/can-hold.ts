import { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { cells } from './cells.ts'
import { type Column, columnOf } from './names.ts'

const nouns: Readonly<Record<Column, string>> = {
  time: 'a time, as 2026-11-22T10:00:00Z is',
  level: 'a level: trace, debug, info, notice, warn, error, critical, alert, fatal',
  service: 'the name of a service',
  trace: 'a trace id: 32 hex digits',
  span: 'a span id: 16 hex digits',
  agent: 'the id of an agent',
  body: 'a message'
}

/** Why a value can not be what a name stands for; undefined where it can. */
export function unfit(name: string, value: string | number | boolean): string | undefined {
  const column = columnOf(name)
  if (column === undefined) return undefined
  const cell = cells()[column]
  const bytes = Buffer.from(String(value))
  const batch = new Batch(bytes)
  batch.size = batch.used = bytes.length
  batch.readTime = Date.now()
  cell.open(batch)
  batch.addRow(0, 0, 0, 0, 0)
  const kind = { string: Kind.plain, number: Kind.number, boolean: Kind.boolean }[typeof value as 'string']
  return cell.put(0, 0, bytes.length, kind) ? undefined : `expected ${nouns[column]}`
}
