import type { Batch } from '../../core/batch.ts'
import type { Sample } from '../../core/metrics.ts'
import type { ProcessorContext } from '../../core/steps.ts'
import { labelFor } from '../../logql/labels.ts'
import type { LabelSource } from '../../logql/conditions.ts'
import { GroupKeys } from '../../logql/ranges/group-keys.ts'
import { GroupTable } from '../../core/group-table.ts'
import { compact } from './compact.ts'
import { BodyLabel, LaneLabel } from './labels.ts'

/** What the option `key` of a step says in the reference. */
export const aboutKey = 'Rows with equal values of these labels belong together; "body" is the message.'

/** No label has a blank in its name. */
const ofLane = ' lane'

/**
 * What a step remembers of rows with equal values of some labels, in each lane by itself: up to which time, and how many of them it has
 * left out since. Rows are told by the bytes of the values, never by a hash alone.
 *
 * Bounded: where there are too many keys, those go whose time is over by the clock of reading. Where that frees nothing, a row has no
 * key; it is looked again only once in a while, so that a flood of keys costs no more than other rows.
 */
export class KeyMemory {
  readonly #lane = new LaneLabel()
  readonly #keys: GroupKeys
  readonly #table: GroupTable
  readonly #most: number
  readonly #count: Sample
  readonly #keyless: Sample
  /** Stages that could fail are in front of steps: there are none. */
  #errors = new Uint8Array(0)
  #told = 0
  #lanes = 0
  #readTime = 0
  /** Rows without a key until it is looked again for what is over. */
  #patience = 0

  /** `fields` are labels of LogQL, or `body`. */
  constructor(fields: readonly string[], most: number, { keys, sample }: Pick<ProcessorContext, 'keys' | 'sample'>) {
    const labels: LabelSource = name => {
      if (name === ofLane) return this.#lane
      return name === 'body' ? new BodyLabel() : labelFor(name, keys)
    }
    this.#table = new GroupTable(most)
    this.#keys = new GroupKeys({ names: [ofLane, ...new Set(fields)], butOfSource: undefined }, labels, this.#table)
    this.#most = most
    this.#count = sample('collector_step_keys')
    this.#keyless = sample('collector_step_keyless_rows_total')
  }

  /** A number for a lane. */
  newLane(): number {
    return ++this.#lanes
  }

  /** By key: epoch ms up to which it is remembered; NaN of a new one. Take both anew for each row: they grow. */
  get until(): Float64Array {
    return this.#table.buckets
  }

  /** By key: rows that were left out. */
  get leftOut(): Uint32Array {
    return this.#table.rows
  }

  /** To be called before the rows of a batch are looked at. */
  open(batch: Batch, lane: number): void {
    if (this.#errors.length < batch.rows) this.#errors = new Uint8Array(batch.rows * 2)
    this.#lane.number(lane)
    this.#keys.open(batch, this.#errors)
    this.#readTime = batch.readTime
  }

  /** To be called behind them. */
  close(): void {
    const { count } = this.#table
    this.#count.value += count - this.#told
    this.#told = count
  }

  /** The key of a row; -1 if there is no room for it, or it is longer than 4 KiB. */
  find(row: number): number {
    const key = this.#keys.find(row)
    return key < 0 ? this.#findAgain(row) : key
  }

  #findAgain(row: number): number {
    let key = -1
    if (this.#table.count === this.#most && --this.#patience < 0) {
      this.#forgetOver()
      this.#patience = this.#most >> 2
      key = this.#keys.find(row)
    }
    if (key < 0) this.#keyless.value++
    return key
  }

  #forgetOver(): void {
    const { count } = this.#table
    const [until, leftOut] = [this.until.slice(0, count), this.leftOut.slice(0, count)]
    const isRemembered = (key: number): boolean => !(until[key]! <= this.#readTime)
    compact(this.#table, this.#keys, isRemembered, (from, to) => {
      this.until[to] = until[from]!
      this.leftOut[to] = leftOut[from]!
    })
  }
}
