import type { Sample } from '../evaluate/sample.ts'
import type { RangeDelta } from './delta.ts'
import { labelsOfAbsence } from './group-labels.ts'
import { Groups } from './groups.ts'
import { type Measure, measureOf } from './measures.ts'
import { isCounting, type RangePlan } from './plan.ts'
import { quantileOf } from './sketch.ts'
import { Slab } from './slab.ts'

/** The side of a range aggregation that is asked for numbers: it merges what all shards have seen. */
export class RangeWindows {
  readonly #plan: RangePlan
  readonly #measure: Measure
  readonly #hasBins: boolean
  readonly #groups: Groups
  readonly #absence: Sample
  readonly #slabs = new Map<number, Slab>()
  /** The first bucket that a window to come may have. */
  #oldest = -Infinity

  constructor(plan: RangePlan, rememberMs: number, maxGroups: number) {
    this.#plan = plan
    this.#measure = measureOf(plan.range)
    this.#hasBins = plan.range.operation === 'quantile_over_time'
    this.#groups = new Groups(plan, isCounting(plan.range) ? rememberMs : 0, maxGroups)
    this.#absence = { labels: labelsOfAbsence(plan.range.log), value: 1 }
  }

  /** Adds what a shard has seen; returns how many of its rows belong to groups that are too many. */
  merge(delta: RangeDelta): number {
    const { keys, ends, rows } = delta
    const all = Buffer.from(keys.buffer, keys.byteOffset, keys.length)
    const numbers = new Int32Array(ends.length)
    let refused = 0
    for (let i = 0; i < ends.length; i++) {
      numbers[i] = this.#groups.numberOf(all.latin1Slice(ends[i - 1] ?? 0, ends[i]!))
      if (numbers[i]! < 0) refused += rows[i]!
    }
    for (const part of delta.slabs) {
      if (part.bucket < this.#oldest) continue
      const slab = this.#slabOf(part.bucket)
      const { width } = slab
      for (let i = 0; i < part.groups.length; i++) {
        const group = numbers[part.groups[i]!]!
        if (group < 0) continue
        this.#groups.see(group, part.bucket)
        const entry = slab.entry(group, part.bins?.[i] ?? 0)
        this.#measure.merge(slab.numbers, entry * width, part.numbers, i * width)
      }
    }
    return refused
  }

  /** The samples at a time, of the rows merged until now. `at` never goes back. */
  samples(at: number): Sample[] {
    const { offsetMs, rangeMs, operation } = this.#plan.range
    const first = Math.floor((at - offsetMs - rangeMs) / this.#plan.widthMs)
    const last = Math.ceil((at - offsetMs) / this.#plan.widthMs) - 1
    this.#forget(first, at)
    const sum = new Slab(this.#measure.empty, this.#hasBins)
    for (const [bucket, slab] of this.#slabs) if (bucket <= last) this.#mergeInto(sum, slab)
    if (operation === 'absent_over_time') return sum.count === 0 ? [this.#absence] : []
    const found = this.#hasBins ? this.#quantiles(sum) : this.#results(sum)
    return [...found, ...this.#silent(sum, at - offsetMs)]
  }

  #results(sum: Slab): Sample[] {
    return Array.from({ length: sum.count }, (_, entry) => ({
      labels: this.#groups.labels(sum.groups[entry]!),
      value: this.#measure.result(sum.numbers, entry * sum.width)
    }))
  }

  #quantiles(sum: Slab): Sample[] {
    const entries = Map.groupBy(
      Array.from({ length: sum.count }, (_, entry) => entry),
      entry => sum.groups[entry]!
    )
    return [...entries].map(([group, own]) => {
      own.sort((a, b) => sum.bins![a]! - sum.bins![b]!)
      const bins = Int32Array.from(own, entry => sum.bins![entry]!)
      const counts = Float64Array.from(own, entry => sum.numbers[entry]!)
      return { labels: this.#groups.labels(group), value: quantileOf(this.#plan.range.quantile, bins, counts) }
    })
  }

  /** Groups that are remembered and have no rows now. */
  #silent(sum: Slab, at: number): Sample[] {
    const seen = new Set(sum.groups.subarray(0, sum.count))
    const silent: Sample[] = []
    for (const group of this.#groups.remembered(at))
      if (!seen.has(group.number)) silent.push({ labels: group.labels, value: 0 })
    return silent
  }

  #mergeInto(sum: Slab, slab: Slab): void {
    const { width } = slab
    for (let i = 0; i < slab.count; i++) {
      const entry = sum.entry(slab.groups[i]!, slab.bins?.[i] ?? 0)
      this.#measure.merge(sum.numbers, entry * width, slab.numbers, i * width)
    }
  }

  #forget(oldest: number, at: number): void {
    this.#oldest = Math.max(this.#oldest, oldest)
    for (const bucket of this.#slabs.keys()) if (bucket < this.#oldest) this.#slabs.delete(bucket)
    this.#groups.forget(this.#oldest, at)
  }

  #slabOf(bucket: number): Slab {
    let slab = this.#slabs.get(bucket)
    if (slab === undefined) this.#slabs.set(bucket, (slab = new Slab(this.#measure.empty, this.#hasBins)))
    return slab
  }
}
