/** Gaps between heartbeats that are remembered, and how many there must be before an interval is believed. */
const mostGaps = 9
const leastGaps = 4
/** Shorter gaps are repeats of one heartbeat, longer ones are breaks. */
const shortestMs = 500
const longestMs = 3_600_000
/** So many gaps in a row that are alike, and unlike the interval, are a new one: it need not wait for the median. */
const newGaps = 3
const alike = 0.2
const unlike = 0.5

/**
 * Learns how often an agent sends heartbeats: the median of its last nine gaps, which stands lost and doubled lines as long as they are
 * less than half. `slackMs` is how far gaps are from it as a rule (three times the median deviation, at least a tenth of the interval
 * and at most half of it). What `agent.ts` makes of it, measured by `test/rules/agents/false-alarms.ts`, is in the README of rules.
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
    this.#ms = median(this.#gaps)
    this.#slackMs = slackOf(this.#ms, this.#gaps)
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

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
