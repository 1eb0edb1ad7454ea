import type { Resource } from '../core/source.ts'

/** Where labels with a meaning of their own stand among the constant fields of a source: the first that is there. */
const inResource: Readonly<Record<string, readonly string[]>> = {
  container: ['kubernetes.container.name', 'container.name'],
  pod: ['kubernetes.pod.name'],
  namespace: ['kubernetes.namespace'],
  host: ['host.name'],
  file: ['log.file.path']
}

/** The label that tells whether a clock is right: see `ClockLabel`. */
export const clockOffset = '__clock_offset_ms__'

/** The labels of a stream, beside the constant fields of its source. */
export const labelsOfStream: readonly string[] = ['agent_id', 'level', 'service_name']

/** The labels that the constant fields of a source are, in order of the alphabet. */
export function labelsOfSource(resource: Resource): readonly (readonly [label: string, value: string])[] {
  const known = Object.entries(inResource).flatMap(([label, names]): [string, string][] => {
    const name = names.find(one => Object.hasOwn(resource, one))
    return name === undefined ? [] : [[label, resource[name]!]]
  })
  const others = Object.entries(resource).filter(([name]) => !Object.values(inResource).flat().includes(name))
  const all = new Map([...others.toReversed().map(([name, value]) => [labelOf(name), value] as const), ...known])
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Under which name a constant field is such a label. */
export function resourceNameOf(label: string): string {
  return Object.hasOwn(inResource, label) ? inResource[label]!.at(-1)! : label
}

/** Fields that `normalize` gives another name: they can still be asked for by their own. */
const renamed: Readonly<Record<string, string>> = {
  event: 'event_action',
  error: 'error_message',
  stack: 'error_stack_trace'
}

/** The label that a field becomes: what a label can't hold is `_`. */
export function labelOf(field: string): string {
  return field.replace(/^(?=\d)/, '_').replaceAll(/[^A-Za-z0-9_]/g, '_')
}

/** The value of a label in the constant fields of a source; undefined where it has none. */
export function resourceValue(label: string, resource: Resource): string | undefined {
  const names = Object.hasOwn(inResource, label) ? inResource[label]! : []
  const known = names.find(name => Object.hasOwn(resource, name))
  return known === undefined ? Object.entries(resource).find(([name]) => labelOf(name) === label)?.[1] : resource[known]
}

/** How a field stands to a label: it is the label, holds it as a member of an object, or is something else. */
export const Kinship = { none: 0, same: 1, outer: 2 } as const

export function kinshipOf(field: string, label: string): number {
  const name = labelOf(field)
  if (name === label || (Object.hasOwn(renamed, label) && name === renamed[label])) return Kinship.same
  return label.startsWith(`${name}_`) ? Kinship.outer : Kinship.none
}

/** What stands in JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** The value of a label in an object, whose members have the names of their objects before theirs; the first that is there. */
export function memberValue(object: { readonly [key: string]: Json }, label: string): string | undefined {
  for (const [key, value] of Object.entries(object)) {
    const name = labelOf(key)
    if (isObject(value)) {
      const isInside = label.startsWith(`${name}_`)
      const found = isInside ? memberValue(value, label.slice(name.length + 1)) : undefined
      if (found !== undefined) return found
    } else if (name === label && value !== null && !Array.isArray(value)) return `${value as string | number | boolean}`
  }
  return undefined
}

export function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
