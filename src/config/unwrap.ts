import type { z } from 'zod'
import type { Node } from './tree.ts'

/** Looking into schemas: what stands behind defaults and the like. */

type Schema = z.core.$ZodType
interface Inner {
  readonly innerType?: Schema
}

export function unwrapped(schema: Schema): Schema {
  const inner = (schema._zod.def as Inner).innerType
  return inner ? unwrapped(inner) : schema
}

export function acceptsNothing(schema: Schema): boolean {
  return schema._zod.optin === 'optional'
}

export const isObject = (schema: Schema): schema is z.core.$ZodObject => schema._zod.def.type === 'object'
export const isRecord = (schema: Schema): schema is z.core.$ZodRecord => schema._zod.def.type === 'record'
export const isArray = (schema: Schema): schema is z.core.$ZodArray => schema._zod.def.type === 'array'
export const isUnion = (schema: Schema): schema is z.core.$ZodUnion => schema._zod.def.type === 'union'
export const isChoice = (schema: Schema): schema is z.core.$ZodDiscriminatedUnion =>
  isUnion(schema) && 'discriminator' in schema._zod.def

/** Whether a node has the form that a schema asks for. */
export function fits(schema: Schema, node: Node): boolean {
  const form = isObject(schema) || isRecord(schema) || isChoice(schema) ? 'map' : isArray(schema) ? 'list' : 'scalar'
  if (form !== 'scalar' || node.kind !== 'scalar') return form === node.kind
  const { type } = schema._zod.def
  if (type === 'number') return typeof node.value === 'number'
  if (type === 'boolean') return typeof node.value === 'boolean'
  return typeof node.value === 'string' || node.substituted
}

/** The constant value of a member of a shape. */
export function literalOf(schema: z.core.$ZodObject, key: string): unknown {
  const member = schema._zod.def.shape[key]
  const values = member && (unwrapped(member)._zod.def as { values?: readonly unknown[] }).values
  return values?.[0]
}
