import type { LossReason } from '../../core/outcome.ts'
import type { Position } from '../../core/source.ts'
import type { Held } from '../../delivery/spool/held.ts'

/** Bytes that existed and can not be read any more, and why. */
export interface Loss {
  readonly reason: LossReason
  readonly bytes: number
}

/** What is left of a source where it can not be read: what the spool has of it, and why the rest is lost. */
export class Remains {
  /** Nothing can be read from here on, but from the spool. */
  end: Position = Infinity
  /** Why bytes behind the last that can be read are lost; undefined while there may be more. */
  reason: LossReason | undefined
  #held: Held | undefined
  /** Up to where the spool had all of it. */
  #heldTo: Position = 0

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** The spool has bytes of it, which may become more until it is lost. */
  keep(held: Held | undefined): void {
    this.#held = held
  }

  /** Nothing can be read any more, but from the spool, which had all of it up to `heldTo`. */
  lose(reason: LossReason | undefined, heldTo: Position): void {
    this.reason = reason
    this.end = 0
    this.#heldTo = Math.max(heldTo, this.#held?.end ?? 0)
  }

  /** It can be read up to here; then the rest is lost. */
  loseBehind(end: Position, reason: LossReason): void {
    this.reason = reason
    this.end = end
    this.#held = undefined
  }

  /** Copies bytes that the spool has; returns their number, 0 if none stand there. */
  read(at: Position, into: Uint8Array): number {
    return this.#held?.read(at, into) ?? 0
  }

  /** Where the next bytes stand that the spool has, at or behind `at`; Infinity if there are none, or others can be read. */
  next(at: Position): Position {
    return this.end > 0 ? Infinity : (this.#held?.next(at) ?? Infinity)
  }

  /** The bytes from `at` on that are lost of `size`, as far as it is for one reason; undefined if none are, or none yet. */
  lossAt(at: Position, size: Position): Loss | undefined {
    const next = Math.min(this.next(at), size)
    if (next <= at || (this.end > 0 && this.reason === undefined)) return undefined
    const start = this.#held?.start ?? 0
    if (at < start) return { reason: 'deleted_unread', bytes: Math.min(next, start) - at }
    if (at < this.#heldTo) return { reason: 'corrupt_frame', bytes: Math.min(next, this.#heldTo) - at }
    return { reason: this.reason ?? 'corrupt_frame', bytes: next - at }
  }
}
