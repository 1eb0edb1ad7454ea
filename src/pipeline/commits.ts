import type { Clock } from '../core/clock.ts'
import { crashPoint, crashPointHandedOver } from '../core/crash-points.ts'
import type { Observed, ShardRecord, StateLink } from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Cursors } from './cursors.ts'
import type { Lanes } from './lanes.ts'
import type { RuleTap } from './rule-tap.ts'

const resumesFromPending = hasBug('resume-from-pending')
/** Cursors are stored so often, ms. */
const commitMs = 1000

export interface CommitsParts {
  readonly lanes: Lanes
  /** Are told what was handed over. */
  readonly cursors: Cursors
  readonly tap: RuleTap
  readonly link: StateLink
  readonly clock: Clock
  /** Called about once a second while there are backlogs, behind what is handed over. */
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
    const records: ShardRecord[] = []
    for (const [source, tracks] of lanes.restless()) this.#collect(source, tracks, records)
    this.#collectObserved(records)
    lanes.settleDown()
    if (lanes.pendingRows > 0) this.soon()
    this.#handOver(records)
    look()
  }

  /** The same for one source, which is about to be closed: there may be thousands. */
  nowOf(source: FileSource): void {
    const { lanes } = this.#parts
    // What its rows have added to rules is added up with that of others.
    if (this.#unstoredOf(source, lanes.sightOf(source)) !== undefined) return this.now()
    const records: ShardRecord[] = []
    this.#collect(source, lanes.tracksOf(source), records)
    this.#handOver(records)
  }

  /** While the shard drains, behind its last row: what has moved does not wait any more. */
  last(): void {
    this.#stopTimer?.()
    this.now()
  }

  #collect(source: FileSource, tracks: readonly Track[], records: ShardRecord[]): void {
    const { cursors } = this.#parts
    let lowest = this.#parts.lanes.sightOf(source)?.settled ?? Infinity
    for (const track of tracks) {
      lowest = Math.min(lowest, track.settled)
      const moved = track.takeCursor()
      if (moved === undefined) continue
      const { position, ledger } = moved
      // Ten thousand are kept: a spread would put most fields into a second object.
      const cursor = { source: source.id, output: track.output, position, ledger, marker: source.marker(position) }
      cursors.set(resumesFromPending ? { ...cursor, position: track.read } : cursor)
      records.push({ kind: 'cursor', cursor })
    }
    const dropped = source.marks.dropCuts(lowest)
    if (dropped !== undefined) records.push(dropped)
  }

  /** How far rules have seen sources, and what exactly these rows have added to them. */
  #collectObserved(records: ShardRecord[]): void {
    const { lanes, cursors, tap } = this.#parts
    for (const [source] of lanes.restless()) {
      const track = lanes.sightOf(source)
      const observed = this.#unstoredOf(source, track)
      // it has nobody else who stores it; then it may rest
      track?.takeCursor()
      if (observed === undefined) continue
      cursors.observe(observed)
      records.push({ kind: 'observed', observed })
    }
    const deltas = tap.deltas()
    if (deltas.length > 0) records.push({ kind: 'deltas', deltas })
  }

  #unstoredOf({ id }: FileSource, track: Track | undefined): Observed | undefined {
    if (track === undefined) return undefined
    const known = this.#parts.cursors.observed(id)
    const { settled: from, read: knownTo } = track
    return known?.from === from && known.knownTo === knownTo ? undefined : { source: id, from, knownTo }
  }

  #handOver(records: readonly ShardRecord[]): void {
    if (records.length === 0) return
    crashPoint('pipeline.commit.before')
    this.#parts.link.append(records)
    crashPointHandedOver('pipeline.commit.after')
  }
}
