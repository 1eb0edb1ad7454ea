import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { RowList } from '../../core/row-list.ts'
import { type Condition, conditionOf } from '../conditions.ts'
import { columnStage, divided, type FilterStage } from '../filter.ts'
import { labelFor } from '../labels.ts'
import { namesIn } from '../stages/changes.ts'
import { RowStages, type RowTaker } from '../stages/stages.ts'
import type { Stage } from '../syntax.ts'
import { noCounts, type RangeDelta } from './delta.ts'
import { asksForErrors } from './errors.ts'
import { GroupKeys } from './group-keys.ts'
import { GroupTable } from '../../core/group-table.ts'
import { type Measure, measureOf } from './measures.ts'
import type { RangePlan } from './plan.ts'
import { binOf } from './sketch.ts'
import { Slab } from './slab.ts'
import type { RowsTaker } from './stage-tree.ts'
import { UnwrappedValue } from './values.ts'

/** A row may say that it is so much younger than its reading, since clocks differ a little. */
const tolerableMs = 1000

/** The side of a range aggregation that sees rows: it adds up what they count for, by group and bucket, until somebody takes it. */
export class RangeCollector implements RowsTaker, RowTaker {
  readonly #plan: RangePlan
  readonly #measure: Measure
  readonly #hasBins: boolean
  readonly #countsBytes: boolean
  /** Rows with an error count as well. */
  readonly #takesErrors: boolean
  readonly #columns: readonly FilterStage[]
  readonly #changes: RowStages | undefined
  readonly #unwrapped: UnwrappedValue | undefined
  readonly #conditions: readonly Condition[]
  readonly #keys: GroupKeys
  readonly #groups: GroupTable
  #slabs = new Map<number, Slab>()
  #slab!: Slab
  /** The bucket of the last row, and its time: (from, to]. */
  #bucket = Number.NaN
  #from = Infinity
  #to = -Infinity
  /** The first bucket that a window to come may have. */
  #oldest = 0
  #batch!: Batch
  /** Rows that are left, where stages leave some out. */
  readonly #left = new RowList()
  #errors = new Uint8Array(0)
  #counts = { ...noCounts }

  /** `stages` are those that rows have not passed before. Throws `QueryFault`. */
  constructor(plan: RangePlan, stages: readonly Stage[], keys: Keys, maxGroups: number) {
    const { unwrap, operation } = plan.range
    const { columns, changing } = divided({ matchers: [], stages })
    const conditions = unwrap?.conditions ?? []
    const wanted = [
      ...plan.labels.names,
      ...conditions.flatMap(namesIn),
      ...(unwrap === undefined ? [] : [unwrap.label])
    ]
    const changes = changing.length === 0 ? undefined : new RowStages(changing, keys, wanted)
    const labels = (name: string) => changes?.label(name) ?? labelFor(name, keys)
    this.#plan = plan
    this.#measure = measureOf(plan.range)
    this.#hasBins = operation === 'quantile_over_time'
    this.#countsBytes = operation.startsWith('bytes')
    this.#takesErrors = asksForErrors(plan.range)
    this.#columns = columns.map(stage => columnStage(stage, keys))
    this.#changes = changes
    this.#unwrapped = unwrap && new UnwrappedValue(unwrap, labels)
    this.#conditions = conditions.map(condition => conditionOf(condition, labels))
    this.#groups = new GroupTable(maxGroups)
    this.#keys = new GroupKeys(plan.labels, labels, this.#groups)
  }

  /** Looks at some rows of a batch. */
  collect(batch: Batch, rows: RowList): void {
    if (!this.#open(batch)) return
    const left = this.#columns.length === 0 ? rows : this.#narrowed(batch, rows)
    if (this.#changes !== undefined) this.#changes.give(batch, left, this.#errors, this)
    else for (let i = 0; i < left.count; i++) this.take(left.rows[i]!)
  }

  take(row: number): void {
    let value = 1
    if (this.#unwrapped !== undefined) {
      if (!this.#unwrapped.find(row)) return
      for (const condition of this.#conditions) if (!condition.holds(row)) return
      ;({ value } = this.#unwrapped)
    } else if (this.#countsBytes) value = this.#lineBytes(row)
    if (this.#errors[row] !== 0 && !this.#takesErrors) this.#counts.failed++
    else this.#add(row, value)
  }

  /** What has been added since the last call; undefined if there is nothing. */
  delta(): RangeDelta | undefined {
    const groups = this.#groups
    const counts = this.#counts
    if (groups.count === 0 && Object.values(counts).every(count => count === 0)) return undefined
    const delta = {
      keys: new Uint8Array(groups.keys.subarray(0, groups.count === 0 ? 0 : groups.ends[groups.count - 1])),
      ends: groups.ends.slice(0, groups.count),
      rows: groups.rows.slice(0, groups.count),
      slabs: [...this.#slabs].map(([bucket, slab]) => slab.part(bucket)),
      counts
    }
    groups.clear()
    this.#keys.clear()
    this.#slabs.clear()
    this.#from = Infinity
    this.#counts = { ...noCounts }
    return delta
  }

  /** False: no row has the label whose values are asked for. */
  #open(batch: Batch): boolean {
    if (this.#errors.length < batch.rows) this.#errors = new Uint8Array(batch.rows * 2)
    this.#unwrapped?.open(batch, this.#errors)
    if (this.#unwrapped?.isAbsent === true) return false
    const errors = this.#errors.fill(0, 0, batch.rows)
    this.#batch = batch
    this.#keys.open(batch, errors)
    for (const condition of this.#conditions) condition.open(batch, errors)
    const { range, widthMs, isReplay } = this.#plan
    this.#oldest = isReplay ? -Infinity : Math.floor((batch.readTime - range.offsetMs - range.rangeMs) / widthMs)
    return true
  }

  #narrowed(batch: Batch, rows: RowList): RowList {
    const left = this.#left
    left.reserve(rows.count)
    let from = rows
    for (const stage of this.#columns) {
      stage.narrow(batch, from, left, this.#errors)
      from = left
    }
    return left
  }

  #lineBytes(row: number): number {
    const { starts, ends } = this.#batch
    return this.#changes?.lineBytes ?? ends[row]! - starts[row]!
  }

  #add(row: number, value: number): void {
    const batch = this.#batch
    let ms = batch.time[row]!
    let nanos = batch.nanos[row]!
    if (ms >= batch.readTime || this.#plan.clock === 'read') {
      if (ms > batch.readTime + tolerableMs) this.#counts.ahead++
      ms = batch.readTime
      nanos = 0
    }
    if (ms <= this.#from || ms > this.#to || (ms === this.#to && nanos > 0)) this.#enter(ms, nanos)
    if (this.#bucket < this.#oldest) {
      this.#counts.late++
      return
    }
    const group = this.#keys.find(row)
    if (group < 0) {
      this.#counts.refused++
      return
    }
    const groups = this.#groups
    groups.rows[group]!++
    const slab = this.#slab
    let entry = groups.entries[group]!
    if (this.#hasBins) entry = slab.entry(group, binOf(value))
    else if (groups.buckets[group] !== this.#bucket) {
      entry = slab.entry(group, 0)
      groups.buckets[group] = this.#bucket
      groups.entries[group] = entry
    }
    this.#measure.add(slab.numbers, entry * slab.width, this.#hasBins ? 1 : value, ms, nanos)
  }

  /** Goes to the bucket of a time. */
  #enter(ms: number, nanos: number): void {
    const { widthMs } = this.#plan
    const bucket = Math.ceil((ms + (nanos === 0 ? 0 : 0.5)) / widthMs) - 1
    const isLive = bucket >= this.#oldest
    // what lies a part of a millisecond behind its beginning is in it too, but comes here
    this.#from = isLive ? bucket * widthMs : Infinity
    this.#to = this.#from + widthMs
    this.#bucket = bucket
    if (isLive) this.#slab = this.#slabOf(bucket)
  }

  #slabOf(bucket: number): Slab {
    let slab = this.#slabs.get(bucket)
    if (slab === undefined) this.#slabs.set(bucket, (slab = new Slab(this.#measure.empty, this.#hasBins)))
    return slab
  }
}
