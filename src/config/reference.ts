import type { z } from 'zod'
import { endings, losses } from '../core/outcome.ts'
import type { AnyDefinition, ComponentRegistry } from './define.ts'
import { writtenDefault } from './json-schema.ts'
import { kinds } from './option-types.ts'
import { queryLines } from './query-text.ts'
import { type Components, deliveryShape, fileSchema, inputShape, optionsSchema, stepShape } from './schema.ts'
import { suggestValue } from './suggest.ts'
import { acceptsNothing, isArray, isChoice, isObject, isRecord, isUnion, unwrapped } from './unwrap.ts'
import { loadComponents } from './used.ts'
import { toSnake } from './wording.ts'

export type Reference = { readonly text: string } | Unknown

interface Unknown {
  readonly unknown: string
  readonly meant: string | undefined
  readonly known: readonly string[]
}

/** The reference as text: of everything, a page by its name, or all components with a name. */
export async function reference(registry: ComponentRegistry, name?: string): Promise<Reference> {
  const components = await loadComponents(registry)
  const all = [...components.inputs, ...components.parsers, ...components.processors, ...components.outputs]
  const textOf = (definition: AnyDefinition): string => componentText(definition, stepShape(definition, components))
  if (name === undefined) {
    const shared = Object.values(pages).map(pageOf => pageOf(components))
    return { text: [...shared, ...all.map(textOf)].join('\n') }
  }
  if (Object.hasOwn(pages, name)) return { text: pages[name]!(components) }
  const named = all.filter(definition => definition.name === name)
  if (named.length > 0) return { text: named.map(textOf).join('\n') }
  const known = [...Object.keys(pages), ...all.map(definition => definition.name)]
  return { unknown: name, meant: suggestValue(name, known), known: [...new Set(known)] }
}

/** What is of no single component, by name. */
const pages: Readonly<Record<string, (components: Components) => string>> = {
  config: configText,
  input: inputText,
  delivery: deliveryText,
  query: queryText,
  ledger: ledgerText
}

function configText(components: Components): string {
  return page('config', 'The file format.', optionLines(fileSchema(components).shape))
}

function inputText(components: Components): string {
  return page('input', 'Options that every input has.', optionLines(inputShape(components)))
}

function deliveryText(): string {
  return page('delivery', 'Options that every output has.', optionLines(deliveryShape()))
}

function queryText(): string {
  return page('query', 'LogQL as it is taken by "if": which rows.', queryLines)
}

function ledgerText(): string {
  const sum = `read + derived = ${Object.keys(endings).join(' + ')} + pending + lost`
  return page('ledger', `What became of every row, for each source and output: ${sum}, at every moment.`, [
    '  read: rows read for the output',
    '  derived: rows that were made from others, a count of repeated ones for example',
    '  pending: rows that have not ended yet',
    ...wordLines('How rows end:', endings),
    ...wordLines('Why rows and bytes are lost; the log tells each that occurs:', losses)
  ])
}

function wordLines(title: string, words: Readonly<Record<string, string>>): string[] {
  return ['', `  ${title}`, ...Object.entries(words).map(([name, about]) => `    ${name}: ${about}`)]
}

function componentText(definition: AnyDefinition, more: z.ZodRawShape): string {
  const lines = optionLines(optionsSchema(definition, more).shape)
  const examples = definition.examples.flatMap(({ title, config, input, output }) => [
    '',
    `  Example: ${title}`,
    ...config
      .trimEnd()
      .split('\n')
      .map(line => `    ${line}`),
    ...(input === undefined ? [] : [`    # ${input}`]),
    ...(output === undefined ? [] : [`    # → ${JSON.stringify(output)}`])
  ])
  const common = { input: 'input', output: 'delivery', parser: undefined, processor: undefined }[definition.kind]
  const also = common === undefined ? [] : ['', `  Also all options of "${common}".`]
  return page(`${definition.kind} ${definition.name}`, definition.summary, [...lines, ...also, ...examples])
}

function page(title: string, summary: string, lines: readonly string[]): string {
  return [title, `  ${summary}`, ...(lines.length > 0 ? [''] : []), ...lines, ''].join('\n')
}

/** One line for each option, and its sentence below; groups follow indented. */
function optionLines(shape: z.ZodRawShape, indent = '  '): string[] {
  return Object.entries(shape as Record<string, z.ZodType>).flatMap(([key, schema]) => {
    const inner = unwrapped(schema)
    const about = [`${indent}${toSnake(key)}: ${typeOf(inner)}${defaultOf(schema)}`, `${indent}    ${aboutOf(schema)}`]
    const value = isRecord(inner) ? unwrapped(inner.valueType as z.ZodType) : inner
    const map = isUnion(value) && !isChoice(value) ? value.options.map(unwrapped).find(isObject) : value
    return map !== undefined && isObject(map) ? [...about, ...optionLines(map.shape, `${indent}  `)] : about
  })
}

function aboutOf(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description
  const { innerType } = schema.def as { innerType?: z.ZodType }
  return innerType ? aboutOf(innerType) : ''
}

function defaultOf(schema: z.ZodType): string {
  const { type, innerType, defaultValue } = schema.def as {
    type: string
    innerType?: z.ZodType
    defaultValue?: unknown
  }
  if (type === 'default' || type === 'prefault') {
    const written = writtenDefault(schema, defaultValue)
    const isEmpty = typeof written === 'object' && written !== null && Object.keys(written).length === 0
    if (isEmpty && isObject(unwrapped(schema))) return ''
    return `, default ${typeof written === 'string' && written !== '' ? written : JSON.stringify(written).replaceAll(',"', ', "')}`
  }
  if (type === 'optional') return ', optional'
  return innerType ? defaultOf(innerType) : acceptsNothing(schema) ? ', optional' : ', required'
}

const simple: Readonly<Record<string, string>> = { string: 'text', boolean: 'true | false', object: 'map', literal: '' }

/** The type of an option in a few words. */
function typeOf(schema: z.ZodType): string {
  const inner = unwrapped(schema)
  const kind = kinds.get(inner)?.kind
  if (kind) return kind
  if (isChoice(inner)) return 'component'
  if (isUnion(inner)) return inner.options.map(typeOf).join(' | ')
  if (isArray(inner)) return `list of ${typeOf(inner.element as z.ZodType)}`
  if (isRecord(inner)) return `map of ${typeOf(inner.valueType as z.ZodType)}`
  const { type, entries, values } = inner.def as { type: string; entries?: Record<string, string>; values?: unknown[] }
  if (entries) return Object.values(entries).join(' | ')
  if (values) return values.join(' | ')
  if (type === 'number') return numberType(inner as z.ZodNumber)
  return simple[type] ?? type
}

function numberType({ minValue, maxValue }: z.ZodNumber): string {
  const min = minValue ?? 0
  if (min === -Infinity) return 'number'
  return maxValue === null || maxValue > 1e15 ? `number from ${min}` : `number ${min} to ${maxValue}`
}
