import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Flag, Kind, parseErrors, Use } from '../../core/row.ts'
import { severityTexts } from '../../scan/severity.ts'

/** A value of a row, and where it stands in its batch: by that values are known again that go from one name to another. */
export interface Value {
  readonly value: unknown
  readonly start: number
  readonly end: number
}
type Values = ReadonlyMap<string, Value>

/** A row at one moment, as plain data. */
export interface RowView {
  /** Of the fields that all rows have, those that it has, by the names that queries have for them. Empty before `normalize`. */
  readonly fields: Values
  /** By their keys, in the order of the row. */
  readonly attributes: Values
  /** Fields of the row that became one of those that all rows have. */
  readonly consumed: Values
  /** A number of `Fate`. */
  readonly fate: number
  /** Bits of `Flag`. */
  readonly flags: number
  /** Empty: none. */
  readonly error: string
}

const columns = {
  service_name: 'service',
  trace_id: 'traceId',
  span_id: 'spanId',
  agent_id: 'agentId',
  body: 'body'
} as const

export function viewOf(batch: Batch, row: number, keys: Keys): RowView {
  const attributes = new Map<string, Value>()
  const consumed = new Map<string, Value>()
  for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
    const into = batch.fieldUse[field] === Use.consumed ? consumed : attributes
    const kind = batch.fieldKind[field]!
    into.set(
      keys.names[batch.fieldKey[field]!]!,
      valueOf(batch, batch.fieldStart[field]!, batch.fieldEnd[field]!, kind)
    )
  }
  return {
    fields: fieldsOf(batch, row),
    attributes,
    consumed,
    fate: batch.fate[row]!,
    flags: batch.flags[row]!,
    error: parseErrors[batch.errors[row]!]!
  }
}

function fieldsOf(batch: Batch, row: number): Values {
  const fields = new Map<string, Value>()
  // normalize gives each row a body
  if (batch.body.kind[row] === Kind.absent) return fields
  fields.set('time', { value: timeOf(batch, row), start: -1, end: -1 })
  if (batch.severity[row] !== 0) {
    fields.set('level', { value: severityTexts[batch.severity[row]!], start: -1, end: -1 })
  }
  for (const [name, column] of Object.entries(columns)) {
    const { start, end, kind } = batch[column]
    if (kind[row] !== Kind.absent) fields.set(name, valueOf(batch, start[row]!, end[row]!, kind[row]!))
  }
  return fields
}

function timeOf({ time, nanos }: Batch, row: number): string {
  const text = new Date(time[row]!).toISOString()
  return nanos[row] === 0 ? text : text.replace('Z', `${String(nanos[row]).padStart(6, '0')}Z`)
}

function valueOf(batch: Batch, start: number, end: number, kind: number): Value {
  return { value: meaningOf(batch.text(start, end), kind), start, end }
}

/** Numbers that JavaScript would round stay text. */
function meaningOf(text: string, kind: number): unknown {
  if (kind === Kind.text || kind === Kind.plain) return text
  if (kind === Kind.jsonText) return JSON.parse(`"${text}"`)
  const value: unknown = JSON.parse(text)
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value
}

/** What the flags of a row say, in words. */
export function flagWords(flags: number): string[] {
  const words: readonly (readonly [flag: number, text: string])[] = [
    [Flag.truncated, 'longer than max_line_bytes: only its beginning is here'],
    [Flag.unterminated, 'has no line end yet: it is sent once partial_timeout is over'],
    [Flag.stderr, 'from stderr'],
    [Flag.invalidUtf8, 'has bytes that are not valid UTF-8']
  ]
  return words.flatMap(([flag, text]) => ((flags & flag) === 0 ? [] : [text]))
}
