import { isDeepStrictEqual } from 'node:util'
import type { RowView, Value } from './row-view.ts'
import { lastView, type TracedRow } from './traced-row.ts'

/** What a step did to one field of a row. */
export interface Change {
  readonly name: string
  /** Absent: it has no such field any more. */
  readonly value?: unknown
  /** Absent: it had none. */
  readonly was?: unknown
  /** What it was called before. */
  readonly wasNamed?: string
}

/** What differs, but for the fields of the row that became one of those that all rows have. */
export function changesOf(before: RowView, after: RowView): Change[] {
  return [
    ...differing(before.fields, after.fields, new Set()),
    ...differing(before.attributes, after.attributes, after.consumed)
  ]
}

type Values = ReadonlyMap<string, Value>

function differing(before: Values, after: Values, taken: Pick<Values, 'has'>): Change[] {
  const gone = [...before].filter(([name]) => !after.has(name) && !taken.has(name))
  const changes: Change[] = []
  for (const [name, { value, start, end }] of after) {
    const known = before.get(name)
    if (known !== undefined && isDeepStrictEqual(known.value, value)) continue
    const former = known === undefined ? gone.findIndex(([, one]) => one.start === start && one.end === end) : -1
    if (former >= 0 && start >= 0) changes.push({ name, value, wasNamed: gone.splice(former, 1)[0]![0] })
    else changes.push({ name, value, ...(known !== undefined && { was: known.value }) })
  }
  return [...changes, ...gone.map(([name, { value }]) => ({ name, was: value }))]
}

/** A field as it leaves a pipeline. */
export interface Named {
  readonly name: string
  readonly value: unknown
  /** Where it comes from, in words. */
  readonly origin: string
}

/** The fields that a row has behind all steps: those that all rows have, then the others. */
export function fieldsOf(row: TracedRow): Named[] {
  const { fields, attributes } = lastView(row)
  const origins = originsOf(row)
  return [...fields, ...attributes].map(([name, { value }]) => ({ name, value, origin: origins.get(name) ?? 'parser' }))
}

function originsOf({ parsed, steps, origins }: TracedRow): Map<string, string> {
  const all = new Map<string, string>()
  let before = parsed
  for (const { name: step, view } of steps) {
    for (const { name, wasNamed, value } of changesOf(before, view)) {
      if (value === undefined) continue
      all.set(name, wasNamed === undefined ? `step ${step}` : `field "${wasNamed}", renamed by ${step}`)
    }
    // the first is normalize, which says more of what it has made
    if (before === parsed) for (const [name, origin] of origins) all.set(name, origin)
    before = view
  }
  return all
}
