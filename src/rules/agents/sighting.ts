/** What the rows of some time say about an agent: plain data, for another thread. Times are epoch ms, those of the rows where nothing
 * else is said, but never ahead of the reading. */
export interface AgentSighting {
  readonly id: string
  readonly knownBy: KnownBy
  /** Empty: no row has said it. */
  service: string
  readonly host: string
  role: string
  version: string
  /** Of the youngest row, about: the input, and the source. */
  input: string
  source: string
  rows: number
  firstAt: number
  lastAt: number
  /** How many rows were heartbeats, and the times of the last of them. */
  heartbeats: number
  readonly beats: number[]
  /** The last attempt to connect. */
  connection?: Connection
  /** The agent has said that it leaves, and nothing behind that which would mean that it is back. */
  left?: Departure | undefined
}

/** What its id is. */
export type KnownBy = 'agent_id' | 'pod' | 'service'

export interface Connection {
  readonly at: number
  readonly isOk: boolean
  /** Empty: none was said. */
  readonly errorCode: string
}

export interface Departure {
  readonly at: number
  readonly reason: (typeof departureReasons)[number]
}

/** It has said so; or the runtime has deleted its pod, removed its container, or says that this has ended without an error. */
export const departureReasons = ['stopped', 'pod_deleted', 'container_removed', 'container_exited'] as const

export interface AgentDelta {
  readonly seen: readonly AgentSighting[]
  /** Rows of agents that there was no room for, or whose ids are too long. */
  readonly refused: number
}

/** What an agent says while it leaves may come behind the line that says so. */
export const leavingMs = 5000
/** Of these the interval is learnt: more in one delta are of a time that is read again in a hurry. */
export const mostBeats = 16
