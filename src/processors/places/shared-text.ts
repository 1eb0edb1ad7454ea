import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { isPlainText } from '../../scan/plain-spans.ts'

/** A value that many rows of a batch have: it stands in the overlay once, if a row needs it. */
export class SharedText {
  readonly kind: Kind
  start = 0
  end = 0
  readonly #bytes: Buffer
  #isPlaced = false

  /** Left out, `kind` is that of text. */
  constructor(text: string, kind?: Kind) {
    this.#bytes = Buffer.from(text)
    this.kind = kind ?? (isPlainText(this.#bytes) ? Kind.plain : Kind.text)
  }

  /** To be called before the rows of a batch. */
  open(): void {
    this.#isPlaced = false
  }

  /** Sees to it that it stands at `start`. */
  place(batch: Batch): void {
    if (this.#isPlaced) return
    this.#isPlaced = true
    this.start = batch.overlay(this.#bytes.length)
    this.end = this.start + this.#bytes.length
    this.#bytes.copy(batch.bytes, this.start)
  }
}
