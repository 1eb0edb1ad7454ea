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
  #keysView = viewOf(this.keys)
  /** Of the key that is looked for: mostly they all come in the same buffer. */
  #bytes: Buffer = this.keys
  #view = this.#keysView
  #hashes = new Int32Array(16)
  /** Groups by their hash, plus 1. */
  #slots = new Int32Array(32)

  constructor(most: number) {
    this.#most = most
  }

  /** The group with the key `bytes[0, length)`, or -1 if there are too many. */
  find(bytes: Buffer, length: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = viewOf(bytes)
    }
    const hash = hashOf(this.#view, length)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (let found = this.#slots[slot]!; found > 0; found = this.#slots[slot]!) {
      if (this.#hashes[found - 1] === hash && this.#isKey(found - 1, length)) return found - 1
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

  #isKey(group: number, length: number): boolean {
    const keys = this.#keysView
    const view = this.#view
    const start = this.startOf(group)
    if (this.ends[group]! - start !== length) return false
    let i = 0
    for (; i + 4 <= length; i += 4) if (keys.getInt32(start + i) !== view.getInt32(i)) return false
    for (; i < length; i++) if (keys.getUint8(start + i) !== view.getUint8(i)) return false
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
      this.#keysView = viewOf(larger)
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

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

/** MurmurHash3, from a start that nobody outside knows. Measured: a byte at a time, keys of a hundred bytes take three times as long. */
function hashOf(view: DataView, length: number): number {
  let hash = seed
  let i = 0
  for (; i + 4 <= length; i += 4) hash = mixed(hash, view.getInt32(i, true))
  let rest = length
  for (; i < length; i++) rest = (rest << 8) | view.getUint8(i)
  hash = mixed(hash, rest)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function mixed(hash: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51)
  hash ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  return (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
}
const seed = Math.floor(Math.random() * 2 ** 32) | 0

function grown<T extends Int32Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from)
  return into
}
