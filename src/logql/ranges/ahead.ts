import { noCounts, type RangeDelta, type SlabPart } from './delta.ts'

interface Held {
  /** The time of its rows is behind this, epoch ms. */
  readonly from: number
  readonly range: number
  readonly delta: RangeDelta
}

/** What rows of a replay have added at times that no evaluation has come to: windows must not know of a group before it is there. */
export class Ahead {
  /** The latest first. */
  #held: Held[] = []
  #isSorted = true

  /** The beginning of the earliest; Infinity: there is nothing. */
  get from(): number {
    this.#sort()
    return this.#held.at(-1)?.from ?? Infinity
  }

  add(range: number, widthMs: number, delta: RangeDelta): void {
    for (const part of delta.slabs) {
      this.#held.push({ from: part.bucket * widthMs, range, delta: partOf(delta, part) })
    }
    this.#isSorted = false
  }

  /** Takes what an evaluation at a time sees. */
  take(at: number): Held[] {
    this.#sort()
    let first = this.#held.length
    while (first > 0 && this.#held[first - 1]!.from < at) first--
    return this.#held.splice(first).toReversed()
  }

  #sort(): void {
    if (!this.#isSorted) this.#held.sort((a, b) => b.from - a.from)
    this.#isSorted = true
  }
}

/** One bucket of a delta, with the keys of its own groups alone. */
function partOf({ keys, ends }: RangeDelta, part: SlabPart): RangeDelta {
  const own = [...new Set(part.groups)]
  const numbers = new Map(own.map((group, number) => [group, number]))
  let end = 0
  return {
    keys: Buffer.concat(own.map(group => keys.subarray(ends[group - 1] ?? 0, ends[group]))),
    ends: Int32Array.from(own, group => (end += ends[group]! - (ends[group - 1] ?? 0))),
    // at least so many: the bucket does not say
    rows: new Uint32Array(own.length).fill(1),
    slabs: [{ ...part, groups: part.groups.map(group => numbers.get(group)!) }],
    counts: noCounts
  }
}
