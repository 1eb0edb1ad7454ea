import type { Clock } from '../core/clock.ts'

/** Where they are thinned out, one mark an hour reaches back for six weeks at least. */
const mostMarks = 2000

type Mark = readonly [runningMs: number, newestId: number]

/**
 * How long dead letters have been kept, counted while a collector runs: a clock that jumps, forward or back, makes none of them old.
 * Ids of letters grow, so that the newest one of a moment says which are older.
 */
export class LetterAges {
  #marks: Mark[]
  #runningMs: number
  #markedAt: number
  readonly #clock: Clock

  /** `note` is what an earlier run's `mark` returned. */
  constructor(note: string | undefined, clock: Clock) {
    this.#marks = readMarks(note)
    this.#runningMs = this.#marks.at(-1)?.[0] ?? 0
    this.#markedAt = clock.monotonic()
    this.#clock = clock
  }

  /** Takes note of the newest letter there is now; returns what to keep for the next run. */
  mark(newestId: number): string {
    const now = this.#clock.monotonic()
    this.#runningMs += Math.round(now - this.#markedAt)
    this.#markedAt = now
    // The letters were damaged and begun anew, and so are their ids.
    if (newestId < (this.#marks.at(-1)?.[1] ?? 0)) this.#marks = []
    this.#marks.push([this.#runningMs, newestId])
    if (this.#marks.length > mostMarks) this.#marks = this.#marks.filter((_, i) => i % 2 === 1)
    return JSON.stringify(this.#marks)
  }

  /** The newest letter that was there so long ago; 0 where none was. */
  newestBefore(ms: number): number {
    return this.#marks.findLast(([at]) => at <= this.#runningMs - ms)?.[1] ?? 0
  }
}

function readMarks(note: string | undefined): Mark[] {
  try {
    return JSON.parse(note ?? '[]') as Mark[]
  } catch {
    return []
  }
}
