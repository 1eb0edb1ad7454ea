import type { StateRecord, StoredAgent } from '../../core/record.ts'
import { Agent, type AgentState, type AgentStatus, type Patience } from './agent.ts'
import type { AgentDelta, Departure } from './sighting.ts'

export interface AgentsOptions extends Patience {
  readonly maxAgents: number
  readonly forgetAfterMs: number
  /** What is known of one agent by its configuration. */
  readonly beside?: { readonly id?: string; readonly role?: string; readonly intervalMs?: number }
}

/** Nothing is forgotten that was not silent for so long while this process ran: clocks may be set. */
const leastSilentMs = 3_600_000

/** What reading has not come to yet. */
export interface Reading {
  /** Monotonic ms. */
  readonly at: number
  /** Where names of inputs and ids of sources are behind, since when. Agents seen there are not waited for in vain. */
  readonly behind: ReadonlyMap<string, number>
}

/** All agents that are remembered, on the control thread. */
export class Agents {
  options: AgentsOptions
  /** Called with the labels of agents that have left, and again when one says something on its way. */
  onLeft: (all: readonly Readonly<Record<string, string>>[]) => void = () => {}
  /** Agents that there was no room for, each time that they were seen. */
  refused = 0
  readonly #agents = new Map<string, Agent>()
  /** What is stored of each is not what it is now. */
  readonly #dirty = new Set<string>()
  /** Agents that are stored as those who are offline. */
  readonly #offline = new Set<string>()

  /** `monotonic` is now, in ms. */
  constructor(options: AgentsOptions, stored: readonly StoredAgent[], monotonic: number) {
    this.options = options
    for (const one of stored) {
      this.#agents.set(one.id, Agent.restore(one, monotonic))
      if (one.facts['isOffline'] === true) this.#offline.add(one.id)
    }
  }

  /** Takes what a thread has seen; returns what is to be stored at once. */
  merge({ seen, refused }: AgentDelta, monotonic: number): StateRecord[] {
    this.refused += refused
    const records: StateRecord[] = []
    const room = { leavers: undefined as Agent[] | undefined }
    const leaving: Agent[] = []
    for (const sighting of seen) {
      let agent = this.#agents.get(sighting.id)
      const isNew = agent === undefined
      if (agent === undefined) {
        if (!this.#makeRoom(room, records)) {
          this.refused++
          continue
        }
        agent = new Agent(sighting.id, sighting.firstAt, monotonic)
        this.#agents.set(sighting.id, agent)
      }
      const { left } = agent
      agent.merge(sighting, monotonic)
      if (agent.left !== undefined) leaving.push(agent)
      const isNews = isNew || this.#offline.has(agent.id) || left?.at !== agent.left?.at
      if (isNews) records.push(this.#store(agent, false))
      else this.#dirty.add(agent.id)
    }
    this.#tellLeft(leaving)
    return records
  }

  /** Those that were seen last in these sources have left, which others have noticed. Returns what is to be stored. */
  leave(sources: readonly { readonly source: string; readonly reason: Departure['reason'] }[]): StateRecord[] {
    if (sources.length === 0) return []
    const reasons = new Map(sources.map(({ source, reason }) => [source, reason]))
    const gone = [...this.#agents.values()].filter(({ source, left }) => left === undefined && reasons.has(source))
    for (const agent of gone) agent.leave(reasons.get(agent.source)!)
    this.#tellLeft(gone)
    return gone.map(agent => this.#store(agent, false))
  }

  /** Tells once more who has left: who is told may not have stored it. */
  tellLeft(): void {
    this.#tellLeft([...this.#agents.values()].filter(({ left }) => left !== undefined))
  }

  /** To be called every few seconds. Returns what is to be stored. */
  tick(now: number, reading: Reading): StateRecord[] {
    const records: StateRecord[] = []
    for (const agent of this.#agents.values()) {
      if (this.#isForgotten(agent, now, reading.at)) {
        records.push(this.#drop(agent))
        continue
      }
      const isOffline = this.#stateOf(agent, reading) === 'offline'
      if (this.#dirty.has(agent.id) || isOffline !== this.#offline.has(agent.id)) {
        records.push(this.#store(agent, isOffline))
      }
    }
    return records
  }

  /** Those that are in the most trouble first, then by id. */
  list(reading: Reading): AgentStatus[] {
    const all = [...this.#agents.values()].map(agent => this.#statusOf(agent, reading))
    const order: readonly AgentState[] = ['offline', 'late', 'idle', 'connected', 'left']
    return all.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (a.id < b.id ? -1 : 1))
  }

  /** Returns what is to be stored; undefined if there is no such agent. Its next row makes it a new one. */
  forget(id: string): StateRecord | undefined {
    const agent = this.#agents.get(id)
    return agent && this.#drop(agent)
  }

  #tellLeft(agents: readonly Agent[]): void {
    if (agents.length > 0) this.onLeft(agents.flatMap(({ labels }) => labels))
  }

  #stateOf(agent: Agent, reading: Reading): AgentState {
    return agent.state(this.#patienceWith(agent), this.#silentSince(agent, reading))
  }

  #statusOf(agent: Agent, reading: Reading): AgentStatus {
    const status = agent.status(this.#patienceWith(agent), this.#silentSince(agent, reading))
    const { beside } = this.options
    return status.id === beside?.id && status.role === '' ? { ...status, role: beside.role ?? '' } : status
  }

  #patienceWith({ id }: Agent): Patience {
    const { options } = this
    if (options.beside?.id !== id) return options
    return { ...options, intervalMs: options.beside.intervalMs ?? options.intervalMs }
  }

  /** Until when nothing was heard of an agent for sure. */
  #silentSince({ input, source }: Agent, { at, behind }: Reading): number {
    return Math.min(at, behind.get(input) ?? at, behind.get(source) ?? at)
  }

  #isForgotten(agent: Agent, now: number, monotonic: number): boolean {
    if (monotonic - agent.heardAt < leastSilentMs) return false
    return now - agent.lastSeenAt > this.options.forgetAfterMs
  }

  #store(agent: Agent, isOffline: boolean): StateRecord {
    this.#dirty.delete(agent.id)
    if (isOffline) this.#offline.add(agent.id)
    else this.#offline.delete(agent.id)
    return { kind: 'agent', agent: agent.stored(isOffline) }
  }

  #drop({ id }: Agent): StateRecord {
    this.#agents.delete(id)
    this.#dirty.delete(id)
    this.#offline.delete(id)
    return { kind: 'forgetAgent', id }
  }

  /** Where there is no room for another one, the one that left first goes. */
  #makeRoom(room: { leavers: Agent[] | undefined }, records: StateRecord[]): boolean {
    if (this.#agents.size < this.options.maxAgents) return true
    room.leavers ??= [...this.#agents.values()]
      .filter(({ left }) => left !== undefined)
      .sort((a, b) => b.left!.at - a.left!.at)
    let oldest = room.leavers.pop()
    // it may have come back since
    while (oldest !== undefined && oldest.left === undefined) oldest = room.leavers.pop()
    if (oldest === undefined) return false
    records.push(this.#drop(oldest))
    return true
  }
}
