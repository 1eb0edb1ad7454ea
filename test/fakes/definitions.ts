import { z } from 'zod'
import type { ParserDefinition, ProcessorDefinition } from '../../src/config/define.ts'
import { optionTypes } from '../../src/config/option-types.ts'

/** Options as the loader gives them to a component: names in camelCase, checked, with defaults. */
export function optionsOf(definition: Pick<ParserDefinition | ProcessorDefinition, 'options'>, given: unknown): never {
  return z.strictObject(definition.options(optionTypes)).parse(camelCase(given ?? {})) as never
}

function camelCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      camelCase(inner)
    ])
  )
}
