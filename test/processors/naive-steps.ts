import { createHash } from 'node:crypto'
import { readBytes, readDuration } from '../../src/logql/units.ts'

// What set, rename, remove, convert and parse do, on plain objects.

type Json = unknown
/** A row: what columns hold under their names in documents, and the attributes. */
export interface Model {
  readonly columns: Record<string, string | undefined>
  attributes: Record<string, Json>
  error: string | undefined
}

export type Step =
  | { readonly set: { readonly fields: Record<string, Json>; readonly overwrite?: boolean } }
  | { readonly rename: { readonly fields: Record<string, string>; readonly overwrite?: boolean } }
  | { readonly remove: { readonly fields: string[] } }
  | { readonly convert: { readonly fields: Record<string, string> } }
  | {
      readonly parse: {
        readonly field: string
        readonly parser: 'json'
        readonly prefix: string
        readonly keep: boolean
      }
    }

const columnOf: Record<string, string> = {
  level: 'log.level',
  service_name: 'service.name',
  trace_id: 'trace.id',
  span_id: 'span.id',
  agent_id: 'agent.id',
  message: 'message',
  time: '@timestamp'
}
const levels: Record<string, string> = { info: 'info', warn: 'warn', warning: 'warn', error: 'error', debug: 'debug' }

const pino = ['', 'trace', 'debug', 'info', 'warn', 'error', 'fatal']

export function applied(row: Model, step: Step): void {
  if ('set' in step)
    for (const [name, value] of Object.entries(step.set.fields)) set(row, name, value, step.set.overwrite)
  else if ('rename' in step) {
    for (const [from, to] of Object.entries(step.rename.fields)) rename(row, from, to, step.rename.overwrite)
  } else if ('remove' in step) remove(row, step.remove.fields)
  else if ('convert' in step) {
    for (const [name, type] of Object.entries(step.convert.fields)) convert(row, name, type)
  } else parse(row, step.parse)
}

function set(row: Model, name: string, value: Json, overwrite = true): void {
  if (!overwrite && isSaid(row, name)) return
  const made = typeof value === 'string' ? evaluate(row, value) : value
  if (made !== undefined && !put(row, name, made)) row.error ??= 'set'
}

function rename(row: Model, from: string, to: string, overwrite = true): void {
  const value = get(row, from)
  if (value === undefined || (!overwrite && isSaid(row, to))) return
  if (!put(row, to, value)) row.error ??= 'rename'
  else drop(row, from)
}

function remove(row: Model, names: string[]): void {
  for (const name of names) {
    const column = columnOf[name]
    if (column === 'message') row.columns[column] = ''
    else if (column !== undefined && column !== '@timestamp') row.columns[column] = undefined
    if (!name.endsWith('*')) find(row, `${name}.x`)
    const start = name.endsWith('*') ? name.slice(0, -1) : `${name}.`
    find(row, start)
    for (const key of Object.keys(row.attributes)) if (key === name || key.startsWith(start)) delete row.attributes[key]
  }
}

function convert(row: Model, name: string, type: string): void {
  const value = get(row, name)
  if (value === undefined || value === null) return
  const made = converted(value, type)
  if (made === undefined) row.error ??= 'convert'
  else put(row, name, made)
}

function parse(row: Model, { field, prefix, keep }: { field: string; prefix: string; keep: boolean }): void {
  const value = get(row, field)
  if (value === undefined || value === null) return
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const found = objectOf(text)
  if (found === undefined) {
    row.error ??= 'json'
    return
  }
  if (!keep) drop(row, field)
  for (const [key, inner] of Object.entries(found)) row.attributes[prefix + key] = inner
}

function objectOf(text: string): Record<string, Json> | undefined {
  try {
    const value: Json = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, Json>)
      : undefined
  } catch {
    return undefined
  }
}

/** Takes objects apart that may hold this name. */
function find(row: Model, name: string): void {
  for (const [key, value] of Object.entries(row.attributes)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (
      !isObject ||
      Object.keys(value).length === 0 ||
      !name.startsWith(`${key}.`) ||
      Object.hasOwn(row.attributes, name)
    )
      continue
    delete row.attributes[key]
    for (const [inner, member] of Object.entries(value)) row.attributes[`${key}.${inner}`] = member
    find(row, name)
    return
  }
}

function get(row: Model, name: string): Json {
  const column = columnOf[name]
  if (column !== undefined && row.columns[column] !== undefined) return row.columns[column]
  find(row, name)
  return row.attributes[name]
}

function isSaid(row: Model, name: string): boolean {
  const value = get(row, name)
  return value !== undefined && value !== null
}

function drop(row: Model, name: string): void {
  const column = columnOf[name]
  if (column === 'message') row.columns[column] = ''
  else if (column !== undefined && column !== '@timestamp') row.columns[column] = undefined
  delete row.attributes[name]
}

function put(row: Model, name: string, value: Json): boolean {
  const column = columnOf[name]
  if (column === undefined) {
    find(row, name)
    row.attributes[name] = value
    return true
  }
  if (value === null) return false
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const fits = fitting(column, text, typeof value === 'string')
  if (fits === undefined) return false
  row.columns[column] = fits === '' && column !== 'message' ? undefined : fits
  return true
}

function fitting(column: string, text: string, isText: boolean): string | undefined {
  switch (column) {
    case 'log.level':
      return isText || /^\d/.test(text)
        ? (levels[text.trim().toLowerCase()] ?? pino[Number(/^ *([1-6])\d *$/.exec(text)?.[1])])
        : undefined
    case 'trace.id':
      return /^(?:[0-9a-f]{16}){1,2}$/i.test(text) ? text.toLowerCase().padStart(32, '0') : undefined
    case 'span.id':
      return /^[0-9a-f]{16}$/i.test(text) ? text.toLowerCase() : undefined
    case '@timestamp':
      return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/i.test(text) ? new Date(text.toUpperCase()).toISOString() : undefined
    default:
      return text
  }
}

/** `{{name | filter "text"}}` with one blank between all parts. */
function evaluate(row: Model, template: string): Json {
  const alone = /^\{\{(\w[\w.]*)\}\}$/.exec(template)
  if (alone !== null) return get(row, alone[1]!) ?? undefined
  let isMissing = false
  const text = template.replaceAll(/\{\{(.*?)\}\}/g, (_, inside: string) => {
    const [name, ...filters] = inside.split(' | ')
    if (isMissing) return ''
    const value = get(row, name!) ?? undefined
    if (value === undefined && !filters.some(filter => filter.startsWith('default'))) isMissing = true
    return filters.reduce(
      filtered,
      value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
    )
  })
  return isMissing ? undefined : text
}

function filtered(text: string, filter: string): string {
  const [name, ...texts] = filter.split('"').map(part => part.trim())
  if (name === 'upper') return text.toUpperCase()
  if (name === 'lower') return text.toLowerCase()
  if (name === 'trim') return text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '')
  if (name === 'replace') return text.replaceAll(texts[0]!, () => texts[2]!)
  if (name === 'default') return text === '' ? texts[0]! : text
  return text === '' ? '' : createHash('sha256').update(text).digest('hex')
}

function converted(value: Json, type: string): Json {
  if (type === 'string') return typeof value === 'string' ? value : JSON.stringify(value)
  if (typeof value === 'object') return undefined
  const text = `${value as string | number | boolean}`.trim()
  if (type === 'int' && typeof value === 'boolean') return Number(value)
  if (type === 'bool') return /^(?:true|yes|1)$/i.test(text) ? true : /^(?:false|no|0)$/i.test(text) ? false : undefined
  if (typeof value === 'boolean') return undefined
  if (type === 'int') return /^[-+]?\d+(?:\.0*)?$/.test(text) ? Number(text) : undefined
  if (type === 'float') return /^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined
  if (type === 'timestamp') return fitting('@timestamp', text, true)
  if (type === 'bytes') return finite(typeof value === 'number' ? value : readBytes(text))
  return finite(readDuration(text) / 1e9)
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
