import { suggestValue } from '../config/suggest.ts'
import { oneOf } from '../config/wording.ts'
import type { Part, Variable } from './template.ts'
import { functions, readFormat } from './template-functions.ts'
import { piecesOf, TemplateFault, type Token } from './template-tokens.ts'

/** Reads a template as texts and parts to be put in, where it may name these variables. Throws `TemplateFault`. */
export function readTemplate(text: string, known: readonly Variable[]): (string | Part)[] {
  return piecesOf(text).map(piece => {
    if (typeof piece === 'string') return piece
    if (piece.tokens.length === 0) throw new TemplateFault('Nothing stands between "{{" and "}}"', piece.at)
    for (const { kind, text, at } of piece.tokens)
      if (kind === 'variable' && !isOneOf(known, partsOf(text)[0]))
        throw new TemplateFault(unknownVariable(text, known), at)
    return readAction(piece.tokens)
  })
}

/** `a | b | c`: each function gets what stands before it as its last value. */
function readAction(tokens: readonly Token[]): Part {
  let part: Part | undefined
  let from = 0
  for (;;) {
    const pipe = tokens.findIndex(({ kind }, index) => kind === 'pipe' && index >= from)
    const command = tokens.slice(from, pipe < 0 ? tokens.length : pipe)
    const near = tokens[pipe < 0 ? tokens.length - 1 : pipe]!
    if (command.length === 0) throw new TemplateFault('Something is missing beside "|"', near.at)
    part = readCommand(command, part)
    if (pipe < 0) return part
    from = pipe + 1
  }
}

function readCommand([first, ...rest]: readonly Token[], piped: Part | undefined): Part {
  const { kind, text, at } = first!
  if (kind === 'word') return readCall(first!, rest, piped)
  if (piped !== undefined) throw new TemplateFault(`Behind "|" stands a function, as humanize: not ${text}`, at)
  const next = rest[0]
  if (next !== undefined)
    throw new TemplateFault(`Cannot read ${next.text} behind ${text}: expected "|" or "}}"`, next.at)
  return readOperand(first!)
}

function readCall(name: Token, operands: readonly Token[], piped: Part | undefined): Part {
  if (name.text === 'printf') return readPrintf(name, operands, piped)
  const call = Object.hasOwn(functions, name.text) ? functions[name.text] : undefined
  if (call === undefined) throw new TemplateFault(refused(name.text), name.at)
  const [value, ...more] = [...operands.map(readOperand), ...(piped === undefined ? [] : [piped])]
  if (value === undefined) throw new TemplateFault(`"${name.text}" needs a value: write ${name.text} $value`, name.at)
  if (more.length > 0) throw new TemplateFault(`"${name.text}" takes one value`, name.at)
  return data => call(value(data))
}

function readPrintf(name: Token, [first, ...rest]: readonly Token[], piped: Part | undefined): Part {
  if (first?.kind !== 'text')
    throw new TemplateFault('"printf" begins with a format in quotes, as printf "%.2f" $value', first?.at ?? name.at)
  const format = readFormat(textOf(first))
  if ('unknown' in format)
    throw new TemplateFault(
      `"${format.unknown}" is not supported in a format: write %s, %v, %f, %e, %g, or %.2f for two digits`,
      first.at + 1 + format.at
    )
  const values = [...rest.map(readOperand), ...(piped === undefined ? [] : [piped])]
  const count = format.parts.filter(part => typeof part !== 'string').length
  if (values.length !== count)
    throw new TemplateFault(`The format takes ${valuesOf(count)}, and gets ${values.length}`, first.at)
  return data => {
    let next = 0
    return format.parts.map(part => (typeof part === 'string' ? part : part(values[next++]!(data)))).join('')
  }
}

function valuesOf(count: number): string {
  return count === 1 ? '1 value' : `${count} values`
}

function readOperand(token: Token): Part {
  const { kind, text, at } = token
  if (kind === 'variable') return readVariable(text, at)
  if (kind === 'word') throw new TemplateFault(`Cannot use "${text}" as a value: write it in front, or behind "|"`, at)
  const value = kind === 'number' ? Number(text) : textOf(token)
  return () => value
}

function readVariable(text: string, at: number): Part {
  const [variable, name, ...more] = partsOf(text)
  const noun = maps[variable as keyof typeof maps]
  if (noun === undefined) {
    if (name !== undefined) throw new TemplateFault(`${variable} has no parts: of labels write $labels.name`, at)
    return variable === '$value' ? data => data.value : ({ status }) => status ?? ''
  }
  if (name === undefined || name === '') throw new TemplateFault(`${noun} is missing here: write ${variable}.name`, at)
  if (more.length > 0)
    throw new TemplateFault(`${noun} has no dots: write ${variable}.${[name, ...more].filter(Boolean).join('_')}`, at)
  const isLabel = variable === '$labels'
  return ({ labels, annotations = {} }) => {
    const texts = isLabel ? labels : annotations
    return Object.hasOwn(texts, name) ? texts[name]! : ''
  }
}

const maps = { $labels: 'A label', $annotations: 'An annotation' } as const

function isOneOf(known: readonly string[], variable: string | undefined): boolean {
  return variable !== undefined && known.includes(variable)
}

function partsOf(text: string): string[] {
  return text.startsWith('.') ? fieldOf(text) : text.split('.')
}

/** `.Labels.name` is `$labels.name`, `.Value` is `$value`. */
function fieldOf(text: string): string[] {
  const [, field = '', ...rest] = text.split('.')
  return [field === 'Labels' ? '$labels' : field === 'Value' ? '$value' : text, ...rest]
}

function unknownVariable(text: string, known: readonly Variable[]): string {
  const name = /^[$.]?\w*/.exec(text)![0]
  const meant = suggestValue(name, known)
  const rest = meant === undefined ? `known are ${oneOf(known)}` : `did you mean "${meant}"?`
  return `"${name}" is not known in a template: ${rest}`
}

const keywords = ['if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue']

function refused(name: string): string {
  if (keywords.includes(name))
    return `"${name}" is not supported: a template puts values in, without conditions or loops`
  const known = [...Object.keys(functions), 'printf']
  const meant = suggestValue(name, known)
  const rest = meant === undefined ? `known are ${oneOf(known)}` : `did you mean "${meant}"?`
  return `Function "${name}" is not supported in a template: ${rest}`
}

function textOf({ text, at }: Token): string {
  if (text.startsWith('`')) return text.slice(1, -1)
  try {
    return JSON.parse(text) as string
  } catch {
    throw new TemplateFault('Cannot read this text: of escapes, \\" \\\\ \\n and \\t are known', at)
  }
}
