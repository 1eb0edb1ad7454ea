import type { Batch } from '../../core/batch.ts'
import type { Family, Series } from '../../core/families.ts'
import type { Sample } from '../../core/metrics.ts'
import type { ProcessorContext } from '../../core/steps.ts'
import { grown } from '../../core/workspace.ts'
import { labelFor } from '../../logql/labels.ts'
import { GroupKeys, labelsOfKey } from '../../logql/ranges/group-keys.ts'
import { GroupTable } from '../../core/group-table.ts'
import { compact } from '../memory/compact.ts'
import { Exemplars } from './exemplars.ts'

export interface SeriesPlan {
  readonly type: Family['type']
  readonly labels: readonly string[]
  readonly bounds: readonly number[]
  /** How many there may be. */
  readonly most: number
  /** Without a row for so long, one is forgotten. */
  readonly idleMs: number
}

/** Of the series of rows for which there is none. */
const overflow = 0
/** Where all are in use, it is not looked more often for idle ones. */
const lookMs = 1000

/**
 * The numbers of the series of a metric, one behind the other; the first is that of all rows that there is no room for. Of each: the
 * value, then rows by bucket.
 */
export class SeriesTable {
  readonly #plan: SeriesPlan
  readonly #now: () => number
  readonly #count: Sample
  readonly #keyless: Sample
  readonly #table: GroupTable
  readonly #keys: GroupKeys
  /** Numbers of a series. */
  readonly #width: number
  #numbers: Float64Array
  /** Epoch ms of the reading of its last row; 0: it had none. */
  #readAt = new Float64Array(16)
  readonly #exemplars: Exemplars
  #readTime = 0
  #lookAt = 0
  #told = 0

  constructor(plan: SeriesPlan, { keys, now, sample }: ProcessorContext) {
    const { type, bounds, labels, most } = plan
    this.#plan = plan
    this.#now = now
    this.#count = sample('collector_step_keys')
    this.#keyless = sample('collector_step_keyless_rows_total')
    this.#table = new GroupTable(most)
    this.#keys = new GroupKeys({ names: labels, butOfSource: undefined }, name => labelFor(name, keys), this.#table)
    const buckets = type === 'histogram' ? bounds.length + 1 : 0
    this.#width = 1 + buckets
    this.#numbers = new Float64Array(16 * this.#width)
    this.#exemplars = new Exemplars({ gauge: 0, counter: 1, histogram: buckets }[type])
  }

  /** To be called before the rows of a batch are looked at. */
  open(batch: Batch, errors: Uint8Array): void {
    this.#keys.open(batch, errors)
    this.#exemplars.open(batch)
    this.#readTime = batch.readTime
  }

  /** To be called behind them. */
  close(): void {
    const { count } = this.#table
    this.#count.value += count - this.#told
    this.#told = count
  }

  add(row: number, value: number): void {
    const series = this.#find(row)
    const { type, bounds } = this.#plan
    const at = series * this.#width
    let bucket = 0
    if (type === 'gauge') {
      // of many series together the last value says nothing
      if (series === overflow) return
      this.#numbers[at] = value
    } else this.#numbers[at]! += value
    if (type === 'histogram') {
      while (bucket < bounds.length && value > bounds[bucket]!) bucket++
      this.#numbers[at + 1 + bucket]!++
    }
    this.#readAt[series] = this.#readTime
    this.#exemplars.note(series, bucket, row, value)
  }

  /** All that are not idle, as they stand. */
  all(): Series[] {
    this.#forgetIdle(this.#now())
    this.close()
    const all = Array.from({ length: this.#table.count }, (_, key) => this.#series(key + 1, this.#valuesOf(key)))
    return this.#readAt[overflow] === 0 ? all : [...all, this.#series(overflow, undefined)]
  }

  #valuesOf(key: number): string[] {
    const { keys, ends } = this.#table
    const { labels } = this.#plan
    const found = labelsOfKey(keys.latin1Slice(this.#table.startOf(key), ends[key]!), {
      names: labels,
      butOfSource: undefined
    })
    return labels.map(label => found[label] ?? '')
  }

  #series(series: number, values: readonly string[] | undefined): Series {
    const at = series * this.#width
    const counts = [...this.#numbers.subarray(at + 1, at + this.#width)]
    return {
      values,
      value: this.#numbers[at]!,
      counts,
      exemplars: this.#exemplars.of(series),
      readAt: this.#readAt[series]!
    }
  }

  #find(row: number): number {
    let key = this.#keys.find(row)
    if (key < 0 && this.#readTime >= this.#lookAt) {
      this.#lookAt = this.#readTime + lookMs
      this.#forgetIdle(this.#readTime)
      key = this.#keys.find(row)
    }
    if (key >= 0) {
      if (key + 1 >= this.#readAt.length) this.#grow()
      if (this.#table.rows[key] === 0) this.#begin(key)
      return key + 1
    }
    this.#keyless.value++
    return overflow
  }

  #begin(key: number): void {
    this.#table.rows[key] = 1
    this.#numbers.fill(0, (key + 1) * this.#width, (key + 2) * this.#width)
    this.#exemplars.clear(key + 1)
  }

  #forgetIdle(now: number): void {
    const idleSince = now - this.#plan.idleMs
    const { count } = this.#table
    const isLive = (key: number): boolean => this.#readAt[key + 1]! > idleSince
    for (let key = 0; key < count; key++) {
      if (isLive(key)) continue
      compact(this.#table, this.#keys, isLive, (from, to) => this.#move(from + 1, to + 1))
      return
    }
  }

  #move(from: number, to: number): void {
    const width = this.#width
    this.#table.rows[to - 1] = 1
    this.#numbers.copyWithin(to * width, from * width, (from + 1) * width)
    this.#readAt[to] = this.#readAt[from]!
    this.#exemplars.move(from, to)
  }

  #grow(): void {
    const capacity = this.#readAt.length * 2
    this.#readAt = grown(this.#readAt, new Float64Array(capacity))
    this.#numbers = grown(this.#numbers, new Float64Array(capacity * this.#width))
    this.#exemplars.grow(capacity)
  }
}
