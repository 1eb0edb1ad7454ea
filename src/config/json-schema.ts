import * as z from 'zod'
import type { ComponentRegistry } from './define.ts'
import { kinds, type OptionKind } from './option-types.ts'
import { fileSchema, variants } from './schema.ts'
import { writeDuration, writeSize } from './units.ts'
import { loadComponents } from './used.ts'
import { toSnake } from './wording.ts'

type Json = z.core.JSONSchema.BaseSchema

/** JSON Schema of the file format, for editors: what people write, in snake_case. */
export async function jsonSchema(registry: ComponentRegistry): Promise<Json> {
  return jsonSchemaOf(fileSchema(await loadComponents(registry)))
}

/** JSON Schema of what people write for a schema of ours. */
function jsonSchemaOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const schema = zodSchema as unknown as z.ZodType
      if (jsonSchema.properties) nameKeys(jsonSchema)
      const kind = kinds.get(schema)?.kind
      if (kind) Object.assign(jsonSchema, { anyOf: undefined }, written[kind])
      if (jsonSchema.default !== undefined) jsonSchema.default = writtenDefault(schema, jsonSchema.default)
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      const variant = variants.get(schema)
      if (variant?.key === 'use')
        jsonSchema.oneOf = [{ type: 'string', enum: [...variant.names] }, ...(jsonSchema.oneOf ?? [])]
      for (const key of Object.keys(jsonSchema)) if (jsonSchema[key] === undefined) delete jsonSchema[key]
    }
  })
}

/** How people write the kinds that zod knows as text or number. */
const written: Readonly<Record<OptionKind, Json>> = {
  secret: { type: 'string' },
  path: { type: 'string' },
  file: { type: 'string' },
  url: { type: 'string', format: 'uri' },
  duration: { type: 'string', examples: ['500ms', '30s', '5m', '24h', '7d'] },
  size: { type: ['string', 'integer'] as never, examples: ['64KiB', '5MiB'] },
  address: { type: 'string', examples: ['127.0.0.1:9680'] },
  template: { type: 'string', examples: ['{{ $labels.alertname }} on {{ $labels.host }}'] },
  query: { type: 'string', examples: ['{level="error"} |= "text"'] },
  pattern: { type: 'string', examples: ['^\\d{4}-\\d\\d-\\d\\d', '^\\s'] }
}

function nameKeys(jsonSchema: Json): void {
  const entries = Object.entries(jsonSchema.properties ?? {})
  jsonSchema.properties = Object.fromEntries(entries.map(([key, value]) => [toSnake(key), value]))
  if (jsonSchema.required) jsonSchema.required = jsonSchema.required.map(toSnake)
}

/** A default as people would write it: `5MiB`, not 5242880. */
export function writtenDefault(schema: z.ZodType, value: unknown): unknown {
  const { innerType } = schema.def as { innerType?: z.ZodType }
  if (innerType) return writtenDefault(innerType, value)
  const kind = kinds.get(schema)?.kind
  if (typeof value !== 'number') return value
  return kind === 'duration' ? writeDuration(value) : kind === 'size' ? writeSize(value) : value
}
