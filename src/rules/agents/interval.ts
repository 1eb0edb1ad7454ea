/** Gaps between heartbeats that are remembered, and how many there must be before an interval is believed. */
const mostGaps = 12
const leastGaps = 4
/** Shorter gaps are repeats of one heartbeat, longer ones are breaks. So are those shorter than a fifth of what three in four are at
 * most: one heartbeat may be several lines, from its sending to its answer. */
const shortestMs = 500
const longestMs = 3_600_000
const repeat = 0.2
/** So many gaps in a row that are alike, and unlike the interval, are a new one: it need not wait for the median. */
const newGaps = 3
const alike = 0.2
const unlike = 0.5

/**
 * Learns how often an agent sends heartbeats: the median of its last twelve gaps, which stands lost lines as long as they are less than
 * half, and doubled ones. `slackMs` is how far gaps are from it as a rule (three times the median deviation, at least a tenth of the interval
 * and at most half of it). How often who is there is taken for offline: README of rules, and test/rules/agents/simulation.ts.
 */
export class HeartbeatInterval {
  #ms: number | undefined
  #slackMs = 0
  #gaps: number[] = []
  #lastAt: number | undefined

  /** Undefined: not known yet. */
  get ms(): number | undefined {
    return this.#ms
  }

  get slackMs(): number {
    return this.#slackMs
  }

  /** Begins with what was known. */
  restore(ms: number, lastAt: number | undefined): void {
    this.#ms = ms
    this.#slackMs = slackOf(ms, [])
    this.#lastAt = lastAt
  }

  /** Takes the time of a heartbeat, in their order. */
  add(at: number): void {
    const gap = at - (this.#lastAt ?? Infinity)
    if (gap < shortestMs && gap >= 0) return
    this.#lastAt = at
    if (gap < shortestMs || gap > longestMs) return
    this.#gaps.push(gap)
    if (this.#gaps.length > mostGaps) this.#gaps.shift()
    if (this.#isNew()) this.#gaps = this.#gaps.slice(-newGaps)
    else if (this.#gaps.length < leastGaps) return
    const whole = withoutRepeats(this.#gaps)
    this.#ms = median(whole)
    this.#slackMs = slackOf(this.#ms, whole)
  }

  #isNew(): boolean {
    const known = this.#ms
    const last = this.#gaps.slice(-newGaps)
    if (known === undefined || last.length < newGaps) return false
    const middle = median(last)
    return Math.abs(middle - known) > known * unlike && last.every(gap => Math.abs(gap - middle) <= middle * alike)
  }
}

function slackOf(ms: number, gaps: readonly number[]): number {
  const deviation = gaps.length === 0 ? 0 : median(gaps.map(gap => Math.abs(gap - ms)))
  return Math.min(ms / 2, Math.max(ms / 10, deviation * 3))
}

function withoutRepeats(gaps: readonly number[]): number[] {
  const long = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length * 0.75)]!
  return gaps.filter(gap => gap >= long * repeat)
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
