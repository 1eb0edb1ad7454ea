import { Body } from '../core/output.ts'

/** Bodies start small, so that a quiet output takes little memory, and double up to the size of a batch. */
const initialBytes = 256 * 1024

/** Bodies for use again: fresh memory costs a page fault each 4 KiB, which is more than encoding into it. */
export class BodyPool {
  readonly #free: Body[] = []
  readonly #keep: number
  readonly #largest: number
  readonly #poison: boolean

  /** Keeps up to `keep` bodies of at most `largest` bytes. `poison` fills released bodies, so that tests notice late readers. */
  constructor(keep: number, largest: number, poison: boolean) {
    this.#keep = keep
    this.#largest = largest
    this.#poison = poison
  }

  take(): Body {
    return this.#free.pop() ?? new Body(Math.min(initialBytes, this.#largest))
  }

  give(body: Body): void {
    if (this.#poison) body.bytes.fill(0xdd)
    if (this.#free.length >= this.#keep || body.bytes.length > this.#largest) return
    body.clear()
    this.#free.push(body)
  }
}
