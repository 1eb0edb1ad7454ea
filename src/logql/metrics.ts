import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { RowList } from '../core/row-list.ts'
import { evaluate } from './evaluate/evaluate.ts'
import type { Labels, Sample } from './evaluate/sample.ts'
import type { Metric } from './metric-syntax.ts'
import { Ahead } from './ranges/ahead.ts'
import { RangeCollector } from './ranges/collector.ts'
import { noCounts, type RangeCounts, type RangeDelta } from './ranges/delta.ts'
import { planRanges, type RangePlan } from './ranges/plan.ts'
import { splitStages, StageTree } from './ranges/stage-tree.ts'
import { RangeWindows } from './ranges/windows.ts'
import { readMetric } from './read-metric.ts'

/** A query that computes numbers, and how it is worked out. */
export interface MetricQuery {
  readonly query: string
  /** Of evaluations, which are at multiples of it. */
  readonly intervalMs: number
  /** Old rows are read again, as if each came at its own time, in batches that span any time; `Batch.readTime` is that of the newest. Nothing
   * of it is to be stored. */
  readonly isReplay?: boolean
  /** How long groups that were seen count as 0 when they are silent; 0: not at all. */
  readonly rememberMs: number
  /** Of each range aggregation: groups, and bytes of the numbers in its windows. */
  readonly maxGroups: number
  readonly maxBytes: number
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

/** Queries that compute numbers, on a thread that sees rows. */
export class MetricCollector {
  readonly #stages: StageTree
  readonly #queries: readonly (readonly RangeCollector[])[]
  readonly #rows = new RowList()

  /** Throws `QueryFault`. */
  constructor(queries: readonly MetricQuery[], keys: Keys) {
    this.#stages = new StageTree(keys)
    this.#queries = queries.map(query =>
      planRanges(readMetric(query.query), query).map(plan => {
        const { pure, rest } = splitStages(plan.range.log)
        const range = new RangeCollector(plan, rest, keys, query.maxGroups)
        this.#stages.add(pure, range)
        return range
      })
    )
  }

  /** Looks at the rows of a batch, or at those of them for which `rows` is 1. */
  collect(batch: Batch, rows?: Uint8Array): void {
    this.#rows.fill(batch.rows, rows)
    this.#stages.run(batch, this.#rows)
  }

  /** What rows have added since the last call, for each query; undefined if there is nothing. */
  deltas(): (MetricDelta | undefined)[] {
    return this.#queries.map(ranges => {
      const deltas = ranges.map(range => range.delta())
      return deltas.every(delta => delta === undefined) ? undefined : deltas
    })
  }
}

/** One of these queries on the thread that asks for its numbers. */
export class MetricEvaluator {
  /** Rows that no number is about, and why; of all that was merged. */
  readonly counts = { ...noCounts }
  readonly #metric: Metric
  readonly #plans: readonly RangePlan[]
  readonly #ranges: readonly RangeWindows[]
  /** Of a replay. */
  readonly #ahead = new Ahead()

  /** Throws `QueryFault`. */
  constructor(query: MetricQuery) {
    this.#metric = readMetric(query.query)
    this.#plans = planRanges(this.#metric, query)
    this.#ranges = this.#plans.map(plan => new RangeWindows(plan, query))
  }

  merge(delta: MetricDelta): void {
    for (const [index, part] of delta.entries()) {
      if (part === undefined) continue
      const plan = this.#plans[index]!
      if (plan.isReplay) this.#ahead.add(index, plan.widthMs, part)
      else this.#mergeInto(index, part)
      for (const count of Object.keys(noCounts) as (keyof RangeCounts)[]) this.counts[count] += part.counts[count]
    }
  }

  /** In a replay: rows that were merged and that no evaluation has seen begin behind this time; Infinity: there are none. */
  get aheadFrom(): number {
    return this.#ahead.from
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

  /** Rows are merged from a time on (epoch ms), unless that is known from before. Comes behind `restore`. */
  begin(now: number): void {
    for (const range of this.#ranges) range.begin(now)
  }

  /** Whether the windows of a time were seen as a whole where the query asks for nothing, or little: else what was there before would
   * be missed. */
  isWhole(time: number): boolean {
    return this.#ranges.every(range => range.isWhole(time))
  }

  /** Series with any of these labels have left for good reason: they are not remembered, unless there are rows of them again. */
  forget(all: readonly Labels[]): void {
    for (const range of this.#ranges) range.forget(all)
  }

  /** The clock was set back to this time, epoch ms. */
  turnBack(now: number): void {
    for (const range of this.#ranges) range.turnBack(now)
  }

  /** The samples at a time, which never goes back but behind `turnBack`, of the rows merged until now. Throws `EvaluationFault`. */
  at(time: number): readonly Sample[] {
    for (const { range, delta } of this.#ahead.take(time)) this.#mergeInto(range, delta)
    let next = 0
    return evaluate(this.#metric, () => this.#ranges[next++]!.samples(time))
  }

  #mergeInto(range: number, delta: RangeDelta): void {
    this.counts.refused += this.#ranges[range]!.merge(delta)
  }
}
