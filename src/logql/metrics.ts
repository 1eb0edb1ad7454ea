import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { evaluate } from './evaluate/evaluate.ts'
import type { Sample } from './evaluate/sample.ts'
import type { Metric } from './metric-syntax.ts'
import { RangeCollector } from './ranges/collector.ts'
import { noCounts, type RangeCounts, type RangeDelta } from './ranges/delta.ts'
import { planRanges } from './ranges/plan.ts'
import { RangeWindows } from './ranges/windows.ts'
import { readMetric } from './read-metric.ts'

export interface MetricOptions {
  /** Of evaluations, which are at multiples of it. */
  readonly intervalMs: number
  /** How long groups that were seen count as 0 when they are silent; 0: not at all. */
  readonly rememberMs: number
  /** Of each range aggregation. */
  readonly maxGroups: number
}

/** What rows have added to each range aggregation of a query; plain data, for another thread. */
export type MetricDelta = readonly (RangeDelta | undefined)[]

/** A query that computes numbers, on the thread that sees rows. */
export class MetricCollector {
  readonly #ranges: readonly RangeCollector[]
  #all = new Uint8Array(0)

  /** Throws `QueryFault`. */
  constructor(query: string, keys: Keys, { intervalMs, maxGroups }: MetricOptions) {
    this.#ranges = planRanges(readMetric(query), intervalMs).map(plan => new RangeCollector(plan, keys, maxGroups))
  }

  /** Looks at the rows of a batch, or at those of them for which `rows` is 1. */
  collect(batch: Batch, rows: Uint8Array = this.#allOf(batch)): void {
    for (const range of this.#ranges) range.collect(batch, rows)
  }

  /** What rows have added since the last call; undefined if there is nothing. */
  delta(): MetricDelta | undefined {
    const deltas = this.#ranges.map(range => range.delta())
    return deltas.every(delta => delta === undefined) ? undefined : deltas
  }

  #allOf({ rows }: Batch): Uint8Array {
    if (this.#all.length < rows) this.#all = new Uint8Array(rows * 2).fill(1)
    return this.#all
  }
}

/** The same query on the thread that asks for its numbers. */
export class MetricEvaluator {
  /** Rows that no number is about, and why; of all that was merged. */
  readonly counts = { ...noCounts }
  readonly #metric: Metric
  readonly #ranges: readonly RangeWindows[]

  /** Throws `QueryFault`. */
  constructor(query: string, { intervalMs, rememberMs, maxGroups }: MetricOptions) {
    this.#metric = readMetric(query)
    const plans = planRanges(this.#metric, intervalMs)
    this.#ranges = plans.map(plan => new RangeWindows(plan, rememberMs, maxGroups))
  }

  merge(delta: MetricDelta): void {
    for (const [index, part] of delta.entries()) {
      if (part === undefined) continue
      this.counts.refused += this.#ranges[index]!.merge(part)
      for (const count of Object.keys(noCounts) as (keyof RangeCounts)[]) this.counts[count] += part.counts[count]
    }
  }

  /** The samples at a time, which never goes back, of the rows merged until now. */
  at(time: number): readonly Sample[] {
    let next = 0
    return evaluate(this.#metric, () => this.#ranges[next++]!.samples(time))
  }
}
