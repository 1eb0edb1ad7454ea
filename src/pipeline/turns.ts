import type { Clock } from '../core/clock.ts'
import type { Sample } from '../core/metrics.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Lane } from './lane.ts'

/** After so long the loop lets sockets and timers have their turn, ms. */
const sliceMs = 8
/** While reading is not allowed, so often it is asked whether it is again. */
const askMs = 1000

export interface TurnsParts {
  readonly clock: Clock
  /** False stops reading: the state directory is full. */
  readonly canRead: () => boolean
  /** Counts the time spent in turns. */
  readonly seconds: Sample
  /** Called between slices, when no batch is in use. */
  readonly between: () => void
  readonly finished: (lane: Lane) => void
  /** Called after slices in which something was read. */
  readonly progressed: () => void
}

/** Gives lanes their turns, fairly and one at a time. A lane that has nothing to read or no room to write leaves the round; it comes
 * back by `add` (its file grew) or `resume` (its output has room). */
export class Turns {
  readonly #parts: TurnsParts
  readonly #ready = new Set<Lane>()
  readonly #full = new Map<Delivery, Set<Lane>>()
  /** Lanes with an unfinished line, which is sent when it does not grow. */
  readonly #partial = new Set<Lane>()
  #partialTimer: (() => void) | undefined
  #stopAsking: (() => void) | undefined
  #scheduled = false
  /** Lanes may gather before the first turn. */
  #stopped = true

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  start(): void {
    this.#stopped = false
    this.#schedule()
  }

  add(lane: Lane): void {
    if (this.#full.get(lane.delivery)?.has(lane)) return
    this.#ready.add(lane)
    this.#schedule()
  }

  /** Brings back the lanes that waited for this output. */
  resume(delivery: Delivery): void {
    const lanes = this.#full.get(delivery)
    if (lanes === undefined) return
    this.#full.delete(delivery)
    for (const lane of lanes) this.#ready.add(lane)
    this.#schedule()
  }

  remove(lane: Lane): void {
    this.#ready.delete(lane)
    this.#partial.delete(lane)
    this.#full.get(lane.delivery)?.delete(lane)
  }

  stop(): void {
    this.#stopped = true
    this.#ready.clear()
    this.#partialTimer?.()
    this.#stopAsking?.()
  }

  /** No lane waits for a turn, or for room. */
  get isIdle(): boolean {
    if (this.#ready.size > 0) return false
    for (const lanes of this.#full.values()) if (lanes.size > 0) return false
    return true
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    setImmediate(() => this.#slice())
  }

  #slice(): void {
    this.#scheduled = false
    if (this.#stopped) return
    if (!this.#parts.canRead()) {
      this.#askAgain()
      return
    }
    const began = this.#parts.clock.monotonic()
    let hasRead = false
    for (const lane of this.#ready) {
      this.#ready.delete(lane)
      if (this.#turn(lane)) hasRead = true
      if (this.#parts.clock.monotonic() - began > sliceMs) break
    }
    this.#parts.seconds.value += (this.#parts.clock.monotonic() - began) / 1000
    this.#parts.between()
    if (hasRead) this.#parts.progressed()
    if (this.#ready.size > 0) this.#schedule()
  }

  /** Lanes are woken meanwhile, too: one timer is enough for all. */
  #askAgain(): void {
    this.#stopAsking ??= this.#parts.clock.after(askMs, () => {
      this.#stopAsking = undefined
      this.#schedule()
    })
  }

  /** Returns whether the lane has read something. */
  #turn(lane: Lane): boolean {
    const before = lane.readTo
    const end = lane.turn()
    if (end === 'more') this.#ready.add(lane)
    else if (end === 'finished') this.#parts.finished(lane)
    else if (end === 'full') {
      const waiting = this.#full.get(lane.delivery)
      if (waiting === undefined) this.#full.set(lane.delivery, new Set([lane]))
      else waiting.add(lane)
    }
    if (lane.partialDue === Infinity) this.#partial.delete(lane)
    else {
      this.#partial.add(lane)
      this.#watchPartials()
    }
    return lane.readTo > before
  }

  #watchPartials(): void {
    if (this.#partialTimer !== undefined || this.#stopped) return
    let due = Infinity
    for (const lane of this.#partial) due = Math.min(due, lane.partialDue)
    if (due === Infinity) return
    const wait = Math.max(10, due - this.#parts.clock.monotonic())
    this.#partialTimer = this.#parts.clock.after(wait, () => this.#expire())
  }

  #expire(): void {
    this.#partialTimer = undefined
    if (this.#stopped) return
    if (!this.#parts.canRead()) {
      this.#partialTimer = this.#parts.clock.after(askMs, () => this.#expire())
      return
    }
    const now = this.#parts.clock.monotonic()
    let hasRead = false
    for (const lane of this.#partial) {
      if (now < lane.partialDue) continue
      if (lane.expirePartial(now)) this.add(lane)
      if (lane.partialDue === Infinity) {
        this.#partial.delete(lane)
        hasRead = true
      }
    }
    if (hasRead) this.#parts.progressed()
    this.#watchPartials()
  }
}
