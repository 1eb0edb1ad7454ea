import type { Clock } from '../core/clock.ts'
import type { Meter } from '../core/metrics.ts'
import type { Tracks } from './report.ts'

/** How quickly older looks are forgotten, ms. */
const memoryMs = 10_000
/** A pace that was seen so long ago says nothing about now, ms. */
const freshMs = 5000

/** How far an output is behind the ends of its sources. */
export interface Behind {
  readonly bytes: number
  /** Age of the oldest row that is read and not settled, by the row's own time: give or take the rows of a chunk. Undefined: none. */
  readonly ageMs: number | undefined
  /** Until there is no backlog, if it goes on shrinking as it does. Undefined: it does not shrink, or that is not known yet. */
  readonly leftMs: number | undefined
}

interface Look {
  readonly at: number
  readonly bytes: number
  /** Bytes by which the backlog shrinks, less what is written meanwhile. */
  readonly perMs: number
}

/** What outputs have not settled yet, and how soon that will be over. */
export class Backlog {
  readonly #clock: Clock
  #looks = new Map<string, Look>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sees how backlogs have changed. Called about once a second while there are any. */
  look(tracks: Tracks): void {
    const at = this.#clock.monotonic()
    const looks = new Map<string, Look>()
    for (const [output, { bytes }] of sums(tracks)) {
      const last = this.#looks.get(output)
      const ms = at - (last?.at ?? at)
      if (last !== undefined && ms < memoryMs / 100) looks.set(output, last)
      else looks.set(output, { at, bytes, perMs: last === undefined ? 0 : paceOf(last, bytes, ms) })
    }
    this.#looks = looks
  }

  of(tracks: Tracks): Map<string, Behind> {
    const now = this.#clock.monotonic()
    const behind = new Map<string, Behind>()
    for (const [output, { bytes, oldest }] of sums(tracks)) {
      const look = this.#looks.get(output)
      const isShrinking = look !== undefined && look.perMs > 0 && now - look.at < freshMs
      behind.set(output, {
        bytes,
        ageMs: oldest === Infinity ? undefined : Math.max(0, this.#clock.now() - oldest),
        leftMs: bytes === 0 ? 0 : isShrinking ? bytes / look.perMs : undefined
      })
    }
    return behind
  }

  /** Puts them among the metrics. What is not known is not there. */
  measure(tracks: Tracks, outputs: readonly string[], meter: Meter): void {
    const behind = this.of(tracks)
    for (const output of outputs) {
      const { bytes = 0, ageMs = 0, leftMs } = behind.get(output) ?? { leftMs: 0 }
      meter.of('collector_output_backlog_bytes', output).value = bytes
      meter.of('collector_output_backlog_age_seconds', output).value = ageMs / 1000
      meter.of('collector_output_backlog_left_seconds', output).value = (leftMs ?? NaN) / 1000
    }
  }
}

function paceOf(last: Look, bytes: number, ms: number): number {
  const weight = 1 - Math.exp(-ms / memoryMs)
  const now = (last.bytes - bytes) / ms
  return last.perMs === 0 ? now : last.perMs + weight * (now - last.perMs)
}

/** By output, over all sources. */
function sums(tracks: Tracks): Map<string, { bytes: number; oldest: number }> {
  const sums = new Map<string, { bytes: number; oldest: number }>()
  for (const [{ size }, list] of tracks) {
    for (const { output, settled, oldestTime } of list) {
      const sum = sums.get(output) ?? { bytes: 0, oldest: Infinity }
      sums.set(output, sum)
      sum.bytes += Math.max(0, size - settled)
      sum.oldest = Math.min(sum.oldest, oldestTime)
    }
  }
  return sums
}
