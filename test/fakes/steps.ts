import { components } from '../../src/components.ts'
import type { ParserDefinition, ProcessorDefinition } from '../../src/config/define.ts'
import type { Processor, ProcessorContext } from '../../src/core/steps.ts'
import { optionsOf } from './definitions.ts'

const parsers = new Map<string, ParserDefinition>()
for (const [name, load] of Object.entries(components.parsers)) parsers.set(name, await load())

/** A step with options as a configuration has them. */
export function stepOf(definition: ProcessorDefinition, given: unknown, context: ProcessorContext): Processor {
  if (definition.parses !== true) return definition.create(optionsOf(definition, given), context)
  const { parser, ...own } = given as { readonly parser: string | { readonly use: string } }
  const { use, ...options } = typeof parser === 'string' ? { use: parser } : parser
  const used = parsers.get(use)!
  return definition.create(optionsOf(definition, own), {
    ...context,
    parser: used.create(optionsOf(used, options), context)
  })
}
