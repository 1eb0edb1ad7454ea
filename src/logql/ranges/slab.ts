import type { SlabPart } from './delta.ts'

/** More than there are bins. */
const binRoom = 2 ** 18

/** Entries of one bucket: numbers for a group, or for a group and a bin. Entries are only added, and keep their places. */
export class Slab {
  count = 0
  groups: Int32Array
  /** Of a sketch; undefined where entries have none. */
  bins: Int32Array | undefined
  /** `width` numbers for each entry. */
  numbers: Float64Array
  readonly #empty: readonly number[]
  /** Entries by their hash, plus 1; made when it is needed. */
  #slots: Int32Array | undefined

  constructor(empty: readonly number[], hasBins: boolean, capacity = 16) {
    this.#empty = empty
    this.groups = new Int32Array(capacity)
    this.bins = hasBins ? new Int32Array(capacity) : undefined
    this.numbers = new Float64Array(capacity * empty.length)
  }

  get width(): number {
    return this.#empty.length
  }

  /** The entry of a group and a bin (0 where there are none), added if it is not there. */
  entry(group: number, bin: number): number {
    const slot = this.#slotOf(group, bin)
    const found = this.#slots![slot]!
    return found > 0 ? found - 1 : this.#add(group, bin, slot)
  }

  has(group: number, bin: number): boolean {
    const slot = this.#slotOf(group, bin)
    return this.#slots![slot]! > 0
  }

  /** A copy of what is in it, as plain data. */
  part(bucket: number): SlabPart {
    const { count, groups, bins, numbers, width } = this
    return {
      bucket,
      groups: groups.slice(0, count),
      bins: bins?.slice(0, count),
      numbers: numbers.slice(0, count * width)
    }
  }

  #slotOf(group: number, bin: number): number {
    const slots = this.#slots ?? this.#index()
    const { groups, bins } = this
    const mask = slots.length - 1
    let slot = hash(group, bin) & mask
    for (let found = slots[slot]!; found > 0; found = slots[slot]!) {
      if (groups[found - 1] === group && (bins === undefined || bins[found - 1] === bin)) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  /** Entries by group, and those of a group by bin. */
  order(): Uint32Array {
    const keys = new Float64Array(this.count)
    for (let i = 0; i < this.count; i++) keys[i] = this.groups[i]! * binRoom + (this.bins?.[i] ?? 0) + binRoom / 2
    keys.sort()
    return Uint32Array.from(keys, key => {
      const group = Math.floor(key / binRoom)
      return this.entry(group, key - group * binRoom - binRoom / 2)
    })
  }

  /** Gives memory back that only more entries would need. */
  seal(): void {
    this.#slots = undefined
    if (this.count < this.groups.length) this.#resize(this.count)
  }

  #add(group: number, bin: number, slot: number): number {
    const entry = this.count++
    if (entry === this.groups.length) this.#resize(Math.max(16, entry * 2))
    this.groups[entry] = group
    if (this.bins !== undefined) this.bins[entry] = bin
    const { width } = this
    for (let i = 0; i < width; i++) this.numbers[entry * width + i] = this.#empty[i]!
    this.#slots![slot] = entry + 1
    if (this.count * 2 > this.#slots!.length) this.#index()
    return entry
  }

  #index(): Int32Array {
    let size = 32
    while (size < this.count * 3) size *= 2
    const slots = new Int32Array(size)
    for (let entry = 0; entry < this.count; entry++) {
      let slot = hash(this.groups[entry]!, this.bins?.[entry] ?? 0) & (size - 1)
      while (slots[slot]! > 0) slot = (slot + 1) & (size - 1)
      slots[slot] = entry + 1
    }
    return (this.#slots = slots)
  }

  #resize(capacity: number): void {
    this.groups = resized(this.groups, new Int32Array(capacity))
    if (this.bins !== undefined) this.bins = resized(this.bins, new Int32Array(capacity))
    this.numbers = resized(this.numbers, new Float64Array(capacity * this.width))
  }
}

function hash(group: number, bin: number): number {
  const mixed = Math.imul(group, 0x9e3779b1) ^ Math.imul(bin, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}

function resized<T extends Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from.subarray(0, into.length))
  return into
}
