import type { Clock } from '../core/clock.ts'
import type { Sample } from '../core/metrics.ts'
import type { Lane, Sink, TurnEnd } from './lane.ts'

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
  /** Some outputs of the lane have no room: they leave it. Returns the lane they are in then. */
  readonly part: (lane: Lane) => Lane
  /** The lane stands where the one ahead does: they become one, which is returned. */
  readonly meet: (lane: Lane) => Lane
  readonly finished: (lane: Lane) => void
  /** Called after slices in which something was read. */
  readonly progressed: () => void
}

/** Gives lanes their turns, fairly and one at a time. A lane that has nothing to read or no room to write leaves the round; it comes
 * back by `add` (its file grew) or `resume` (an output has room). Lanes that read again what another one has read take no more than
 * every second slice while others have something to read. */
export class Turns {
  readonly #parts: TurnsParts
  readonly #live = new Set<Lane>()
  readonly #late = new Set<Lane>()
  #wasLate = true
  readonly #full = new Map<Sink, Set<Lane>>()
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

  /** It has something to read, or an output more. */
  add(lane: Lane): void {
    if (lane.takers.every(({ delivery }) => this.#full.get(delivery)?.has(lane))) return
    this.#unwait(lane)
    this.#put(lane)
    this.#schedule()
  }

  /** It can go on, though its outputs have no room. */
  bring(lane: Lane): void {
    this.#unwait(lane)
    this.#put(lane)
    this.#schedule()
  }

  /** Brings back the lanes that waited for this output. */
  resume(delivery: Sink): void {
    const lanes = this.#full.get(delivery)
    if (lanes === undefined) return
    this.#full.delete(delivery)
    for (const lane of lanes) this.add(lane)
  }

  remove(lane: Lane): void {
    this.#live.delete(lane)
    this.#late.delete(lane)
    this.#partial.delete(lane)
    for (const [delivery, lanes] of this.#full) {
      lanes.delete(lane)
      if (lanes.size === 0) this.#full.delete(delivery)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#live.clear()
    this.#late.clear()
    this.#partialTimer?.()
    this.#stopAsking?.()
  }

  /** No lane waits for a turn, or for room. */
  get isIdle(): boolean {
    return !this.#isReady && this.#full.size === 0
  }

  get #isReady(): boolean {
    return this.#live.size + this.#late.size > 0
  }

  #put(lane: Lane): void {
    if (lane.ahead === undefined) this.#live.add(lane)
    else this.#late.add(lane)
  }

  #wait(lane: Lane): void {
    for (const { delivery } of lane.takers) {
      const waiting = this.#full.get(delivery)
      if (waiting === undefined) this.#full.set(delivery, new Set([lane]))
      else waiting.add(lane)
    }
  }

  #unwait(lane: Lane): void {
    for (const { delivery } of lane.takers) {
      const waiting = this.#full.get(delivery)
      // outputs come and go
      if (waiting?.delete(lane) && waiting.size === 0) this.#full.delete(delivery)
    }
  }

  /** Whose slice it is. */
  get #next(): Set<Lane> {
    this.#wasLate = this.#live.size === 0 || (this.#late.size > 0 && !this.#wasLate)
    return this.#wasLate ? this.#late : this.#live
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
    const lanes = this.#next
    for (const lane of lanes) {
      lanes.delete(lane)
      if (this.#turn(lane)) hasRead = true
      if (this.#parts.clock.monotonic() - began > sliceMs) break
    }
    this.#parts.seconds.value += (this.#parts.clock.monotonic() - began) / 1000
    this.#parts.between()
    if (hasRead) this.#parts.progressed()
    if (this.#isReady) this.#schedule()
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
    if (end === 'met') this.#meet(lane)
    else this.#goOn(lane, end)
    return lane.readTo > before
  }

  #meet(lane: Lane): void {
    this.remove(lane)
    const one = this.#parts.meet(lane)
    this.add(one)
    if (one.behind !== undefined) this.add(one.behind)
  }

  #goOn(lane: Lane, end: TurnEnd): void {
    if (end === 'full') this.#wait(lane)
    else if (end === 'finished') this.#parts.finished(lane)
    else if (end === 'loading') void lane.loading?.then(() => this.add(lane))
    else if (end !== 'idle') this.#put(lane)
    // what it still has to read again needs no room
    if (end === 'apart') this.#put(this.#parts.part(lane))
    // whatever has changed here, that one may have waited for it
    if (lane.behind !== undefined) this.add(lane.behind)
    if (lane.partialDue === Infinity) this.#partial.delete(lane)
    else {
      this.#partial.add(lane)
      this.#watchPartials()
    }
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
      if (lane.behind !== undefined) this.add(lane.behind)
      if (lane.partialDue === Infinity) {
        this.#partial.delete(lane)
        hasRead = true
      }
    }
    if (hasRead) this.#parts.progressed()
    this.#watchPartials()
  }
}
