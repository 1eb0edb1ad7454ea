import { unescape } from '../../scan/text.ts'

/** What all framers of a shard may hold together of records that have not ended. */
export class HeldBudget {
  used = 0
  readonly maxBytes: number

  constructor(maxBytes = 32 * 1024 * 1024) {
    this.maxBytes = maxBytes
  }
}

/** The beginning of a record that has not ended. It keeps what fits into a row, and one byte more to see whether all did fit. */
export class Held {
  bytes: Buffer = Buffer.alloc(0)
  length = 0
  /** Position of the record; -1 while there is none. */
  from = -1
  /** Content was thrown away, as it did not fit. */
  isCut = false
  readonly #maxBytes: number
  readonly #budget: HeldBudget

  constructor(maxBytes: number, budget: HeldBudget) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  append(from: Buffer, start: number, end: number): void {
    const length = this.#reserve(end - start)
    from.copy(this.bytes, this.length, start, start + length)
    this.length += length
  }

  /** Appends what the inside of a JSON string stands for. */
  appendUnescaped(from: Buffer, start: number, end: number): void {
    if (this.isCut || this.#grow(end - start) < end - start) {
      this.isCut = true
      return
    }
    this.length = unescape(from, start, end, this.bytes, this.length)
    this.length -= this.#excess()
  }

  clear(): void {
    this.#budget.used -= this.bytes.length
    this.bytes = Buffer.alloc(0)
    this.length = 0
    this.from = -1
    this.isCut = false
  }

  #reserve(length: number): number {
    if (this.isCut) return 0
    const wanted = Math.min(length, this.#maxBytes + 1 - this.length)
    const got = this.#grow(wanted)
    if (got < length) this.isCut = true
    return got
  }

  #excess(): number {
    const excess = Math.max(0, this.length - this.#maxBytes - 1)
    if (excess > 0) this.isCut = true
    return excess
  }

  /** Makes room for `length` more bytes, or as many as the budget allows; returns how many. */
  #grow(length: number): number {
    const needed = this.length + length
    if (needed <= this.bytes.length) return length
    const left = this.#budget.maxBytes - this.#budget.used
    const size = Math.min(Math.max(needed, this.bytes.length * 2, 1024), this.bytes.length + left)
    if (size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(size)
      this.bytes.copy(larger, 0, 0, this.length)
      this.#budget.used += size - this.bytes.length
      this.bytes = larger
    }
    return Math.min(length, this.bytes.length - this.length)
  }
}

/** Where to cut content at `limit` bytes without parting a character. The byte at the cut must be there. */
export function cutOf(bytes: Uint8Array, start: number, limit: number): number {
  let at = start + limit
  for (let back = 0; back < 4 && at > start; back++, at--) {
    if ((bytes[at]! & 0xc0) !== 0x80) return at
  }
  return start + limit
}
