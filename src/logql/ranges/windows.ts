import type { Labels, Sample } from '../evaluate/sample.ts'
import { meaningOf, readBlob, type StoredSlab, writeBlob } from './blob.ts'
import type { RangeDelta, SlabPart } from './delta.ts'
import { labelsOfAbsence } from './group-labels.ts'
import { Groups } from './groups.ts'
import { type Measure, measureOf } from './measures.ts'
import { isCounting, type RangePlan } from './plan.ts'
import { quantileOf } from './sketch.ts'
import { Slab } from './slab.ts'

/** In place of a bucket: the groups that are remembered, and since when rows are seen. */
const groupsBucket = -1
const sinceBucket = -2

export interface WindowLimits {
  /** How long groups count as 0 when they are silent. */
  readonly rememberMs: number
  readonly maxGroups: number
  /** Of the entries of all buckets, but for the space that those of the last two may grow into. */
  readonly maxBytes: number
}

export interface WindowChanges {
  /** To be kept in place of what was stored under the same number. */
  readonly stored: readonly { readonly bucket: number; readonly blob: Uint8Array }[]
  /** No longer of use. */
  readonly gone: readonly number[]
}

/** The side of a range aggregation that is asked for numbers: it merges what all shards have seen. */
export class RangeWindows {
  readonly #plan: RangePlan
  readonly #measure: Measure
  readonly #hasBins: boolean
  readonly #groups: Groups
  readonly #absence: Sample
  readonly #meaning: Buffer
  readonly #slabs = new Map<number, Slab>()
  readonly #mostEntries: number
  #entries = 0
  /** The first bucket that a window to come may have. */
  #oldest = -Infinity
  readonly #dirty = new Set<number>()
  readonly #gone: number[] = []
  /** Since when all rows are seen, epoch ms; undefined: nobody has said. */
  #since: number | undefined
  #isSinceDirty = false

  constructor(plan: RangePlan, { rememberMs, maxGroups, maxBytes }: WindowLimits) {
    this.#plan = plan
    this.#measure = measureOf(plan.range)
    this.#hasBins = plan.range.operation === 'quantile_over_time'
    this.#groups = new Groups(plan, isCounting(plan.range) ? rememberMs : 0, maxGroups)
    this.#absence = { labels: labelsOfAbsence(plan.range.log), value: 1 }
    this.#meaning = meaningOf(plan)
    this.#mostEntries = Math.floor(maxBytes / (8 * this.#measure.empty.length + (this.#hasBins ? 8 : 4)))
  }

  /** Adds what a shard has seen; returns how many rows there were of groups that are too many, or of which not all finds room. */
  merge({ keys, ends, rows, slabs }: RangeDelta): number {
    const groups = this.#numbersOf(Buffer.from(keys.buffer, keys.byteOffset, keys.length), ends)
    const refused = new Set<number>()
    for (const [group, number] of groups.entries()) if (number < 0) refused.add(group)
    for (const part of slabs) this.#add(part, groups, refused)
    return [...refused].reduce((sum, group) => sum + rows[group]!, 0)
  }

  /** Rows are seen from a time on, unless that is known from before. */
  begin(now: number): void {
    if (!this.#plan.needsWhole || this.#since !== undefined) return
    this.#since = now
    this.#isSinceDirty = true
  }

  /** Whether all rows of the window at a time were seen, as far as that matters. */
  isWhole(at: number): boolean {
    const { offsetMs, rangeMs } = this.#plan.range
    return this.#since === undefined || at - offsetMs - rangeMs >= this.#since
  }

  /** The samples at a time, of the rows merged until now. `at` never goes back, but behind `turnBack`. */
  samples(at: number): Sample[] {
    const { offsetMs, rangeMs, operation } = this.#plan.range
    const { widthMs } = this.#plan
    const last = Math.ceil((at - offsetMs) / widthMs) - 1
    this.#forget(Math.floor((at - offsetMs - rangeMs) / widthMs), at)
    const sum = new Slab(this.#measure.empty, this.#hasBins)
    const places = new Int32Array(this.#groups.numbers)
    for (const [bucket, slab] of this.#slabs) {
      if (bucket <= last) this.#mergeInto(sum, slab, places)
      if (bucket < last) slab.seal()
    }
    if (operation === 'absent_over_time') return sum.count === 0 ? [this.#absence] : []
    const found = this.#hasBins ? this.#quantiles(sum) : this.#results(sum)
    return [...found, ...this.#silent(sum, at - offsetMs)]
  }

  /** The clock was set back: rows of times that are yet to come were not read then. */
  turnBack(now: number): void {
    const newest = Math.ceil(now / this.#plan.widthMs)
    for (const [bucket, slab] of this.#slabs) if (bucket > newest) this.#drop(bucket, slab)
    this.#groups.turnBack(newest)
    this.#oldest = -Infinity
    if (this.#since === undefined || this.#since <= now) return
    this.#since = now
    this.#isSinceDirty = true
  }

  /** What has changed since the last call, for keeping it over a restart. */
  changes(): WindowChanges {
    const stored = [...this.#dirty].map(bucket => ({ bucket, blob: this.#blobOf(bucket) }))
    if (this.#groups.isDirty)
      stored.push({ bucket: groupsBucket, blob: writeBlob(this.#groups.stored(), this.#meaning) })
    if (this.#isSinceDirty)
      stored.push({ bucket: sinceBucket, blob: writeBlob(slabOfSince(this.#since!), this.#meaning) })
    this.#groups.isDirty = false
    this.#isSinceDirty = false
    this.#dirty.clear()
    return { stored, gone: this.#gone.splice(0) }
  }

  /** Takes what was stored back; false if it is broken, or of a query that was another one. */
  restore(blob: Uint8Array): boolean {
    const stored = readBlob(blob, this.#meaning)
    if (stored === undefined) return false
    const { part } = stored
    if (part.bucket === sinceBucket) {
      this.#since = part.numbers[0]!
      return true
    }
    const groups = this.#numbersOf(stored.keys, stored.ends)
    if (part.bucket === groupsBucket) this.#groups.restore(groups, part.numbers)
    else this.#add(part, groups, new Set())
    this.#dirty.delete(part.bucket)
    return true
  }

  /** Groups with any of these labels have left: they are not remembered, unless they have rows again. */
  forget(all: readonly Labels[]): void {
    this.#groups.leave(all)
  }

  #numbersOf(keys: Buffer, ends: Int32Array): Int32Array {
    return ends.map((end, i) => this.#groups.numberOf(keys.latin1Slice(ends[i - 1] ?? 0, end)))
  }

  /** Adds entries, whose groups have other numbers here; `refused` are those of them for which there is no room. */
  #add(part: SlabPart, groups: Int32Array, refused: Set<number>): void {
    if (part.bucket < this.#oldest) return
    const slab = this.#slabOf(part.bucket)
    const { count, width } = slab
    for (let i = 0; i < part.groups.length; i++) {
      const group = groups[part.groups[i]!]!
      const bin = part.bins?.[i] ?? 0
      if (group < 0) continue
      const isFull = this.#entries + slab.count - count >= this.#mostEntries
      if (isFull && !slab.has(group, bin)) refused.add(part.groups[i]!)
      else {
        this.#groups.see(group, part.bucket)
        const entry = slab.entry(group, bin)
        this.#measure.merge(slab.numbers, entry * width, part.numbers, i * width)
      }
    }
    this.#entries += slab.count - count
    this.#dirty.add(part.bucket)
  }

  #results(sum: Slab): Sample[] {
    return Array.from({ length: sum.count }, (_, entry) => ({
      labels: this.#groups.at(sum.groups[entry]!).labels,
      value: this.#measure.result(sum.numbers, entry * sum.width)
    }))
  }

  #quantiles(sum: Slab): Sample[] {
    const samples: Sample[] = []
    const order = sum.order()
    for (let start = 0, end = 0; start < order.length; start = end) {
      const group = sum.groups[order[start]!]!
      while (end < order.length && sum.groups[order[end]!] === group) end++
      const own = order.subarray(start, end)
      const bins = Int32Array.from(own, entry => sum.bins![entry]!)
      const counts = Float64Array.from(own, entry => sum.numbers[entry]!)
      const value = quantileOf(this.#plan.range.quantile, bins, counts)
      samples.push({ labels: this.#groups.at(group).labels, value })
    }
    return samples
  }

  /** Groups that are remembered and have no rows now. */
  #silent(sum: Slab, at: number): Sample[] {
    const remembered = this.#groups.remembered(at)
    if (remembered.length === 0) return []
    const seen = new Set(sum.groups.subarray(0, sum.count))
    return remembered.filter(({ number }) => !seen.has(number)).map(({ labels }) => ({ labels, value: 0 }))
  }

  #mergeInto(sum: Slab, slab: Slab, places: Int32Array): void {
    const { width, groups, bins } = slab
    for (let i = 0; i < slab.count; i++) {
      const group = groups[i]!
      let entry = places[group]! - 1
      if (entry < 0 || bins !== undefined) {
        entry = sum.entry(group, bins?.[i] ?? 0)
        places[group] = entry + 1
      }
      this.#measure.merge(sum.numbers, entry * width, slab.numbers, i * width)
    }
  }

  #forget(oldest: number, at: number): void {
    this.#oldest = Math.max(this.#oldest, oldest)
    for (const [bucket, slab] of this.#slabs) if (bucket < this.#oldest) this.#drop(bucket, slab)
    this.#groups.forget(this.#oldest, at)
  }

  #drop(bucket: number, slab: Slab): void {
    this.#entries -= slab.count
    this.#slabs.delete(bucket)
    if (!this.#plan.isReplay) this.#gone.push(bucket)
    this.#dirty.delete(bucket)
  }

  #slabOf(bucket: number): Slab {
    let slab = this.#slabs.get(bucket)
    if (slab === undefined) this.#slabs.set(bucket, (slab = new Slab(this.#measure.empty, this.#hasBins)))
    return slab
  }

  /** A blob has its own numbers of groups. */
  #blobOf(bucket: number): Buffer {
    const slab = this.#slabs.get(bucket)!
    const { groups, bins, numbers } = slab.part(bucket)
    const own = new Map<number, number>()
    for (const group of groups) if (!own.has(group)) own.set(group, own.size)
    const part = { bucket, groups: groups.map(group => own.get(group)!), bins, numbers }
    return writeBlob({ ...this.#groups.keysOf([...own.keys()]), part } satisfies StoredSlab, this.#meaning)
  }
}

/** One number, as a blob has it. */
function slabOfSince(since: number): StoredSlab {
  const part = { bucket: sinceBucket, groups: Int32Array.of(0), bins: undefined, numbers: Float64Array.of(since) }
  return { keys: Buffer.alloc(0), ends: new Int32Array(0), part }
}
