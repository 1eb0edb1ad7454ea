import type { Collector, CollectorStatus } from '../pipeline/collector.ts'

type Status = 'UP' | 'DOWN' | 'OUT_OF_SERVICE'

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
 * nothing is lost and a restart would not help; a state directory that can not be written is DOWN, as a full disk is there.
 */
export async function healthOf(collector: Collector, withDetails: boolean): Promise<Health> {
  const parts = partsOf(collector, withDetails ? await collector.status() : undefined)
  const status = worst(Object.values(parts))
  return { code: status === 'UP' ? 200 : 503, body: { status, components: parts } }
}

function partsOf(collector: Collector, status: CollectorStatus | undefined): Record<string, Part> {
  const parts: Record<string, Part> = {
    collector: { status: collector.ready === 'ready' ? 'UP' : 'OUT_OF_SERVICE' },
    state: { status: collector.degraded.length === 0 ? 'UP' : 'DOWN' },
    inputs: { status: 'UP' },
    outputs: { status: 'UP' }
  }
  if (status === undefined) return parts
  const sources = status.inputs.reduce((sum, input) => sum + input.sources.length, 0)
  const outputs = status.outputs.map(({ name, state, reason }) => [name, reason ? `${state}: ${reason}` : state])
  const details: Record<string, Record<string, unknown>> = {
    collector: { state: collector.ready },
    state: { directory: status.stateDir, problems: collector.degraded },
    inputs: { sources, unreadable: status.problems.length },
    outputs: Object.fromEntries(outputs)
  }
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, { ...part, details: details[name]! }]))
}

function worst(parts: readonly Part[]): Status {
  if (parts.some(part => part.status === 'DOWN')) return 'DOWN'
  return parts.some(part => part.status === 'OUT_OF_SERVICE') ? 'OUT_OF_SERVICE' : 'UP'
}
