import type { Batch } from '../core/batch.ts'
import { Kind } from '../core/row.ts'

/** Lines that a query has made, in place of the messages of their rows: until they are taken back, encoders write them. */
export class NewLines {
  readonly #batch: Batch
  readonly #used: number
  readonly #former: { readonly row: number; readonly start: number; readonly end: number; readonly kind: number }[] = []

  constructor(batch: Batch) {
    this.#batch = batch
    this.#used = batch.used
  }

  put(row: number, line: string): void {
    const { body } = this.#batch
    this.#former.push({ row, start: body.start[row]!, end: body.end[row]!, kind: body.kind[row]! })
    const length = Buffer.byteLength(line)
    const start = this.#batch.overlay(length)
    this.#batch.bytes.utf8Write(line, start)
    body.start[row] = start
    body.end[row] = start + length
    body.kind[row] = Kind.text
  }

  takeBack(): void {
    const { body } = this.#batch
    for (const { row, start, end, kind } of this.#former) {
      body.start[row] = start
      body.end[row] = end
      body.kind[row] = kind
    }
    this.#batch.used = this.#used
  }
}
