import type { Clock } from '../../core/clock.ts'

/** What a scan took, ms. */
export interface Cost {
  readonly cpuMs: number
  /** By the clock: more than its CPU time where a disk, or other programs, kept it waiting. */
  readonly wallMs: number
}

/** Rests between scans, in times of what a scan took. By the clock alone, scans of 10,000 files came every 24 s on a busy machine. */
const restsByCpu = 20
const restsByWall = 3
const mostRestMs = 60_000
/** Names come and go in company: a scan that was asked for waits for the rest. */
const companyMs = 50

/** When the next scan is due. Whoever asks for one can only make it earlier: events that never end would otherwise put it off for
 * ever. */
export class ScanTimer {
  readonly #scan: () => void
  readonly #scanMs: number
  readonly #clock: Clock
  /** Monotonic ms, as all of them. A scan before would take more than its share. */
  #earliestAt = 0
  /** How long to rest behind the last scan that met no new files, ms. */
  #steadyMs = 0
  #halfwayAt = 0
  #dueAt = Infinity
  #cancel: (() => void) | undefined

  constructor(scan: () => void, scanMs: number, clock: Clock) {
    this.#scan = scan
    this.#scanMs = scanMs
    this.#clock = clock
  }

  /** Half of the time to the next scan is over: one that takes its place now costs no wake of the thread. */
  get isHalfway(): boolean {
    return this.#clock.monotonic() >= this.#halfwayAt
  }

  /** A scan is over, whoever started it. One that met new files (`isSteady` is false) took longer than the next one will: else the
   * first scan of thousands of files, which opens them all, would be the last for half a minute. So did one that took longer than the
   * one before, until the next one does so too: the server of a mount was away for an hour, and answers again. */
  scanned({ cpuMs, wallMs }: Cost, isSteady: boolean): void {
    const now = this.#clock.monotonic()
    const dueMs = Math.max(cpuMs * restsByCpu, Math.min(wallMs * restsByWall, mostRestMs))
    const restMs = Math.min(dueMs, this.#steadyMs)
    if (isSteady) this.#steadyMs = dueMs
    this.#earliestAt = now + restMs
    this.#halfwayAt = now + Math.max(this.#scanMs / 2, restMs)
    this.#set(now + Math.max(this.#scanMs, restMs))
  }

  /** There is something that only a scan finds. */
  hurry(): void {
    const at = Math.max(this.#earliestAt, this.#clock.monotonic() + companyMs)
    if (at < this.#dueAt) this.#set(at)
  }

  stop(): void {
    this.#cancel?.()
  }

  #set(at: number): void {
    this.#cancel?.()
    this.#dueAt = at
    this.#cancel = this.#clock.after(at - this.#clock.monotonic(), this.#scan)
  }
}
