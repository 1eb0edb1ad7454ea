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
}

/** The way to the state database. In a shard it is a message port, in tests it may be a database at hand. */
export interface StateLink {
  /** Hands records over and returns their number: they are durable once `durable` has reached it. */
  append(records: readonly StateRecord[]): number
  /** All records up to this number are durable. */
  readonly durable: number
  /** Resolves once `durable` has reached the number. While the disk is full it waits; it never rejects. */
  untilDurable(number: number): Promise<void>
  /** False while the state directory can not be written (full disk): reading pauses. */
  readonly writable: boolean
}
