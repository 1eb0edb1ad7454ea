import type { FollowPlan } from '../../config/define.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { StateLink, StateRecord, StoredState } from '../../core/record.ts'
import type { Position, Resource, SourceId } from '../../core/source.ts'
import type { Claims } from './claims.ts'
import type { Copies } from './copies.ts'
import type { Disk } from './disk.ts'
import type { Allowed, Handle } from './handle.ts'
import type { Handles } from './handles.ts'
import type { Heat } from './heat.ts'
import type { Holds } from './holds.ts'
import type { Inode } from './identity.ts'
import type { Resume } from './resume.ts'
import type { Shelf } from './shelf.ts'
import type { FileSource } from './source.ts'

export type FollowInput = FollowPlan & {
  readonly name: string
  readonly service: string
  readonly agentId?: string
  readonly dataset: string
  readonly resource: Resource
}

export interface FollowContext {
  readonly hostId: string
  readonly hostName: string
  readonly link: StateLink
  readonly stored: StoredState
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** There is a new source to read. The same id may be opened again after `close`, when a rotated file grew after all; its outputs
   * go on at the cursors they had, or at `startAt`. */
  open(source: FileSource): void
  /** The source has more bytes, or has ended. May be called without need. */
  wake(source: FileSource): void
  /** The lowest position up to which all outputs have settled the source; Infinity if nobody reads it. */
  settledAll(source: FileSource): Position
  /** The source has ended, and all of it is settled or counted as lost: its lanes can go. */
  close?(source: FileSource): void
  /** This source will not be opened again, and the state forgets it. */
  forget?(id: SourceId): void
  /** A scan is over, and what it had to store was appended: what else is to be stored may go along. */
  scanned?(): void
  /** What the inputs of the shard share, so that a file has one reader; absent: this is the only input. */
  readonly claims?: Claims
  /** Keeps what is not settled of deleted files; absent: they stay open until they are. */
  readonly holds?: Holds
  /** Tests put faults in. */
  readonly disk?: Disk
}

/** What the files of one follower share. */
export interface KnownParts {
  readonly input: FollowInput
  readonly context: FollowContext
  readonly disk: Disk
  readonly allowed: Allowed
  readonly resume: Resume
  readonly handles: Handles
  readonly copies: Copies
  readonly shelf: Shelf
  readonly report: (reason: string, path: string) => void
  /** Records to store, sent together after each scan. */
  readonly records: StateRecord[]
}

/** One file as it is now: what its generations have to know of it. */
export interface FileFacts {
  readonly inode: Inode
  /** The path it was first met under. */
  readonly name: string
  /** All names it was found under first. */
  readonly names: readonly string[]
  readonly handle: Handle
  readonly heat: Heat
  /** When it was first seen without any name. -1: not so. */
  readonly unlinkedAt: number
  /** The file itself said that it has no name left. */
  readonly isUnlinked: boolean
}
