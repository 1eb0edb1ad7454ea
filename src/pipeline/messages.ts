import type { LogFields } from '../core/log.ts'
import type { Family } from '../core/families.ts'
import type { Sample } from '../core/metrics.ts'
import type { ShardRecord, StoredState } from '../core/record.ts'
import type { ReplayRow, ReplayVerdict } from '../delivery/replay.ts'
import type { AgentDelta } from '../rules/agents/sighting.ts'
import type {
  InputProblem,
  InputStatus,
  KeptStatus,
  LedgerRow,
  OutputState,
  TailRows,
  TailWanted
} from './collector.ts'
import type { Departed } from './departures.ts'
import type { Plan } from './plan.ts'

/** What a shard thread is started with, and where it says how far it has come. */
export interface ShardThread {
  readonly start: ShardStart
  /** Of a `Whereabouts`. */
  readonly whereabouts: SharedArrayBuffer
}

export interface ShardStart {
  readonly plan: Plan
  readonly stored: StoredState
  readonly hostId: string
  readonly hostName: string
  /** The number of the shard; the first is 0. */
  readonly shard: string
  /** Absent: nothing is kept of deleted files. */
  readonly spool?: SpoolStart
}

export interface SpoolStart {
  readonly stateDir: string
  readonly maxBytes: number
  /** The state is not the one that was written last: sources that it does not know are those of lost records. */
  readonly isStateLost: boolean
}

/** Control thread → shard. */
export type ToShard =
  | { readonly type: 'start' }
  | { readonly type: 'durable'; readonly number: number; readonly writable: boolean }
  | { readonly type: 'letters'; readonly bytes: Readonly<Record<string, number>> }
  /** The collector has no such input or output any more. */
  | { readonly type: 'forget'; readonly label: 'input' | 'output'; readonly name: string }
  | { readonly type: 'ask'; readonly id: number; readonly what: keyof Answers }
  | { readonly type: 'replay'; readonly id: number; readonly output: string; readonly rows: readonly ReplayRow[] }
  | { readonly type: 'change'; readonly id: number; readonly plan: Plan }
  | { readonly type: 'follow'; readonly id: number; readonly stored: StoredState }
  | { readonly type: 'listen'; readonly id: number; readonly tail: number; readonly wanted: TailWanted }
  /** What was sent to a tail is taken. */
  | { readonly type: 'more'; readonly tail: number }
  | { readonly type: 'unlisten'; readonly tail: number }
  | { readonly type: 'drain'; readonly id: number; readonly withinMs: number }

/** What is answered, under its id. */
export type Question = Extract<ToShard, { readonly id: number }>

/** Shard → control thread. `await` is answered by `durable` with its number, once all that was appended before it is. */
export type FromShard =
  | { readonly type: 'append'; readonly records: readonly ShardRecord[] }
  | { readonly type: 'await'; readonly number: number }
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields?: LogFields | undefined
    }
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }
  | { readonly type: 'agents'; readonly report: AgentReport }
  | { readonly type: 'rows'; readonly tail: number; readonly rows: TailRows }
  | { readonly type: 'started' }
  /** It drains, and has handed over what rules are to have of the last rows that it reads. */
  | { readonly type: 'read' }
  /** An output will never take rows again: the collector is to drain. */
  | { readonly type: 'ended' }

/** What has been seen of agents, and where reading is behind now: see `Lanes.behind`. */
export interface AgentReport extends AgentDelta {
  readonly departed: readonly Departed[]
  readonly behind: readonly string[]
}

/** By the id of the row. Those that could not be sent have none. */
export type ReplayVerdicts = Readonly<Record<number, ReplayVerdict>>
export type LogLevel = 'info' | 'warn' | 'error' | 'debug'

/** Answers to `ask`. */
export interface ShardStatus {
  readonly inputs: readonly InputStatus[]
  /** How many dead letters are stored, the control thread knows. */
  readonly outputs: readonly Omit<OutputState, 'deadLetters'>[]
  readonly problems: readonly InputProblem[]
  readonly kept?: KeptStatus
}
export interface Answers {
  readonly samples: readonly Sample[]
  readonly families: readonly Family[]
  readonly status: ShardStatus
  readonly ledgers: readonly LedgerRow[]
  /** Rows that were there so long ago are with the rules, ms; Infinity: something was not read since the start. What they have added
   * was handed over before the answer. */
  readonly observed: { readonly unseenMs: number }
}
