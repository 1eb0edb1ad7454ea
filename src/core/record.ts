import type { Cursor } from './outcome.ts'
import type { Position, SourceId } from './source.ts'

/** What a shard asks the control thread to store. Records of one call are stored in one transaction, calls in their order. */
export type StateRecord =
  | { readonly kind: 'source'; readonly source: StoredSource }
  | { readonly kind: 'forget'; readonly source: SourceId }
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'cut'; readonly source: SourceId; readonly position: Position }
  | { readonly kind: 'uncut'; readonly source: SourceId; readonly before: Position }
  | { readonly kind: 'parser'; readonly source: SourceId; readonly parser: string }
  | { readonly kind: 'letter'; readonly letter: DeadLetter }
  | { readonly kind: 'note'; readonly key: string; readonly value: string }
  | { readonly kind: 'agent'; readonly agent: StoredAgent }
  | { readonly kind: 'forgetAgent'; readonly id: string }
  | { readonly kind: 'observed'; readonly observed: Observed }
  | StoredWindow
  /** The query is none of a rule any more. */
  | { readonly kind: 'unwindow'; readonly query: string }
  | StoredAlert
  | StoredNotice
  /** There are no rules any more: nothing of them is of use. */
  | { readonly kind: 'unobserved' }

/** What a shard hands over: records, and with them what the rows up to the `observed` places of the same call have added to the windows of
 * rules. The deltas are turned into records where the windows are, and stored in the same transaction. */
export type ShardRecord = StateRecord | { readonly kind: 'deltas'; readonly deltas: readonly RuleDelta[] }

/** The id of a rule's query, and a `MetricDelta` of logql/. */
export type RuleDelta = readonly [query: string, delta: unknown]

/** How far the rules have seen a source: rows that end before `knownTo` are in their windows. Reading goes on at `from`, which is before
 * that where a record across `knownTo` had begun. */
export interface Observed {
  readonly source: SourceId
  readonly from: Position
  readonly knownTo: Position
}

/** Rows of a bucket of a rule's windows, as logql/ stores them: with a check of its own. Empty: no longer of use. */
export interface StoredWindow {
  readonly kind: 'window'
  /** The id of the query, the number of the range aggregation in it, and that of the bucket. */
  readonly query: string
  readonly range: number
  readonly bucket: number
  readonly blob: Uint8Array
}

/** An alert, as rules/ stores it. Empty: it is over. */
export interface StoredAlert {
  readonly kind: 'alert'
  /** The id of the rule, and the labels of the alert as JSON. */
  readonly rule: string
  readonly labels: string
  readonly content: string
}

/** What a receiver was told last of a group of alerts, as rules/ stores it. Empty: nothing that somebody has to know. */
export interface StoredNotice {
  readonly kind: 'notice'
  readonly receiver: string
  readonly group: string
  readonly content: string
}

/** What rules go on with after a start. */
export interface StoredRules {
  readonly windows: readonly StoredWindow[]
  readonly alerts: readonly StoredAlert[]
  readonly notices: readonly StoredNotice[]
}

/** A source as it is known over restarts. `file` is what inputs/file needs to know it again, opaque to everybody else. */
export interface StoredSource {
  readonly id: SourceId
  readonly input: string
  /** Path or name for people. */
  readonly name: string
  readonly file: Readonly<Record<string, string | number | boolean>>
  /** Epoch ms when it was last seen. */
  readonly seenAt: number
}

/** A monitored program as it is known over restarts. `facts` belong to rules/agents, and are opaque to everybody else. */
export interface StoredAgent {
  readonly id: string
  readonly facts: Readonly<Record<string, string | number | boolean>>
}

/** A refused row, as it was sent. */
export interface DeadLetter {
  readonly output: string
  readonly source: SourceId
  readonly position: Position
  readonly length: number
  readonly status: number
  readonly type: string
  readonly reason: string
  /** Epoch ms. */
  readonly at: number
  /** The encoded row. */
  readonly row: Uint8Array
  /** A check over `Output.identity`, by which a row that is refused again after a crash is known: a row without a time has that
   * of its reading. Absent: the whole row. */
  readonly identity?: number
}

/** What a shard gets when it starts: all that concerns its inputs and outputs. */
export interface StoredState {
  readonly sources: readonly StoredSource[]
  readonly cursors: readonly Cursor[]
  readonly cuts: readonly { readonly source: SourceId; readonly position: Position }[]
  readonly parsers: Readonly<Record<SourceId, string>>
  readonly notes: Readonly<Record<string, string>>
  readonly observed: readonly Observed[]
}

/** The way to the state database. In a shard it is a message port, in tests it may be a database at hand. */
export interface StateLink {
  /** Hands records over and returns their number: they are durable once `durable` has reached it. */
  append(records: readonly ShardRecord[]): number
  /** All records up to this number are durable. */
  readonly durable: number
  /** Resolves once `durable` has reached the number. While the disk is full it waits; it never rejects. */
  untilDurable(number: number): Promise<void>
  /** False while the state directory can not be written (full disk): reading pauses. */
  readonly writable: boolean
}

/** Stores nothing, and is always done with it. */
export const noLink: StateLink = {
  durable: Number.MAX_SAFE_INTEGER,
  writable: true,
  append: () => 0,
  untilDurable: () => Promise.resolve()
}
