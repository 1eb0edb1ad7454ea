import type { Batch } from '../../core/batch.ts'
import type { Position } from '../../core/source.ts'

/** Finds the lines without content that were left out between two rows. */
export class BlankLines {
  readonly #lineEnd: number
  /** Source position behind the last row; -1: there was none. */
  #readTo: Position = -1

  /** The byte that ends lines; -1: lines without content are rows. */
  constructor(lineEnd: number) {
    this.#lineEnd = lineEnd
  }

  /** How many there are in front of a row, which is the next. */
  before(batch: Batch, row: number): number {
    const position = batch.positions[row]!
    const blanks = position === this.#readTo ? 0 : this.to(batch, position)
    this.#readTo = position + batch.lengths[row]!
    return blanks
  }

  /** How many there are in front of a position, to which all was read. */
  to(batch: Batch, position: Position): number {
    let blanks = 0
    if (this.#readTo >= 0 && this.#lineEnd >= 0) {
      const end = Math.min(batch.size, position - batch.base)
      for (let at = Math.max(0, this.#readTo - batch.base); at < end; at++) {
        if (batch.bytes[at] === this.#lineEnd) blanks++
      }
    }
    this.#readTo = position
    return blanks
  }

  drop(): void {
    this.#readTo = -1
  }
}
