import type { StoredAgent } from '../../core/record.ts'
import { HeartbeatInterval } from './interval.ts'
import {
  type AgentSighting,
  type Connection,
  type Departure,
  type KnownBy,
  leavingMs,
  departureReasons
} from './sighting.ts'

/**
 * `late`: the heartbeat that is due has not come. `offline`: nor have the two behind it, or the last attempt to connect has failed.
 * `idle`: nothing but heartbeats for a while, or nothing at all where none are expected. `left`: it has said so, or its pod is gone.
 */
export const agentStates = ['connected', 'late', 'idle', 'offline', 'left'] as const
export type AgentState = (typeof agentStates)[number]

/** An agent as the API shows it. Times are epoch ms as rows say them, never ahead of their reading; texts are empty where no row says. */
export interface AgentStatus {
  readonly id: string
  readonly state: AgentState
  readonly role: string
  readonly service: string
  readonly host: string
  readonly version: string
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  readonly lastHeartbeatAt?: number
  readonly heartbeatIntervalMs?: number
  readonly heartbeatIntervalFrom?: 'configured' | 'learnt'
  /** The last attempt to connect. */
  readonly lastConnection?: Connection
  readonly left?: Departure
}

/** How long agents may be silent. */
export interface Patience {
  /** Left out: as it is learnt. */
  readonly intervalMs?: number | undefined
  readonly idleAfterMs: number
}

/** From writing to here, a row may take a scan of its folder, and the second in which shards gather what they tell. */
const latencyMs = 3000
/** Heartbeats in a row that are missed by one who is offline. */
const missed = 3

/** What is known of one agent. What passes is told by a clock that is not set: `monotonic`, ms. */
export class Agent {
  readonly id: string
  knownBy: KnownBy = 'agent_id'
  role = ''
  service = ''
  host = ''
  version = ''
  input = ''
  source = ''
  firstSeenAt: number
  lastSeenAt: number
  lastHeartbeatAt: number | undefined
  connection: Connection | undefined
  left: Departure | undefined
  /** When the last row was seen, the last heartbeat, and the last row that was none. */
  heardAt: number
  #beatAt: number
  #workAt: number
  readonly #interval = new HeartbeatInterval()
  /** It was when it was stored, and nothing has been heard of it since. */
  #wasOffline = false

  constructor(id: string, firstSeenAt: number, monotonic: number) {
    this.id = id
    this.firstSeenAt = firstSeenAt
    this.lastSeenAt = firstSeenAt
    this.heardAt = monotonic
    this.#beatAt = monotonic
    this.#workAt = monotonic
  }

  /** Takes what rows have said. */
  merge(seen: AgentSighting, monotonic: number): void {
    this.knownBy = seen.knownBy
    this.role = seen.role || this.role
    this.service = seen.service || this.service
    this.version = seen.version || this.version
    this.host = seen.host
    if (seen.lastAt >= this.lastSeenAt) {
      this.input = seen.input
      this.source = seen.source
    }
    this.firstSeenAt = Math.min(this.firstSeenAt, seen.firstAt)
    this.lastSeenAt = Math.max(this.lastSeenAt, seen.lastAt)
    this.heardAt = monotonic
    this.#wasOffline = false
    if (seen.rows > seen.heartbeats) this.#workAt = monotonic
    if (seen.heartbeats > 0) {
      this.#beatAt = monotonic
      for (const at of seen.beats) this.#interval.add(at)
      this.lastHeartbeatAt = Math.max(this.lastHeartbeatAt ?? 0, ...seen.beats)
    }
    if (seen.connection !== undefined && seen.connection.at >= (this.connection?.at ?? 0)) {
      this.connection = seen.connection
    }
    this.#mergeDeparture(seen)
  }

  /** Labels by which its rows are known, and only these. */
  get labels(): Readonly<Record<string, string>>[] {
    const byId = { agent_id: this.id }
    if (this.knownBy === 'pod') return [byId, { pod: this.id }]
    return this.knownBy === 'agent_id' ? [byId] : [byId, { service_name: this.service, host: this.host }]
  }

  /** It has not said so itself. */
  leave(reason: Departure['reason']): void {
    this.left ??= { at: this.lastSeenAt, reason }
  }

  state(patience: Patience, monotonic: number): AgentState {
    if (this.left !== undefined) return 'left'
    if (this.#wasOffline || this.#isCutOff) return 'offline'
    const hasHeartbeat = this.lastHeartbeatAt !== undefined
    const intervalMs = patience.intervalMs ?? this.#interval.ms
    if (intervalMs !== undefined) {
      const silentMs = monotonic - (hasHeartbeat ? this.#beatAt : this.heardAt)
      const slackMs = patience.intervalMs === undefined ? this.#interval.slackMs : intervalMs / 10
      if (silentMs > intervalMs * missed + Math.max(slackMs, latencyMs)) return 'offline'
      if (silentMs > intervalMs + Math.max(intervalMs / 2, latencyMs)) return 'late'
    }
    return monotonic - this.#workAt > patience.idleAfterMs ? 'idle' : 'connected'
  }

  status(patience: Patience, monotonic: number): AgentStatus {
    const { id, role, service, host, version, firstSeenAt, lastSeenAt, lastHeartbeatAt, connection, left } = this
    const intervalMs = patience.intervalMs ?? this.#interval.ms
    return {
      id,
      state: this.state(patience, monotonic),
      role,
      service,
      host,
      version,
      firstSeenAt,
      lastSeenAt,
      ...(lastHeartbeatAt !== undefined && { lastHeartbeatAt }),
      ...(intervalMs !== undefined && {
        heartbeatIntervalMs: Math.round(intervalMs),
        heartbeatIntervalFrom: patience.intervalMs === undefined ? 'learnt' : 'configured'
      }),
      ...(connection !== undefined && { lastConnection: connection }),
      ...(left !== undefined && { left })
    }
  }

  stored(isOffline: boolean): StoredAgent {
    const { id, role, service, host, version, firstSeenAt, lastSeenAt, lastHeartbeatAt, connection, left } = this
    const { input, source, knownBy } = this
    return {
      id,
      facts: {
        knownBy,
        role,
        service,
        host,
        version,
        input,
        source,
        firstSeenAt,
        lastSeenAt,
        isOffline,
        ...(lastHeartbeatAt !== undefined && { lastHeartbeatAt }),
        ...(this.#interval.ms !== undefined && { intervalMs: this.#interval.ms }),
        ...(connection !== undefined && {
          connectionAt: connection.at,
          isConnected: connection.isOk,
          errorCode: connection.errorCode
        }),
        ...(left !== undefined && { leftAt: left.at, leftReason: left.reason })
      }
    }
  }

  /** An agent as it was stored. What it does not know is as in one that is new: facts may be those of another version. */
  static restore({ id, facts }: StoredAgent, monotonic: number): Agent {
    const text = (name: string): string => (typeof facts[name] === 'string' ? facts[name] : '')
    const number = (name: string): number | undefined => (typeof facts[name] === 'number' ? facts[name] : undefined)
    const agent = new Agent(id, number('firstSeenAt') ?? 0, monotonic)
    for (const name of ['role', 'service', 'host', 'version', 'input', 'source'] as const) agent[name] = text(name)
    const knownBy = text('knownBy')
    if (knownBy === 'pod' || knownBy === 'service') agent.knownBy = knownBy
    agent.lastSeenAt = number('lastSeenAt') ?? 0
    agent.lastHeartbeatAt = number('lastHeartbeatAt')
    const intervalMs = number('intervalMs')
    if (intervalMs !== undefined) agent.#interval.restore(intervalMs, agent.lastHeartbeatAt)
    const connectionAt = number('connectionAt')
    if (connectionAt !== undefined) {
      agent.connection = { at: connectionAt, isOk: facts['isConnected'] === true, errorCode: text('errorCode') }
    }
    const leftAt = number('leftAt')
    if (leftAt !== undefined) {
      const reason = departureReasons.find(one => one === text('leftReason')) ?? 'stopped'
      agent.left = { at: leftAt, reason }
    }
    agent.#wasOffline = facts['isOffline'] === true
    return agent
  }

  /** The last attempt to connect has failed, and no heartbeat has come since. */
  get #isCutOff(): boolean {
    return this.connection !== undefined && !this.connection.isOk && this.connection.at > (this.lastHeartbeatAt ?? 0)
  }

  #mergeDeparture({ left, heartbeats, connection, lastAt }: AgentSighting): void {
    if (left !== undefined) this.left = left
    else if (this.left !== undefined) {
      const isBack = heartbeats > 0 || connection?.isOk === true || lastAt > this.left.at + leavingMs
      if (isBack) this.left = undefined
    }
  }
}
