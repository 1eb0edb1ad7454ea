import type { Problem } from '../config/problems.ts'
import type { Family } from '../core/families.ts'
import type { Sample } from '../core/metrics.ts'
import type { Ledger, withNames } from '../core/outcome.ts'
import type { DeadLetter } from '../core/record.ts'
import type { Position, SourceId } from '../core/source.ts'
import type { AgentStatus } from '../rules/agents/agent.ts'
import type { NotifierStatus } from '../rules/notify/notifier.ts'
import type { RuleGroupStatus } from '../rules/evaluate/status.ts'
import type { LetterQuery } from '../state/letters.ts'
import type { Changes } from './changes.ts'

/**
 * A running collector, as the server and the command line see it. All answers are plain data that JSON can carry, none holds a
 * secret. A method answers within a few seconds with what is known then: it never waits for a shard that hangs.
 */
export interface Collector {
  /** `starting` until `start` was called, `draining` from the moment `stop` was called. */
  readonly ready: 'starting' | 'ready' | 'draining'
  /** One sentence for each reason why reading is paused as a whole (the state directory can not be written); empty: none. */
  readonly degraded: readonly string[]
  /** Inputs that do not go on now, since a system call does not return. */
  readonly stalled: readonly InputStall[]
  /** Begins to read. Until then sources are known but no row was read, so that the first lines on a terminal can say what is followed. */
  start(): void
  status(): Promise<CollectorStatus>
  /** All numbers of the program as they stand, of all shards; two samples never have the same name and labels. */
  samples(): Promise<readonly Sample[]>
  /** Metrics that the configuration makes of rows, of all shards. */
  families(): Promise<readonly Family[]>
  /** An account for each source and output, live. */
  ledgers(): Promise<readonly LedgerRow[]>
  readonly letters: Letters
  readonly agents: AgentBook
  /** Groups of rules, and their alerts. */
  rules(): readonly RuleGroupStatus[]
  /** Lets somebody see rows from now on, as `normalize` has made them and before anything drops some, each once. Inputs that hang
   * now stay unseen. */
  tail(wanted: TailWanted): Promise<Tailing | TailRefusal>
  /** Reads the configuration again and takes over what differs, leaving all else as it runs; one that is not valid changes nothing.
   * `by` says who wants it, for the log. Reloads come one after another, each with what the files say when its turn has come. */
  reload(by: string): Promise<Reload>
  /** Drains within the time the configuration gives, stores the cursors, closes the state; resolves to the final accounts. Before
   * `start` there is nothing to drain. Called twice, it returns the same promise. */
  stop(): Promise<readonly LedgerRow[]>
  /** Settles when the collector has ended: resolves after `stop`, or when the reader of its output has gone; rejects when it can not go on (a shard died). */
  readonly ended: Promise<void>
}

export interface CollectorStatus {
  readonly version: string
  readonly pid: number
  /** Epoch ms. */
  readonly startedAt: number
  readonly uptimeMs: number
  readonly stateDir: string
  readonly ready: Collector['ready']
  readonly degraded: readonly string[]
  readonly stalled: readonly InputStall[]
  /** Epoch ms since when the configuration is in force. */
  readonly configuredAt: number
  /** The last reload, also one that changed nothing. */
  readonly lastReload?: Reload
  readonly inputs: readonly InputStatus[]
  readonly outputs: readonly OutputState[]
  /** What the last scan could not read. */
  readonly problems: readonly InputProblem[]
  /** How those who are told about alerts are doing; absent: nobody is. */
  readonly notifiers?: readonly NotifierStatus[]
  /** What is kept of deleted files; absent: nothing ever is. */
  readonly kept?: KeptStatus
}

/** Inputs of one thread hang: most often the server of a mount is away. It ends by itself. */
export interface InputStall {
  readonly inputs: readonly string[]
  /** Where they hang. */
  readonly path: string
  /** Epoch ms. */
  readonly since: number
}

export interface KeptStatus {
  /** On disk. */
  readonly bytes: number
  readonly maxBytes: number
  readonly segments: number
  readonly sources: number
  /** Since the start. */
  readonly damagedBlocks: number
}

/** What became of a reload. */
export interface Reload {
  /** Epoch ms when its turn came. */
  readonly at: number
  readonly by: string
  /** `refused`: the configuration is not valid, or needs a restart. `failed`: it could not be taken over. Both change nothing. */
  readonly result: 'changed' | 'unchanged' | 'refused' | 'failed'
  readonly durationMs: number
  readonly changes: Changes
  /** Why it was refused or failed; those of the files with their places. */
  readonly problems: readonly (Problem | Pick<Problem, 'message'>)[]
}

export interface InputStatus {
  readonly name: string
  readonly type: string
  /** Paths and patterns as configured. */
  readonly paths: readonly string[]
  /** At most a thousand. */
  readonly sources: readonly SourceStatus[]
  /** How many there are. */
  readonly sourceCount: number
  /** Epoch ms when it began with the options that it has; a reload that leaves them alone does not begin it anew. */
  readonly startedAt: number
  /** For so long what is there may not have been seen by rules; absent: they are not behind, or there are none. */
  readonly unseenMs?: number
  /** Why paths and files of it are not read now although nothing failed. */
  readonly notes: readonly InputNote[]
}

export interface InputNote {
  readonly reason: 'no_match' | 'excluded' | 'compressed' | 'older' | 'at_end' | 'near_end' | 'no_line' | 'read'
  /** How many files it is about. */
  readonly files: number
  /** One sentence, with what to do. */
  readonly text: string
}

export interface SourceStatus {
  readonly id: SourceId
  /** Path or name for people. */
  readonly name: string
  /** Last known size in bytes. */
  readonly size: number
  readonly read: Position
  /** Everything before it is settled at every output. */
  readonly settled: Position
  /** `size - settled`. */
  readonly lagBytes: number
  /** What the parser `auto` has recognised: `json`, or `java, python` where rows may be of both. Absent: nothing, so that rows are text. */
  readonly format?: string
}

export interface OutputState {
  readonly name: string
  readonly type: string
  readonly state: 'idle' | 'sending' | 'retrying' | 'paused'
  /** Why it is paused, in one word: `unreachable`, `unauthorized`, `refuses_all` … */
  readonly reason?: string
  /** How often a paused one is tried again; absent where no request would end the pause. */
  readonly tryEveryMs?: number
  /** Epoch ms since when it is paused, retries, or neither. */
  readonly since: number
  /** Epoch ms when it began with the options that it has. */
  readonly startedAt: number
  /** Who answered last: `Elasticsearch 9.5.3 at "http://es:9200"`. */
  readonly server?: string
  readonly inFlightRequests: number
  readonly inFlightBytes: number
  /** For how long the oldest request has had no answer, where that is unusual. */
  readonly waitingMs?: number
  /** What its sources hold and it has not settled; absent: nothing. */
  readonly backlog?: OutputBacklog
  /** Rows sent again since the start. */
  readonly retriedRows: number
  /** Stored now, also those of earlier runs. */
  readonly deadLetters: number
  /** Refused rows that become dead letters within 10 s, unless most others are refused too; absent: none. `types` are some of
   * what they were refused for. */
  readonly undecided?: { readonly rows: number; readonly types: readonly string[] }
  readonly lastError?: { readonly message: string; readonly at: number }
}

export interface OutputBacklog {
  readonly bytes: number
  /** Age of the oldest row that is read and not settled, by its own time; absent: none is. */
  readonly ageMs?: number
  /** Until it is settled at the pace of the last seconds; absent while it does not shrink. */
  readonly leftMs?: number
}

export interface InputProblem {
  readonly input: string
  readonly path: string
  /** `permission denied: run the collector as a user who may read it` … */
  readonly reason: string
}

export interface LedgerRow {
  readonly source: SourceId
  /** Path or name for people. */
  readonly name: string
  readonly input: string
  readonly output: string
  readonly position: Position
  readonly ledger: Ledger
  /** It is of what the running configuration reads and sends, not left by another one. */
  readonly configured: boolean
}

/** As the API and the command line show it. */
export type NamedLedgerRow = ReturnType<typeof withNames<LedgerRow>>

/** The agents that are remembered. */
export interface AgentBook {
  /** Those that are in the most trouble first. */
  list(): readonly AgentStatus[]
  /** Whether there was one with this id. Its next row makes it a new one. */
  forget(id: string): boolean
}

export interface TailWanted {
  /** LogQL; empty: all rows. */
  readonly query: string
  /** Lines for people, or an ECS document each. */
  readonly format: 'text' | 'json'
  /** Colours in text. */
  readonly color: boolean
}

/** Why nobody can look so. With a position in the query there is a mistake; else too many look already. */
export interface TailRefusal {
  readonly error: string
  /** Offset in the query. */
  readonly position?: number
}

/** Somebody looks at rows. */
export interface Tailing {
  /** What has come, once there is something; undefined: the collector ends, or it was closed. Whoever calls it has taken what came
   * before: a shard sends no more until then, and what finds no room there is left out. One call at a time. */
  next(): Promise<TailRows | undefined>
  close(): void
}

export interface TailRows {
  /** A line a row, each with its end. */
  readonly lines: Uint8Array
  readonly rows: number
  /** So many rows behind these are not shown. */
  readonly leftOut: number
}

/** The dead letters of all outputs. Ids are positive whole numbers that grow and are never used again. */
export interface Letters {
  /** Newest first, at most `limit`, without the rows. */
  list(query: LetterQuery): Promise<readonly LetterInfo[]>
  get(id: number): Promise<Letter | undefined>
  /** Those of the ids that no letter has. */
  missing(ids: readonly number[]): Promise<readonly number[]>
  /** Returns how many there were; ids that are unknown do nothing. */
  delete(ids: readonly number[]): Promise<number>
  /** Sends letters again. The delivered ones are deleted, the refused ones stay. */
  replay(ids: readonly number[]): Promise<ReplayResult>
}

export interface LetterInfo extends Omit<DeadLetter, 'row'> {
  readonly id: number
}

export interface Letter extends LetterInfo {
  /** The encoded row, as it was sent; undefined where it no longer is what was stored. */
  readonly row: Uint8Array | undefined
}

export interface ReplayResult {
  readonly delivered: number
  readonly refused: number
  /** Could not be sent now: they stay. */
  readonly unsent: number
  /** Why the refused and unsent ones were not delivered, one sentence a distinct reason, at most ten. */
  readonly reasons: readonly string[]
}
