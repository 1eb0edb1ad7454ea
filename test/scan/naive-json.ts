import { isUtf8 } from 'node:buffer'
import { Kind, parseErrors } from '../../src/core/row.ts'

/** A field as the scanner must find it: name, kind, and the span as text of one char a byte. */
export type Field = readonly [name: string, kind: Kind, span: string]

export interface Reading {
  /** Of `parseErrors`; several where a document has several faults. */
  readonly errors: readonly string[]
  readonly fields: readonly Field[]
  readonly emptyKey: boolean
}

interface Member {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly members: readonly Member[] | undefined
}

function refused(...errors: string[]): Reading {
  return { errors, fields: [], emptyKey: false }
}

/** What `JSON.parse` and some slow code say of a row. */
export function naiveReading(row: Buffer, descend: ReadonlySet<string>): Reading {
  if (!isUtf8(row)) return refused(...parseErrors.slice(1))
  let parsed: unknown
  try {
    parsed = JSON.parse(row.toString())
  } catch {
    return refused(...parseErrors.slice(1))
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return refused('json')
  const walk = new Walk(row.latin1Slice(0, row.length))
  const { members } = walk.value(1)
  const errors = [walk.deepest > 128 ? 'json_depth' : '', walk.repeats ? 'json_duplicate_key' : ''].filter(Boolean)
  if (errors.length > 0) return refused(...errors)
  return { errors: [''], ...fieldsOf(walk.text, members!, descend) }
}

/** Goes through a text that is known to be valid. */
class Walk {
  readonly text: string
  at = 0
  deepest = 0
  repeats = false

  constructor(text: string) {
    this.text = text
  }

  value(depth: number): Member {
    this.#take(/[ \t\r\n]*/y)
    const start = this.at
    const first = this.text[start]!
    let members: Member[] | undefined
    if (first === '{') members = this.#object(depth)
    else if (first === '[') this.#array(depth)
    else if (first === '"') this.#string()
    else this.#take(/[^,\]} \t\r\n]+/y)
    return { name: '', start, end: this.at, members }
  }

  #object(depth: number): Member[] {
    this.deepest = Math.max(this.deepest, depth)
    const members = new Map<string, Member>()
    this.#take(/\{[ \t\r\n]*/y)
    while (this.text[this.at] !== '}') {
      const name = (JSON.parse(Buffer.from(this.#string(), 'latin1').toString()) as string).toWellFormed()
      this.#take(/[ \t\r\n]*:/y)
      if (members.has(name)) this.repeats = true
      members.set(name, { ...this.value(depth + 1), name })
      this.#take(/[ \t\r\n]*,?[ \t\r\n]*/y)
    }
    this.at++
    return [...members.values()]
  }

  #array(depth: number): void {
    this.deepest = Math.max(this.deepest, depth)
    this.#take(/\[[ \t\r\n]*/y)
    while (this.text[this.at] !== ']') {
      this.value(depth + 1)
      this.#take(/[ \t\r\n]*,?[ \t\r\n]*/y)
    }
    this.at++
  }

  #string(): string {
    return this.#take(/"(?:[^"\\]|\\.)*"/sy)
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)![0]
    this.at += found.length
    return found
  }
}

function fieldsOf(text: string, members: readonly Member[], descend: ReadonlySet<string>) {
  const fields: Field[] = []
  const taken = new Set<string>()
  const add = (wanted: string, member: Member): void => {
    let name = wanted
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`
    taken.add(name)
    fields.push(fieldOf(text, name, member))
  }
  let nested = false
  const spans = (list: readonly Member[]): string => list.map(({ start, end }) => text.slice(start, end)).join(' ')
  for (const member of members) {
    const inner = descend.has(member.name) && member.members?.length ? member.members : undefined
    if (inner === undefined) add(member.name, member)
    else for (const each of inner) add(`${member.name}.${each.name === '' ? '_' : each.name}`, each)
    const values = inner ?? [member]
    nested ||= values.some(value => /^[{[]/.test(spans([value])) && hasEmptyKey(JSON.parse(spans([value])) as object))
  }
  return { fields, emptyKey: nested }
}

function hasEmptyKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, each]) => (key === '' && !Array.isArray(value)) || hasEmptyKey(each))
}

function fieldOf(text: string, name: string, { start, end }: Member): Field {
  const first = text[start]!
  const span = text.slice(start, end)
  if (first === '"') return [name, span.includes('\\') ? Kind.jsonText : Kind.plain, span.slice(1, -1)]
  if (first === '{' || first === '[') return [name, Kind.json, span]
  if (first === 't' || first === 'f') return [name, Kind.boolean, span]
  return [name, first === 'n' ? Kind.null : Kind.number, span]
}
