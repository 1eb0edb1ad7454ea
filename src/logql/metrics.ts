import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { evaluate } from './evaluate/evaluate.ts'
import type { Labels, Sample } from './evaluate/sample.ts'
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

/** What is stored of a query under a range aggregation and a bucket. */
export interface StoredBuckets {
  readonly range: number
  readonly bucket: number
  readonly blob: Uint8Array
}

export interface MetricChanges {
  /** In place of what was stored under the same numbers. */
  readonly stored: readonly StoredBuckets[]
  /** No longer of use. */
  readonly gone: readonly Pick<StoredBuckets, 'range' | 'bucket'>[]
}

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

  /** What has changed since the last call, for keeping it over a restart, in one transaction with how far rows have been read. */
  changes(): MetricChanges {
    const all = this.#ranges.map(range => range.changes())
    return {
      stored: all.flatMap(({ stored }, range) => stored.map(one => ({ range, ...one }))),
      gone: all.flatMap(({ gone }, range) => gone.map(bucket => ({ range, bucket })))
    }
  }

  /** Takes a blob back, before anything is merged; false if it is broken, or of a query that was another one. */
  restore({ range, blob }: StoredBuckets): boolean {
    return this.#ranges[range]?.restore(blob) ?? false
  }

  /** Series with these labels have left for good reason: they are not remembered, unless there are rows of them again. */
  forget(labels: Labels): void {
    for (const range of this.#ranges) range.forget(labels)
  }

  /** The samples at a time, which never goes back, of the rows merged until now. Throws `EvaluationFault`. */
  at(time: number): readonly Sample[] {
    let next = 0
    return evaluate(this.#metric, () => this.#ranges[next++]!.samples(time))
  }
}
