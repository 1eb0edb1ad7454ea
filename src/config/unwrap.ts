import type { z } from 'zod'
import type { Node } from './tree.ts'

/** Looking into schemas: what stands behind defaults and the like. */

export function unwrapped(schema: z.ZodType): z.ZodType {
  const { innerType } = schema.def as { innerType?: z.ZodType }
  return innerType ? unwrapped(innerType) : schema
}

export function acceptsNothing(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success
}

export const isObject = (schema: z.ZodType): schema is z.ZodObject => schema.def.type === 'object'
export const isRecord = (schema: z.ZodType): schema is z.ZodRecord => schema.def.type === 'record'
export const isArray = (schema: z.ZodType): schema is z.ZodArray => schema.def.type === 'array'
export const isUnion = (schema: z.ZodType): schema is z.ZodUnion<readonly z.ZodType[]> => schema.def.type === 'union'
export const isChoice = (schema: z.ZodType): schema is z.ZodDiscriminatedUnion<z.ZodObject[]> =>
  isUnion(schema) && 'discriminator' in schema.def

/** Whether a node has the form that a schema asks for. */
export function fits(schema: z.ZodType, node: Node): boolean {
  const form = isObject(schema) || isRecord(schema) || isChoice(schema) ? 'map' : isArray(schema) ? 'list' : 'scalar'
  if (form !== 'scalar' || node.kind !== 'scalar') return form === node.kind
  const { type } = schema.def
  if (type === 'number') return typeof node.value === 'number'
  if (type === 'boolean') return typeof node.value === 'boolean'
  return typeof node.value === 'string' || node.substituted
}

/** The constant value of a member of a shape. */
export function literalOf(schema: z.ZodObject, key: string): unknown {
  const member = schema.shape[key] as z.ZodType | undefined
  const { values } = (member ? unwrapped(member).def : {}) as { values?: readonly unknown[] }
  return values?.[0]
}
