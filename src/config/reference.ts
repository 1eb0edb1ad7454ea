import type { z } from 'zod'
import { endings, losses } from '../core/outcome.ts'
import type { AnyDefinition, ComponentRegistry } from './define.ts'
import { listOptions } from './option-list.ts'
import { queryLines } from './query-text.ts'
import { type Page, pageText } from './reference-page.ts'
import { type Components, deliveryShape, fileSchema, inputShape, optionsSchema, stepShape } from './schema.ts'
import { suggestValue } from './suggest.ts'
import { loadComponents } from './used.ts'

export type Reference = { readonly text: string } | Unknown

interface Unknown {
  readonly unknown: string
  readonly meant: string | undefined
  readonly known: readonly string[]
}

/** The reference: of everything, a page by its name, or all components with a name. */
export async function reference(registry: ComponentRegistry, name?: string, write = pageText): Promise<Reference> {
  const components = await loadComponents(registry)
  const all = [...components.inputs, ...components.parsers, ...components.processors, ...components.outputs]
  const pageOf = (definition: AnyDefinition): Page => componentPage(definition, stepShape(definition, components))
  if (name === undefined) {
    const shared = Object.values(pages).map(of => of(components))
    return { text: [...shared, ...all.map(pageOf)].map(write).join('\n') }
  }
  if (Object.hasOwn(pages, name)) return { text: write(pages[name]!(components)) }
  const named = all.filter(definition => definition.name === name)
  if (named.length > 0) return { text: named.map(pageOf).map(write).join('\n') }
  const known = [...Object.keys(pages), ...all.map(definition => definition.name)]
  return { unknown: name, meant: suggestValue(name, known), known: [...new Set(known)] }
}

/** What is of no single component, by name. */
const pages: Readonly<Record<string, (components: Components) => Page>> = {
  config: components => page('config', 'The file format.', { shape: fileSchema(components).shape }),
  input: components => page('input', 'Options that every input has.', { shape: inputShape(components) }),
  delivery: () => page('delivery', 'Options that every output has.', { shape: deliveryShape() }),
  query: () => page('query', 'LogQL as it is taken by "if": which rows.', { lines: queryLines }),
  ledger: ledgerPage
}

function ledgerPage(): Page {
  const sum = `read + derived = ${Object.keys(endings).join(' + ')} + pending + lost`
  const lines = [
    '  read: rows read for the output',
    '  derived: rows that were made from others, a count of repeated ones for example',
    '  pending: rows that have not ended yet',
    ...wordLines('How rows end:', endings),
    ...wordLines('Why rows and bytes are lost; the log tells each that occurs:', losses)
  ]
  return page('ledger', `What became of every row, for each source and output: ${sum}, at every moment.`, { lines })
}

function wordLines(title: string, words: Readonly<Record<string, string>>): string[] {
  return ['', `  ${title}`, ...Object.entries(words).map(([name, about]) => `    ${name}: ${about}`)]
}

function componentPage(definition: AnyDefinition, more: z.ZodRawShape): Page {
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
  const { shape } = optionsSchema(definition, more)
  return page(`${definition.kind} ${definition.name}`, definition.summary, { shape, lines: [...also, ...examples] })
}

function page(
  title: string,
  summary: string,
  { shape = {}, lines = [] }: { readonly shape?: z.ZodRawShape; readonly lines?: readonly string[] }
): Page {
  return { title, summary, options: listOptions(shape), lines }
}
