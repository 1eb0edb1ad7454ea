import type { Labels } from '../evaluate/sample.ts'
import type { StoredSlab } from './blob.ts'
import { labelsOfKey } from './group-keys.ts'
import type { RangePlan } from './plan.ts'

interface Group {
  readonly number: number
  /** Bytes, as Latin 1. */
  readonly key: string
  readonly labels: Labels
  /** The first and the last bucket that it has rows in. */
  first: number
  last: number
  /** The last bucket that it had rows in when it left. */
  left: number
  /** What is stored says when it was there: it has no rows in any window. */
  isStored: boolean
}

/** The groups of a range aggregation that have rows in its windows, or are remembered. Numbers of groups that are gone are used again. */
export class Groups {
  /** What `stored` returns is not what it was. */
  isDirty = false
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

  /** All numbers are below. */
  get numbers(): number {
    return this.#byNumber.length
  }

  at(number: number): Group {
    return this.#byNumber[number]!
  }

  /** The number of a group; -1: there are too many. */
  numberOf(key: string): number {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known.number
    if (this.#byKey.size >= this.#most) return -1
    const number = this.#free.pop() ?? this.#byNumber.length
    const labels = labelsOfKey(key, this.#plan.labels)
    const group = { number, key, labels, first: Infinity, last: -Infinity, left: -Infinity, isStored: false }
    this.#byKey.set(key, group)
    this.#byNumber[number] = group
    return number
  }

  /** The group has rows in a bucket. */
  see(number: number, bucket: number): void {
    const group = this.#byNumber[number]!
    if (bucket < group.first) group.first = bucket
    if (bucket > group.last) group.last = bucket
  }

  /** Groups with any of these labels have left. There may be thousands of both: labels of the same names are looked for together. */
  leave(all: readonly Labels[]): void {
    if (this.#rememberMs === 0) return
    // an empty label is none, and says nothing
    const told = all.filter(labels => !Object.values(labels).includes(''))
    for (const alike of Map.groupBy(told, labels => JSON.stringify(Object.keys(labels))).values()) {
      const names = Object.keys(alike[0]!)
      const left = new Set(alike.map(labels => valuesOf(names, labels)))
      for (const group of this.#byKey.values()) {
        if (group.left === group.last || !left.has(valuesOf(names, group.labels))) continue
        group.left = group.last
        this.isDirty = true
      }
    }
  }

  /** Groups that were there before a time, and since not longer ago than they are remembered. */
  remembered(at: number): Group[] {
    if (this.#rememberMs === 0) return []
    const { widthMs } = this.#plan
    return [...this.#byKey.values()].filter(group => group.first * widthMs < at && this.#isRemembered(group, at))
  }

  /** Gives up groups with no rows since a bucket, unless they are remembered. */
  forget(oldest: number, at: number): void {
    for (const group of this.#byKey.values()) {
      const isSilent = group.last < oldest
      const isStored = isSilent && this.#isRemembered(group, at)
      if (isSilent && !isStored) {
        this.#byKey.delete(group.key)
        this.#byNumber[group.number] = undefined
        this.#free.push(group.number)
      }
      if (isStored !== group.isStored) this.isDirty = true
      group.isStored = isStored
    }
  }

  /** No row was in a bucket behind this one: the clock was set back. */
  turnBack(newest: number): void {
    for (const group of this.#byKey.values()) {
      if (group.last <= newest) continue
      group.last = newest
      group.first = Math.min(group.first, newest)
      group.left = Math.min(group.left, newest)
      this.isDirty = true
    }
  }

  /** Keys of groups, one behind the other. */
  keysOf(numbers: readonly number[]): { readonly keys: Buffer; readonly ends: Int32Array } {
    let end = 0
    const keys = numbers.map(number => this.#byNumber[number]!.key)
    return { keys: Buffer.from(keys.join(''), 'latin1'), ends: Int32Array.from(keys, key => (end += key.length)) }
  }

  /** What buckets do not say: groups that have no rows in them, or have left. */
  stored(): StoredSlab {
    const groups = [...this.#byKey.values()].filter(({ isStored, left }) => isStored || left > -Infinity)
    const part = {
      bucket: -1,
      groups: Int32Array.from(groups.keys()),
      bins: undefined,
      numbers: Float64Array.from(groups.flatMap(({ first, last, left }) => [first, last, left]))
    }
    return { ...this.keysOf(groups.map(({ number }) => number)), part }
  }

  /** Takes back what was stored. */
  restore(numbers: Int32Array, stored: Float64Array): void {
    for (const [i, number] of numbers.entries()) {
      if (number < 0) continue
      const [first, last, left] = stored.subarray(i * 3)
      this.see(number, first!)
      this.see(number, last!)
      this.#byNumber[number]!.left = left!
    }
  }

  #isRemembered({ last, left }: Group, at: number): boolean {
    return last > left && (last + 1) * this.#plan.widthMs > at - this.#rememberMs
  }
}

/** What tells labels of these names apart. */
function valuesOf(names: readonly string[], labels: Labels): string {
  return names.length === 1 ? (labels[names[0]!] ?? '') : JSON.stringify(names.map(name => labels[name] ?? ''))
}
