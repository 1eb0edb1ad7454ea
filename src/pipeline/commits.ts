import type { Clock } from '../core/clock.ts'
import { crashPoint, crashPointHandedOver } from '../core/crash-points.ts'
import type { StateLink, StateRecord } from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Cursors } from './cursors.ts'
import type { Lanes } from './lanes.ts'

const resumesFromPending = hasBug('resume-from-pending')
/** Cursors are stored so often, ms. */
const commitMs = 1000

export interface CommitsParts {
  readonly lanes: Lanes
  /** Are told what was handed over. */
  readonly cursors: Cursors
  readonly link: StateLink
  readonly clock: Clock
  /** Called about once a second while there are backlogs. */
  readonly look: () => void
}

/** Stores cursors: a second after something moved, or sooner where a scan stores something too, all that have moved together. The
 * shard says when something has moved, and `Lanes` which cursors there are. */
export class Commits {
  readonly #parts: CommitsParts
  #stopTimer: (() => void) | undefined
  /** When the timer was set. */
  #movedAt = 0

  constructor(parts: CommitsParts) {
    this.#parts = parts
  }

  /** Something was read or has ended. May be called without need. */
  soon(): void {
    if (this.#stopTimer !== undefined) return
    const { clock } = this.#parts
    this.#movedAt = clock.monotonic()
    this.#stopTimer = clock.after(commitMs, () => {
      this.#stopTimer = undefined
      this.now()
    })
  }

  /** Sizes of files that grew are stored at each scan: cursors go into the same commit, rather than into one of their own. */
  along(): void {
    if (this.#stopTimer === undefined) return
    if (this.#parts.clock.monotonic() - this.#movedAt < commitMs / 2) return
    this.#stopTimer()
    this.#stopTimer = undefined
    this.now()
  }

  /** Hands all cursors that moved to the state database; comes again while rows are pending. */
  now(): void {
    const { lanes, look } = this.#parts
    const records: StateRecord[] = []
    for (const [source, tracks] of lanes) this.#collect(source, tracks, records)
    if (lanes.pendingRows > 0) this.soon()
    look()
    this.#handOver(records)
  }

  /** The same for one source, which is about to be closed: there may be thousands. */
  nowOf(source: FileSource): void {
    const records: StateRecord[] = []
    this.#collect(source, this.#parts.lanes.tracksOf(source), records)
    this.#handOver(records)
  }

  /** While the shard drains, behind its last row: what has moved does not wait any more. */
  last(): void {
    this.#stopTimer?.()
    this.now()
  }

  #collect(source: FileSource, tracks: readonly Track[], records: StateRecord[]): void {
    const { cursors } = this.#parts
    let lowest = Infinity
    for (const track of tracks) {
      lowest = Math.min(lowest, track.settled)
      const moved = track.takeCursor()
      if (moved === undefined) continue
      const marker = source.marker(moved.position)
      const cursor = { source: source.id, output: track.output, ...moved, marker }
      cursors.set(resumesFromPending ? { ...cursor, position: track.read } : cursor)
      records.push({ kind: 'cursor', cursor })
    }
    const dropped = source.marks.dropCuts(lowest)
    if (dropped !== undefined) records.push(dropped)
  }

  #handOver(records: readonly StateRecord[]): void {
    if (records.length === 0) return
    crashPoint('pipeline.commit.before')
    this.#parts.link.append(records)
    crashPointHandedOver('pipeline.commit.after')
  }
}
