import { type Filter, filterNamed, filterNames } from './filters.ts'

/** A text, or what is put in its place. */
export type Part = string | Insert

export interface Insert {
  readonly field: string
  readonly filters: readonly Filter[]
}

/** Why a text is no template. */
export class TemplateFault extends Error {}

const open = '{{'
const close = '}}'
/** What may stand between the braces: a name, then filters with texts in quotes. */
const token = /\s*(?:(\|)|([a-z]+)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*/y

/** The parts of `{{user | lower}}@{{host | default "nowhere"}}`. Throws `TemplateFault`. */
export function readTemplate(text: string): Part[] {
  const parts: Part[] = []
  let at = 0
  for (let from = text.indexOf(open); from >= 0; from = text.indexOf(open, at)) {
    if (from > at) parts.push(text.slice(at, from))
    const to = endOf(text, from + open.length)
    if (to < 0) throw new TemplateFault(`the "{{" at character ${characters(text, from)} has no "}}"`)
    parts.push(readInsert(text.slice(from + open.length, to)))
    at = to + close.length
  }
  if (at < text.length) parts.push(text.slice(at))
  return parts
}

/** Where the braces close, behind texts in quotes. */
function endOf(text: string, from: number): number {
  const found = /^(?:[^"'}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\}(?!\}))*/.exec(text.slice(from))
  const end = from + (found?.[0].length ?? 0)
  return text.startsWith(close, end) ? end : -1
}

function readInsert(inside: string): Insert {
  const pipe = inside.indexOf('|')
  const field = (pipe < 0 ? inside : inside.slice(0, pipe)).trim()
  if (field === '') throw new TemplateFault('"{{" and "}}" have no name of a field between them')
  if (/["'{]/.test(field)) throw new TemplateFault(`"${field}" is no name of a field`)
  return { field, filters: pipe < 0 ? [] : readFilters(inside.slice(pipe)) }
}

/** `| lower | replace "a" "b"` */
function readFilters(text: string): Filter[] {
  const filters: Filter[] = []
  let name: string | undefined
  let values: string[] = []
  const finish = (): void => {
    if (name === undefined) throw new TemplateFault('a "|" has no filter behind it')
    filters.push(made(name, values))
    name = undefined
    values = []
  }
  token.lastIndex = 0
  for (let isFirst = true; token.lastIndex < text.length; isFirst = false) {
    const from = token.lastIndex
    const found = token.exec(text)
    if (found === null) throw new TemplateFault(`"${text.slice(from).trim()}" is no filter: texts stand in quotes`)
    const [, pipe, word, double, single] = found
    if (pipe !== undefined && !isFirst) finish()
    else if (word !== undefined && name === undefined) name = word
    else if (word !== undefined)
      throw new TemplateFault(`"${word}" stands behind "${name}" without a "|" before it, or quotes`)
    else if (pipe === undefined) values.push((double ?? single)!.replaceAll(/\\(.)/g, '$1'))
  }
  finish()
  return filters
}

function made(name: string, values: readonly string[]): Filter {
  const definition = filterNamed(name)
  if (definition === undefined)
    throw new TemplateFault(`there is no filter "${name}": known are ${filterNames.join(', ')}`)
  const { texts, example, create } = definition
  if (values.length !== texts) throw new TemplateFault(`"${name}" takes ${counted(texts)}, as ${example}`)
  if (name === 'replace' && values[0] === '') throw new TemplateFault('"replace" has nothing to look for')
  return create(...values)
}

function counted(texts: number): string {
  return texts === 0 ? 'no text' : texts === 1 ? 'one text' : `${texts} texts`
}

function characters(text: string, at: number): number {
  return Array.from(text.slice(0, at)).length + 1
}
