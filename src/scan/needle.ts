import type { Batch } from '../core/batch.ts'

/** Finds a text in rows of a batch. The next place it stands at in the chunk is remembered, so that rows without it cost a comparison
 * and the chunk is searched once, as long as rows are asked for in their order. */
export class Needle {
  readonly length: number
  readonly #text: Buffer
  #chunk: Buffer = Buffer.alloc(0)
  /** From here up to `#next` it does not stand anywhere. */
  #from = 0
  #next = -1

  constructor(text: string) {
    this.#text = Buffer.from(text)
    this.length = this.#text.length
  }

  /** To be called before the first `find` in a batch. */
  open(batch: Batch): void {
    this.#chunk = batch.bytes.subarray(0, batch.size)
    this.#from = 0
    this.#next = -1
  }

  /** Where it stands in a span of the batch that was opened, or -1. */
  find(batch: Batch, start: number, end: number): number {
    if (start >= batch.size) {
      const found = batch.bytes.subarray(start, end).indexOf(this.#text)
      return found < 0 ? -1 : start + found
    }
    if (start < this.#from || start > this.#next) {
      const found = this.#chunk.indexOf(this.#text, start)
      this.#from = start
      this.#next = found < 0 ? Infinity : found
    }
    return this.#next + this.length <= end ? this.#next : -1
  }
}
