import type { LossReason } from '../../core/outcome.ts'
import type { StoredSource } from '../../core/record.ts'
import type { Position } from '../../core/source.ts'
import { type Block, blockBytes, pack } from '../../delivery/spool/block.ts'
import type { Spool } from '../../delivery/spool/spool.ts'
import type { Handle } from './handle.ts'
import type { FileSource } from './source.ts'
import { Tails } from './tails.ts'

/** Blocks copied in one step, which is one commit: 5 ms, 20 ms at worst (measured). */
const blocksAStep = 4
/** So long a deleted file has to be quiet before it is let go: who has it open may still write to it. */
const quietMs = 5000
/** While there is no room for its rest, it stays open as long as somebody reads on in it or the disk is full, but not longer than this. */
const mostOpenMs = 600_000

/** A deleted file with rows that are not settled. */
export interface Deleted {
  readonly source: FileSource
  readonly handle: Handle
  /** Monotonic ms. */
  readonly unlinkedAt: number
  /** What the state keeps of it. */
  readonly record: () => StoredSource
  /** It need not be open any more: it is in the spool up to `copiedTo`. What is behind is lost for this reason; undefined: nothing is. */
  readonly letGo: (copiedTo: Position, reason?: LossReason) => void
}

/** The copy of one deleted file into the spool, block by block; each ends with a line where that is possible. */
export class Hold {
  readonly file: Deleted
  readonly #spool: Spool
  readonly #tails: Tails
  readonly #bytes: Buffer
  /** Copied up to here. */
  #at: Position
  #isWhole = false
  #grewAt: number
  #readTo = -1
  #readAt = 0
  /** Since when there is no room. -1: there is. */
  #blockedAt = -1
  /** The disk is full, or worse. */
  #isFailing = false

  /** `from` is a place that no stored cursor stands before; `bytes`, a block, are in use during a step only. */
  constructor(file: Deleted, from: Position, { spool, bytes }: { spool: Spool; bytes: Buffer }) {
    this.file = file
    this.#at = from
    this.#spool = spool
    this.#bytes = bytes
    this.#tails = new Tails(file.handle)
    this.#grewAt = file.unlinkedAt
  }

  /** Everything that is there now is copied. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  get isBlocked(): boolean {
    return this.#blockedAt >= 0
  }

  get copiedTo(): Position {
    return this.#at
  }

  /** Copies some more, durable on return. Returns whether there may be more to copy now. Throws the system's errors and those of SQLite. */
  step(now: number): boolean {
    const { source } = this.file
    let at = this.#at
    const blocks: Block[] = []
    // One may find room where more do not.
    const most = this.isBlocked ? 1 : blocksAStep
    while (blocks.length < most) {
      const got = this.#tails.read(at, this.#bytes, Infinity)
      // Less than nothing: it was truncated, which the next look at the file will find.
      if (got <= 0) break
      const length = got < blockBytes ? got : this.#bytes.lastIndexOf(10) + 1 || got
      blocks.push(pack(source.id, at, this.#bytes.subarray(0, length)))
      at += length
    }
    if (blocks.length > 0) {
      if (this.#blockedAt < 0) this.#blockedAt = now
      this.#isFailing = true
      const hasRoom = this.#spool.append(this.file.record(), blocks)
      this.#isFailing = false
      if (!hasRoom) return blocks.length > 1
      source.keep(this.#spool.find(source.id))
      if (this.#isWhole) this.#grewAt = now
    }
    this.#blockedAt = -1
    this.#at = at
    this.#isWhole = blocks.length < most
    if (at > source.size) source.size = at
    return !this.#isWhole
  }

  /** Whether the file can be let go, once a scan and behind a step: it is copied and quiet, or there is no room and nobody reads on. */
  isOver(now: number): boolean {
    const { source, unlinkedAt } = this.file
    if (this.#isWhole) return now - this.#grewAt >= quietMs
    if (source.readTo > this.#readTo) {
      this.#readTo = source.readTo
      this.#readAt = now
    }
    if (!this.isBlocked) return false
    const isLeft = !this.#isFailing && now - Math.max(this.#blockedAt, this.#readAt) >= quietMs
    return isLeft || now - unlinkedAt >= mostOpenMs
  }
}
