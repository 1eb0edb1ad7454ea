import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import { builtIn, type CandidateLists } from '../../processors/normalize/candidates.ts'
import type { RowView, Value } from './row-view.ts'

const lists = {
  time: 'time',
  level: 'level',
  service_name: 'service',
  trace_id: 'trace',
  span_id: 'span',
  agent_id: 'agent',
  body: 'body'
} as const

/** Where a row stood when `normalize` had it. */
export interface Normalized {
  readonly view: RowView
  readonly batch: Batch
  readonly row: number
  /** What the container runtime wrote in front of it, epoch ms. */
  readonly runtimeTime: number | undefined
  /** Names of its option `candidates`. */
  readonly candidates: Partial<CandidateLists>
}

/** Where the fields that all rows have come from, in words, by name. Behind `normalize`, while the batch still is what it saw. */
export function originsOf(normalized: Normalized): ReadonlyMap<string, string> {
  const origins = new Map<string, string>()
  for (const [name, value] of normalized.view.fields)
    origins.set(name, originOf(name as keyof typeof lists, value, normalized))
  return origins
}

function originOf(name: keyof typeof lists, value: Value, normalized: Normalized): string {
  const field = fieldBehind(name, value, normalized)
  if (field !== undefined) return `field "${field}"`
  if (name === 'time') return originOfTime(normalized)
  if (name === 'level') return 'the text of the row'
  if (name === 'body') return 'the whole row'
  return name === 'service_name' ? originOfService(normalized.batch) : 'the text of the message'
}

/** The key of the field that it was taken from: by its place, or, where it was converted, by what normalize takes for it. */
function fieldBehind(
  name: keyof typeof lists,
  { start, end }: Value,
  { view, candidates }: Normalized
): string | undefined {
  for (const [key, field] of view.consumed) if (field.start === start && field.end === end) return key
  const list = lists[name]
  return [...(candidates[list] ?? []), ...builtIn[list]].find(key => view.consumed.has(key))
}

function originOfTime({ view, batch, row, runtimeTime }: Normalized): string {
  if ((view.flags & Flag.timeRead) !== 0) return 'none that could be used: the time of reading'
  return batch.time[row] === runtimeTime ? 'the container runtime' : 'the text of the row'
}

function originOfService({ source: { service, resource } }: Batch): string {
  if (service === '') return 'option "service" of normalize'
  return service === resource['container.name'] ? 'the name of the container' : 'option "service" of the input'
}
