import type { Collector, CollectorStatus } from '../pipeline/collector.ts'

type Status = 'UP' | 'DOWN' | 'OUT_OF_SERVICE' | 'UNKNOWN'

interface Part {
  readonly status: Status
  readonly details?: Readonly<Record<string, unknown>>
}

export interface Health {
  readonly code: 200 | 503
  readonly body: { readonly status: Status; readonly components: Readonly<Record<string, Part>> }
}

/**
 * Health as Spring Boot's actuator tells it: the worst part decides, and only UP is 200. An output that is paused stays UP, since
 * nothing is lost and a restart would not help; a state directory that can not be written is DOWN, as a full disk is there. Inputs that
 * hang are UNKNOWN, which makes nothing worse: a restart would hang there, too.
 */
export async function healthOf(collector: Collector, withDetails: boolean): Promise<Health> {
  const parts = withDetails ? detailed(collector, await statusOf(collector)) : partsOf(collector)
  const status = worst(Object.values(parts))
  return { code: status === 'UP' ? 200 : 503, body: { status, components: parts } }
}

/** Undefined where a shard is too busy to say how it is: that is no reason for a restart. */
function statusOf(collector: Collector): Promise<CollectorStatus | undefined> {
  return collector.status().catch(() => undefined)
}

function partsOf(collector: Collector): Record<string, Part> {
  return {
    collector: { status: collector.ready === 'ready' ? 'UP' : 'OUT_OF_SERVICE' },
    state: { status: collector.degraded.length === 0 ? 'UP' : 'DOWN' },
    configuration: { status: 'UP' },
    inputs: { status: collector.stalled.length === 0 ? 'UP' : 'UNKNOWN' },
    outputs: { status: 'UP' }
  }
}

function detailed(collector: Collector, status: CollectorStatus | undefined): Record<string, Part> {
  const parts = partsOf(collector)
  const details: Record<string, Record<string, unknown>> = {
    collector: { state: collector.ready },
    state: {
      ...(status !== undefined && { directory: status.stateDir }),
      problems: collector.degraded,
      ...(status?.kept && { kept: status.kept })
    },
    configuration: status === undefined ? unknown : configurationOf(status),
    inputs: status === undefined ? unknown : inputsOf(status),
    outputs: status === undefined ? unknown : outputsOf(status)
  }
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, { ...part, details: details[name]! }]))
}

const unknown = { unknown: 'no answer in time' }

/** A refused one harms nothing yet: what ran before goes on. */
function configurationOf({ configuredAt, lastReload }: CollectorStatus): Record<string, unknown> {
  const since = new Date(configuredAt).toISOString()
  return lastReload === undefined ? { since } : { since, lastReload: lastReload.result }
}

function inputsOf({ inputs, problems, stalled }: CollectorStatus): Record<string, unknown> {
  return {
    sources: inputs.reduce((sum, input) => sum + input.sourceCount, 0),
    unreadable: problems.length,
    ...(stalled.length > 0 && { stalled })
  }
}

function outputsOf({ outputs }: CollectorStatus): Record<string, unknown> {
  return Object.fromEntries(outputs.map(({ name, state, reason }) => [name, reason ? `${state}: ${reason}` : state]))
}

function worst(parts: readonly Part[]): Status {
  if (parts.some(part => part.status === 'DOWN')) return 'DOWN'
  return parts.some(part => part.status === 'OUT_OF_SERVICE') ? 'OUT_OF_SERVICE' : 'UP'
}
