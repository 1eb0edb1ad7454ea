import type { Batch } from '../core/batch.ts'
import { Kind } from '../core/row.ts'

/** Words that stand for what a row says by numbers or signs. They are in the overlay of each batch once. */
export class Words {
  readonly #text: Buffer
  readonly #starts: readonly number[]
  #at = 0

  /** Words that can stand in JSON as they are. */
  constructor(words: readonly string[]) {
    this.#text = Buffer.from(words.join(''))
    this.#starts = [0, ...words].map((_, index) => words.slice(0, index).join('').length)
  }

  /** To be called before the rows of a batch. */
  open(batch: Batch): void {
    this.#at = batch.overlay(this.#text.length)
    this.#text.copy(batch.bytes, this.#at)
  }

  /** Adds a field whose value is the word with this number. */
  add(batch: Batch, row: number, key: number, word: number): void {
    batch.addField(row, key, this.#at + this.#starts[word]!, this.#at + this.#starts[word + 1]!, Kind.plain)
  }
}
