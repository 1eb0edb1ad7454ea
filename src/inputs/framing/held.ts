import { Batch } from '../../core/batch.ts'
import { hasBug } from '../../core/seeded-bugs.ts'
import type { Source } from '../../core/source.ts'
import { Arena } from '../../scan/arena.ts'
import { unescape } from '../../scan/text.ts'

const cutsAnywhere = hasBug('naive-utf8')

/**
 * What all framers of a shard may keep together of records that have not ended. Above it the largest are given up, and are read
 * again from their start when they are needed: what a row holds never depends on how much memory there was.
 */
export class HeldBudget {
  used = 0
  maxBytes: number
  readonly #holders = new Set<Held>()
  #scratch: { readonly arena: Arena; readonly batch: Batch } | undefined

  constructor(maxBytes = 32 * 1024 * 1024) {
    this.maxBytes = maxBytes
  }

  /** Where parts are read again; in use only while a framer does so. */
  get scratch(): { readonly arena: Arena; readonly batch: Batch } {
    if (this.#scratch === undefined) {
      const arena = new Arena()
      this.#scratch = { arena, batch: arena.newBatch() }
    }
    return this.#scratch
  }

  /** Notes that what somebody keeps has become larger or smaller. */
  change(holder: Held, bytes: number): void {
    this.used += bytes
    if (holder.bytes.length === 0) this.#holders.delete(holder)
    else this.#holders.add(holder)
  }

  /** Called between chunks: during one, a framer may take more than there is. */
  trim(): void {
    while (this.used > this.maxBytes) {
      let largest: Held | undefined
      for (const held of this.#holders) if (held.bytes.length > (largest?.bytes.length ?? 0)) largest = held
      if (largest === undefined) return
      largest.giveUp()
    }
  }
}

const nothing: Buffer = Buffer.alloc(0)

/** The beginning of a record that has not ended. It keeps what fits into a row, and one byte more to see whether all did fit. */
export class Held {
  bytes = nothing
  length = 0
  /** Position of the record; -1 while there is none. */
  from = -1
  /** Content was thrown away, as it did not fit. */
  isCut = false
  /** How many bytes that were, as they stand in the source. */
  cutBytes = 0
  /** The content is not here any more: it has to be read again before it is given out. */
  isGivenUp = false
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
    this.cutBytes += end - start - length
  }

  /** Appends what the inside of a JSON string stands for. */
  appendUnescaped(from: Buffer, start: number, end: number): void {
    if (this.isCut) {
      this.cutBytes += end - start
      return
    }
    this.#grow(end - start)
    this.length = unescape(from, start, end, this.bytes, this.length)
    const excess = this.#excess()
    this.length -= excess
    this.cutBytes += excess
  }

  /** Reads the content `[from, end)` of the source again. False if it can not be read now; then nothing has changed. */
  restore(source: Source, end: number): boolean {
    const wanted = Math.min(end - this.from, this.#maxBytes + 1)
    const bytes = Buffer.allocUnsafeSlow(wanted)
    if (!readWhole(source, this.from, bytes)) return false
    this.#replace(bytes)
    this.length = wanted
    this.cutBytes = end - this.from - wanted
    this.isCut = this.cutBytes > 0
    this.isGivenUp = false
    return true
  }

  /** Has its content again, whatever took it. */
  restoreFrom(bytes: Buffer, start: number, end: number): void {
    this.isGivenUp = false
    this.append(bytes, start, end)
  }

  /** Takes over what another one has gathered of the same record. */
  take(other: Held): void {
    this.#replace(other.bytes)
    this.length = other.length
    this.isCut = other.isCut
    this.cutBytes = other.cutBytes
    this.isGivenUp = false
  }

  giveUp(): void {
    this.#replace(nothing)
    this.length = 0
    this.isCut = false
    this.cutBytes = 0
    this.isGivenUp = true
  }

  clear(): void {
    this.giveUp()
    this.from = -1
    this.isGivenUp = false
  }

  #reserve(length: number): number {
    if (this.isCut || this.isGivenUp) return 0
    const wanted = Math.min(length, this.#maxBytes + 1 - this.length)
    this.#grow(wanted)
    if (wanted < length) this.isCut = true
    return wanted
  }

  #excess(): number {
    const excess = Math.max(0, this.length - this.#maxBytes - 1)
    if (excess > 0) this.isCut = true
    return excess
  }

  #grow(length: number): void {
    const needed = this.length + length
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2, 1024))
    this.bytes.copy(larger, 0, 0, this.length)
    this.#replace(larger)
  }

  #replace(bytes: Buffer): void {
    const change = bytes.length - this.bytes.length
    this.bytes = bytes
    this.#budget.change(this, change)
  }
}

/** Fills `into` from position `at`; false if that many bytes can not be read now. */
function readWhole(source: Source, at: number, into: Buffer): boolean {
  for (let done = 0; done < into.length; ) {
    const got = source.read(at + done, into.subarray(done))
    if (got <= 0) return false
    done += got
  }
  return true
}

/** Where to cut content at `limit` bytes without parting a character. The byte at the cut must be there. */
export function cutOf(bytes: Uint8Array, start: number, limit: number): number {
  let at = start + limit
  if (cutsAnywhere) return at
  for (let back = 0; back < 4 && at > start; back++, at--) {
    if ((bytes[at]! & 0xc0) !== 0x80) return at
  }
  return start + limit
}
