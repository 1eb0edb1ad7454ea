import type { z } from 'zod'
import { writtenDefault } from './json-schema.ts'
import { kinds } from './option-types.ts'
import { acceptsNothing, isArray, isChoice, isObject, isRecord, isUnion, unwrapped } from './unwrap.ts'
import { toSnake } from './wording.ts'

/** An option as the reference tells of it. */
export interface ListedOption {
  /** The maps that it stands in, from the outermost one on, then its name. */
  readonly path: readonly string[]
  /** In a few words. */
  readonly type: string
  /** `required`, `optional` or `default …`; empty: a map of options that have their own. */
  readonly presence: string
  readonly about: string
}

/** All options of a map, each before those in it. */
export function listOptions(shape: z.ZodRawShape, path: readonly string[] = []): ListedOption[] {
  return Object.entries(shape as Record<string, z.ZodType>).flatMap(([key, schema]) => {
    const inner = unwrapped(schema)
    const own = [...path, toSnake(key)]
    const option = { path: own, type: typeOf(inner), presence: presenceOf(schema), about: aboutOf(schema) }
    const value = isRecord(inner) ? unwrapped(inner.valueType as z.ZodType) : inner
    const map = isUnion(value) && !isChoice(value) ? value.options.map(unwrapped).find(isObject) : value
    return map !== undefined && isObject(map) ? [option, ...listOptions(map.shape, own)] : [option]
  })
}

function aboutOf(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description
  const { innerType } = schema.def as { innerType?: z.ZodType }
  return innerType ? aboutOf(innerType) : ''
}

function presenceOf(schema: z.ZodType): string {
  const { type, innerType, defaultValue } = schema.def as {
    type: string
    innerType?: z.ZodType
    defaultValue?: unknown
  }
  if (type === 'default' || type === 'prefault') {
    const written = writtenDefault(schema, defaultValue)
    const isEmpty = typeof written === 'object' && written !== null && Object.keys(written).length === 0
    if (isEmpty && isObject(unwrapped(schema))) return ''
    return `default ${typeof written === 'string' && written !== '' ? written : JSON.stringify(written).replaceAll(',"', ', "')}`
  }
  if (type === 'optional') return 'optional'
  return innerType ? presenceOf(innerType) : acceptsNothing(schema) ? 'optional' : 'required'
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
