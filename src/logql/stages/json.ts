import { isObject, type Json, labelOf } from '../names.ts'
import type { RowView } from '../row-view.ts'
import { type Extraction, QueryFault, type Text } from '../syntax.ts'

/** Takes all members of the line's object; those of objects in it have the names of all of them. Lists and null are none. A line may
 * nest objects deeper than calls can be nested. */
export function extractMembers(view: RowView): void {
  const object = objectOf(view)
  if (object === undefined) {
    view.fail('JSONParserErr')
    return
  }
  const open = [{ prefix: '', members: Object.entries(object).values() }]
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const { value: member } = last.members.next()
    if (member === undefined) {
      open.pop()
      continue
    }
    const [key, value] = member
    const name = nameIn(last.prefix, key)
    if (!isObject(value)) {
      if (value !== null && typeof value !== 'object') view.extract(name, String(value))
    } else if (view.wantsIn(name)) open.push({ prefix: name, members: Object.entries(value).values() })
  }
}

function nameIn(prefix: string, key: string): string {
  return prefix === '' ? labelOf(key) : `${prefix}_${key.replaceAll(/[^A-Za-z0-9_]/g, '_')}`
}

/** Takes values by their paths; one that is not there is empty. */
export function extractPaths(fields: readonly Extraction[]): (view: RowView) => void {
  const paths = fields.map(({ label, path }) => ({ label, steps: stepsOf(path) }))
  return view => {
    const object = objectOf(view)
    if (object === undefined) view.fail('JSONParserErr')
    else for (const { label, steps } of paths) view.extract(label, valueAt(object, steps))
  }
}

function valueAt(object: Json, steps: readonly (string | number)[]): string {
  let value: Json | undefined = object
  for (const step of steps) {
    if (typeof step === 'number') value = Array.isArray(value) ? (value as Json[])[step] : undefined
    else value = value !== undefined && isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  }
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** `a.b["c d"][0]` */
function stepsOf({ value, at }: Text): (string | number)[] {
  const steps: (string | number)[] = []
  const step = /(?:^|\.)([A-Za-z_]\w*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/gy
  while (step.lastIndex < value.length) {
    const start = step.lastIndex
    const found = step.exec(value)
    if (found === null) throw new QueryFault(`Cannot read the path "${value}": write it as a.b["c d"][0]`, at + start)
    const [, name, index, quoted] = found
    steps.push(name ?? (index === undefined ? unquoted(quoted!, at + start) : Number(index)))
  }
  if (steps.length === 0) throw new QueryFault('The path is empty: write it as a.b["c d"][0]', at)
  return steps
}

function unquoted(text: string, at: number): string {
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    throw new QueryFault(`Cannot read the key "${text}" of a path: its escapes are those of JSON`, at)
  }
}

/** Takes the texts of the line's object, and its `_entry` for the line. */
export function unpack(view: RowView): void {
  const object = objectOf(view)
  if (object === undefined) {
    view.fail('JSONParserErr')
    return
  }
  for (const [key, value] of Object.entries(object)) {
    if (typeof value === 'string' && key !== '_entry') view.extract(labelOf(key), value)
  }
  const entry = object['_entry']
  if (typeof entry === 'string') view.setLine(entry)
}

function objectOf({ line }: RowView): { readonly [key: string]: Json } | undefined {
  try {
    const value = parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Numbers that JavaScript would write in another way. */
const unusual = /[:,[]\s*(?:-0|-?0\.0{6}|-?\d+(?:\.\d*0(?!\d)|(?:\.\d+)?[eE])|-?[\d.]{16})/

/** Numbers stay as they were written. */
function parse(line: string): Json {
  return JSON.parse(line, unusual.test(line) ? asWritten : undefined) as Json
}

const asWritten = ((_: string, value: Json, { source }: { source?: string }): Json =>
  typeof value === 'number' ? source! : value) as (key: string, value: Json) => Json
