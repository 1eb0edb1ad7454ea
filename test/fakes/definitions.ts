import { z } from 'zod'
import type { ParserDefinition, ProcessorDefinition } from '../../src/config/define.ts'
import { optionTypes } from '../../src/config/option-types.ts'
import { isArray, isObject, isRecord, unwrapped } from '../../src/config/unwrap.ts'

/** Options as the loader gives them to a component: names in camelCase, checked, with defaults. */
export function optionsOf(definition: Pick<ParserDefinition | ProcessorDefinition, 'options'>, given: unknown): never {
  const schema = z.strictObject(definition.options(optionTypes))
  return schema.parse(camelCase(given ?? {}, schema)) as never
}

/** Names of options; those that users make up stay. */
function camelCase(value: unknown, schema: z.ZodType | undefined): unknown {
  if (typeof value !== 'object' || value === null || schema === undefined) return value
  const inner = unwrapped(schema)
  if (Array.isArray(value)) return isArray(inner) ? value.map(one => camelCase(one, inner.element as z.ZodType)) : value
  const entries = Object.entries(value)
  if (isRecord(inner))
    return Object.fromEntries(entries.map(([key, one]) => [key, camelCase(one, inner.valueType as z.ZodType)]))
  if (!isObject(inner)) return value
  const shape = inner.shape as Record<string, z.ZodType>
  return Object.fromEntries(
    entries.map(([key, one]) => {
      const name = key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
      return [name, camelCase(one, shape[name])]
    })
  )
}
