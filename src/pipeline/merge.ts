import { metrics, type MetricDefinition, type Sample } from '../core/metrics.ts'
import type { OutputBacklog } from './collector.ts'
import type { ShardStatus } from './messages.ts'
import type { Plan } from './plan.ts'

type Output = ShardStatus['outputs'][number]

/** States of an output, the one that tells most last. */
const states: readonly Output['state'][] = ['idle', 'sending', 'retrying', 'paused']

/** What several shards say of themselves, as one: each reads some of the inputs, and several may send to one output. In the order of
 * the plan. */
export function mergeStatus(parts: readonly ShardStatus[], plan: Plan): ShardStatus {
  const kept = parts.find(part => part.kept !== undefined)?.kept
  const inputs = parts.flatMap(part => part.inputs)
  const outputs = Map.groupBy(
    parts.flatMap(part => part.outputs),
    ({ name }) => name
  )
  const order = plan.inputs.map(({ name }) => name)
  const routes = plan.pipelines.flatMap(pipeline => pipeline.outputs.map(output => `${pipeline.name}/${output}`))
  return {
    inputs: inputs.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    outputs: routes.flatMap(route => outputs.get(route)?.reduce(mergeOutputs) ?? []),
    problems: parts.flatMap(part => part.problems),
    ...(kept !== undefined && { kept })
  }
}

/** What is known without an answer. */
export function statusWithout({ inputs }: Plan): ShardStatus {
  return {
    inputs: inputs.map(({ name, type, follow }) => {
      return { name, type, paths: follow.paths, sources: [], sourceCount: 0, startedAt: 0, notes: [] }
    }),
    outputs: [],
    problems: []
  }
}

/** Two samples with one name and labels become one. */
export function mergeSamples(samples: readonly Sample[]): Sample[] {
  const merged = new Map<string, Sample>()
  for (const { name, labels, value } of samples) {
    const key = [name, ...labels].join('\u0000')
    const known = merged.get(key)
    const definition: MetricDefinition = metrics[name]
    if (known === undefined) merged.set(key, { name, labels, value })
    else known.value = definition.isWorst ? Math.max(known.value, value) : known.value + value
  }
  return [...merged.values()]
}

/** The one that is in trouble says why. */
function mergeOutputs(one: Output, other: Output): Output {
  const tells = states.indexOf(other.state) > states.indexOf(one.state) ? other : one
  const backlog = mergeBacklogs(one.backlog, other.backlog)
  const waitingMs = Math.max(one.waitingMs ?? 0, other.waitingMs ?? 0)
  const rows = (one.undecided?.rows ?? 0) + (other.undecided?.rows ?? 0)
  const types = [...new Set([...(one.undecided?.types ?? []), ...(other.undecided?.types ?? [])])]
  const errors = [one.lastError, other.lastError].filter(error => error !== undefined)
  const lastError = errors.toSorted((a, b) => b.at - a.at)[0]
  const { backlog: _, ...rest } = tells
  return {
    ...rest,
    startedAt: Math.min(one.startedAt, other.startedAt),
    inFlightRequests: one.inFlightRequests + other.inFlightRequests,
    inFlightBytes: one.inFlightBytes + other.inFlightBytes,
    retriedRows: one.retriedRows + other.retriedRows,
    ...(waitingMs > 0 && { waitingMs }),
    ...(rows > 0 && { undecided: { rows, types } }),
    ...(backlog !== undefined && { backlog }),
    ...(lastError !== undefined && { lastError })
  }
}

function mergeBacklogs(one?: OutputBacklog, other?: OutputBacklog): OutputBacklog | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const ages = [one.ageMs, other.ageMs].filter(age => age !== undefined)
  const isShrinking = one.leftMs !== undefined && other.leftMs !== undefined
  return {
    bytes: one.bytes + other.bytes,
    ...(ages.length > 0 && { ageMs: Math.max(...ages) }),
    ...(isShrinking && { leftMs: Math.max(one.leftMs, other.leftMs) })
  }
}
