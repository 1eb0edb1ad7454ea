import type { CollectorStatus } from '../../pipeline/collector.ts'
import type { AgentStatus } from '../../rules/agents/agent.ts'
import { ask, askText } from '../client.ts'

/** A collector at one moment. */
export interface Sample {
  /** Monotonic ms. */
  readonly at: number
  readonly status: CollectorStatus
  readonly agents: readonly AgentStatus[]
  readonly alerts: readonly ShownAlert[]
  readonly numbers: Numbers
}

export interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: string
}

/** Undefined: none runs. */
export async function takeSample(stateDir: string): Promise<Sample | undefined> {
  const status = await ask<CollectorStatus>(stateDir, { path: '/api/v1/status' })
  const agents = await ask<{ agents: readonly AgentStatus[] }>(stateDir, { path: '/api/v1/agents' })
  const alerts = await ask<{ data: { alerts: readonly ShownAlert[] } }>(stateDir, { path: '/api/v1/alerts' })
  const metrics = await askText(stateDir, '/metrics')
  if (status === undefined || agents === undefined || alerts === undefined || metrics === undefined) return undefined
  const at = performance.now()
  return { at, status, agents: agents.agents, alerts: alerts.data.alerts, numbers: new Numbers(metrics) }
}

/** The numbers of `/metrics`. */
export class Numbers {
  readonly #lines: readonly { readonly name: string; readonly labels: string; readonly value: number }[]

  constructor(text: string) {
    this.#lines = [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels = '', value]) => ({
      name: name!,
      labels,
      value: Number(value)
    }))
  }

  /** The sum of all series of a metric that have these labels, written as `name="value"`. */
  sum(name: string, ...labels: readonly string[]): number {
    const own = this.#lines.filter(line => line.name === name && labels.every(label => line.labels.includes(label)))
    return own.reduce((sum, { value }) => sum + value, 0)
  }
}
