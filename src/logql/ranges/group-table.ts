const initialBytes = 1024

/** Groups by their keys, which are bytes. Numbers of groups are dense and hold until `clear`. */
export class GroupTable {
  count = 0
  /** Keys, one behind the other; `ends[group]` is where one ends. */
  keys = Buffer.allocUnsafeSlow(initialBytes)
  ends = new Int32Array(16)
  /** Rows of each group, counted by whoever finds them. */
  rows = new Uint32Array(16)
  /** The bucket that the last row of a group was in, and the entry there, for whoever finds them. */
  buckets = new Float64Array(16)
  entries = new Int32Array(16)
  readonly #most: number
  #hashes = new Int32Array(16)
  /** Groups by their hash, plus 1. */
  #slots = new Int32Array(32)

  constructor(most: number) {
    this.#most = most
  }

  /** The group with the key `bytes[0, length)`, or -1 if there are too many. */
  find(bytes: Buffer, length: number): number {
    const hash = hashOf(bytes, length)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (let found = this.#slots[slot]!; found > 0; found = this.#slots[slot]!) {
      if (this.#hashes[found - 1] === hash && this.#isKey(found - 1, bytes, length)) return found - 1
      slot = (slot + 1) & mask
    }
    return this.count === this.#most ? -1 : this.#add(bytes, length, hash)
  }

  /** Where the key of a group begins. */
  startOf(group: number): number {
    return group === 0 ? 0 : this.ends[group - 1]!
  }

  clear(): void {
    this.count = 0
    this.#slots.fill(0)
  }

  #isKey(group: number, bytes: Buffer, length: number): boolean {
    const { keys, ends } = this
    const start = this.startOf(group)
    if (ends[group]! - start !== length) return false
    for (let i = 0; i < length; i++) if (keys[start + i] !== bytes[i]) return false
    return true
  }

  #add(bytes: Buffer, length: number, hash: number): number {
    if (this.count === this.ends.length) this.#grow()
    const group = this.count++
    const start = this.startOf(group)
    if (start + length > this.keys.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.keys.length * 2, start + length))
      this.keys.copy(larger, 0, 0, start)
      this.keys = larger
    }
    bytes.copy(this.keys, start, 0, length)
    this.ends[group] = start + length
    this.rows[group] = 0
    this.buckets[group] = Number.NaN
    this.#hashes[group] = hash
    this.#place(group)
    return group
  }

  #grow(): void {
    const capacity = this.ends.length * 2
    this.ends = grown(this.ends, new Int32Array(capacity))
    this.rows = grown(this.rows, new Uint32Array(capacity))
    this.buckets = grown(this.buckets, new Float64Array(capacity))
    this.entries = grown(this.entries, new Int32Array(capacity))
    this.#hashes = grown(this.#hashes, new Int32Array(capacity))
    this.#slots = new Int32Array(capacity * 2)
    for (let group = 0; group < this.count; group++) this.#place(group)
  }

  #place(group: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hashes[group]! & mask
    while (this.#slots[slot]! > 0) slot = (slot + 1) & mask
    this.#slots[slot] = group + 1
  }
}

/** FNV-1a, from a start that nobody outside knows. */
function hashOf(bytes: Buffer, length: number): number {
  let hash = seed
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 15)
}
const seed = Math.floor(Math.random() * 2 ** 32) | 0

function grown<T extends Int32Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from)
  return into
}
