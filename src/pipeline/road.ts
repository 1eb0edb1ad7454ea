import type { Lane, Taker } from './lane.ts'
import type { Place } from './reader.ts'

export type NewLane = (takers: readonly Taker[], place: Place) => Lane

/**
 * The lanes of one source in one pipeline, in their order: the first reads what nobody has read, each of the others up to where
 * the one ahead of it stands. Outputs that stand at the same place share a lane.
 */
export class Road {
  readonly pipeline: string
  readonly #newLane: NewLane
  #first: Lane | undefined

  constructor(pipeline: string, newLane: NewLane) {
    this.pipeline = pipeline
    this.#newLane = newLane
  }

  *[Symbol.iterator](): Generator<Lane> {
    for (let lane = this.#first; lane !== undefined; lane = lane.behind) yield lane
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  /** An output joins at this place, where a record begins. */
  enter(taker: Taker, { from, knownTo }: Place): void {
    let ahead: Lane | undefined
    let behind = this.#first
    for (; behind !== undefined && behind.place.knownTo >= knownTo; behind = behind.behind) ahead = behind
    const place = ahead?.place
    if (ahead !== undefined && from === knownTo && place?.from === from && place.knownTo === from) {
      ahead.admit([taker])
    } else this.#insert(this.#newLane([taker], { from, knownTo }), ahead)
  }

  /** Nobody else is in it. */
  isOnlyOf(output: string): boolean {
    return Array.from(this).every(({ takers }) => takers.every(({ track }) => track.output === output))
  }

  /** The outputs of a lane that have no room go on by themselves, from where they are. Returns their lane. */
  part(lane: Lane): Lane {
    const { place } = lane
    const leaving = lane.release(taker => !lane.takes(taker))
    return this.#insert(this.#newLane(leaving, place), lane)
  }

  /** A lane has come to where the one ahead of it stands: they become that one, which is returned. */
  meet(lane: Lane): Lane {
    const ahead = lane.ahead!
    lane.mergeAhead()
    this.#remove(lane)
    return ahead
  }

  /** An output goes for good, and its lane with it if nobody else is in that. */
  leave(output: string): void {
    for (const lane of this) {
      if (lane.release(({ track }) => track.output === output).length === 0) continue
      if (lane.takers.length > 0) return
      this.#remove(lane)
      lane.end()
      return
    }
  }

  #insert(lane: Lane, ahead: Lane | undefined): Lane {
    const behind = ahead === undefined ? this.#first : ahead.behind
    lane.ahead = ahead
    lane.behind = behind
    if (ahead === undefined) this.#first = lane
    else ahead.behind = lane
    if (behind !== undefined) behind.ahead = lane
    return lane
  }

  #remove({ ahead, behind }: Lane): void {
    if (ahead === undefined) this.#first = behind
    else ahead.behind = behind
    if (behind !== undefined) behind.ahead = ahead
  }
}
