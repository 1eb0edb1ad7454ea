import type { Batch } from '../core/batch.ts'
import { Kind } from '../core/row.ts'

/** Words that stand for what a row says by numbers or signs. They are in the overlay of a batch once, if one is needed. */
export class Words {
  readonly #text: Buffer
  readonly #starts: readonly number[]
  #at = 0
  #isPlaced = false

  /** Words that can stand in JSON as they are. */
  constructor(words: readonly string[]) {
    this.#text = Buffer.from(words.join(''))
    this.#starts = [0, ...words].map((_, index) => words.slice(0, index).join('').length)
  }

  /** To be called before rows of a batch. */
  open(): void {
    this.#isPlaced = false
  }

  /** Adds a field whose value is the word with this number. */
  add(batch: Batch, row: number, key: number, word: number): void {
    if (!this.#isPlaced) this.#place(batch)
    batch.addField(row, key, this.#at + this.#starts[word]!, this.#at + this.#starts[word + 1]!, Kind.plain)
  }

  /** Behind other parsers the rows of a batch come in many pieces: what a former one placed is still there. */
  #place(batch: Batch): void {
    const { length } = this.#text
    const end = this.#at + length
    const isThere = this.#at >= batch.size && end <= batch.used
    if (!isThere || this.#text.compare(batch.bytes, this.#at, end) !== 0) {
      this.#at = batch.overlay(length)
      this.#text.copy(batch.bytes, this.#at)
    }
    this.#isPlaced = true
  }
}
