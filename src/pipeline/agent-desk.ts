import type { Clock } from '../core/clock.ts'
import type { Sample } from '../core/metrics.ts'
import { agentStates, type AgentStatus } from '../rules/agents/agent.ts'
import { Agents, type AgentsOptions, type Reading } from '../rules/agents/agents.ts'
import type { StateStore } from '../state/store.ts'
import type { AgentBook } from './collector.ts'
import type { AgentReport } from './messages.ts'

/** What has changed of agents that were known before is stored so often, ms. */
const tickMs = 10_000
/** Agents with series of their own on /metrics; there are metrics of all of them by state. */
const mostSeries = 1000

export interface AgentDeskParts {
  readonly state: StateStore
  readonly clock: Clock
  /** Where reading has not come to the end of what is there, since when (monotonic ms): names of inputs and ids of sources. */
  readonly behind: () => ReadonlyMap<string, number>
  /** Told the labels of agents that have left: rules need not wait for them. */
  readonly left: (all: readonly Readonly<Record<string, string>>[]) => void
}

/** The agents of all shards: takes what these see, stores it, and answers. */
export class AgentDesk implements AgentBook {
  readonly #parts: AgentDeskParts
  readonly #agents: Agents
  #stopTicking: () => void = () => {}
  /** Since when nothing is read, as the state can not be written. */
  #pausedAt: number | undefined

  constructor(options: AgentsOptions, parts: AgentDeskParts) {
    this.#parts = parts
    this.#agents = new Agents(options, parts.state.agents(), parts.clock.monotonic())
    this.#agents.onLeft = parts.left
  }

  set options(options: AgentsOptions) {
    this.#agents.options = options
  }

  set isPaused(isPaused: boolean) {
    this.#pausedAt = isPaused ? this.#parts.clock.monotonic() : undefined
  }

  take(report: Omit<AgentReport, 'behind'>): void {
    const { state, clock } = this.#parts
    const records = [...this.#agents.merge(report, clock.monotonic()), ...this.#agents.leave(report.departed)]
    if (records.length > 0) state.append(records)
  }

  start(): void {
    this.#agents.tellLeft()
    this.#tick()
  }

  #tick(): void {
    this.#stopTicking = this.#parts.clock.after(tickMs, () => {
      this.store()
      this.#tick()
    })
  }

  /** Stores what is not stored yet. */
  store(): void {
    const { state, clock } = this.#parts
    const records = this.#agents.tick(clock.now(), this.#reading)
    if (records.length > 0) state.append(records)
  }

  stop(): void {
    this.#stopTicking()
    this.store()
  }

  list(): AgentStatus[] {
    return this.#agents.list(this.#reading)
  }

  forget(id: string): boolean {
    const record = this.#agents.forget(id)
    if (record === undefined) return false
    this.#parts.state.append([record])
    return true
  }

  /** Series of agents that have left end. */
  samples(): Sample[] {
    const agents = this.list()
    const counts = Map.groupBy(agents, ({ state }) => state)
    const present = agents.filter(({ state }) => state !== 'left').toSorted((a, b) => a.firstSeenAt - b.firstSeenAt)
    return [
      ...agentStates.map(state => sample('collector_agents', [state], counts.get(state)?.length ?? 0)),
      sample('collector_agents_refused_total', [], this.#agents.refused),
      ...present.slice(0, mostSeries).flatMap(samplesOf)
    ]
  }

  get #reading(): Reading {
    const now = this.#parts.clock.monotonic()
    return { at: this.#pausedAt ?? now, behind: this.#parts.behind() }
  }
}

function samplesOf({ id, service, host, state, lastSeenAt, lastHeartbeatAt }: AgentStatus): Sample[] {
  const labels = [id, service, host]
  return [
    sample('collector_agent_up', labels, state === 'offline' ? 0 : 1),
    sample('collector_agent_last_seen_timestamp_seconds', labels, lastSeenAt / 1000),
    ...(lastHeartbeatAt === undefined
      ? []
      : [sample('collector_agent_last_heartbeat_timestamp_seconds', labels, lastHeartbeatAt / 1000)])
  ]
}

function sample(name: Sample['name'], labels: readonly string[], value: number): Sample {
  return { name, labels, value }
}
