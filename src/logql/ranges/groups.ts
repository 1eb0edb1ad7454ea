import type { Labels } from '../evaluate/sample.ts'
import { labelsOfKey } from './group-keys.ts'
import type { RangePlan } from './plan.ts'

export interface Group {
  readonly number: number
  readonly key: string
  readonly labels: Labels
  /** The first and the last bucket that it has rows in. */
  first: number
  last: number
}

/** The groups of a range aggregation that have rows in its windows, or are remembered. Numbers of groups that are gone are used again. */
export class Groups {
  readonly #plan: RangePlan
  readonly #rememberMs: number
  readonly #most: number
  readonly #byKey = new Map<string, Group>()
  readonly #byNumber: (Group | undefined)[] = []
  readonly #free: number[] = []

  constructor(plan: RangePlan, rememberMs: number, most: number) {
    this.#plan = plan
    this.#rememberMs = rememberMs
    this.#most = most
  }

  /** The number of a group; -1: there are too many. */
  numberOf(key: string): number {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known.number
    if (this.#byKey.size >= this.#most) return -1
    const number = this.#free.pop() ?? this.#byNumber.length
    const group = { number, key, labels: labelsOfKey(key, this.#plan.labels), first: Infinity, last: -Infinity }
    this.#byKey.set(key, group)
    this.#byNumber[number] = group
    return number
  }

  labels(number: number): Labels {
    return this.#byNumber[number]!.labels
  }

  /** The group has rows in a bucket. */
  see(number: number, bucket: number): void {
    const group = this.#byNumber[number]!
    if (bucket < group.first) group.first = bucket
    if (bucket > group.last) group.last = bucket
  }

  /** Groups that were there before a time, and since not longer ago than they are remembered. */
  *remembered(at: number): Iterable<Group> {
    if (this.#rememberMs === 0) return
    const { widthMs } = this.#plan
    for (const group of this.#byKey.values()) {
      if (group.first * widthMs < at && (group.last + 1) * widthMs > at - this.#rememberMs) yield group
    }
  }

  /** Gives up groups with no rows since a bucket, unless they are remembered. */
  forget(oldest: number, at: number): void {
    const { widthMs } = this.#plan
    for (const group of this.#byKey.values()) {
      if (group.last >= oldest || (group.last + 1) * widthMs > at - this.#rememberMs) continue
      this.#byKey.delete(group.key)
      this.#byNumber[group.number] = undefined
      this.#free.push(group.number)
    }
  }
}
