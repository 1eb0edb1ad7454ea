import type { Batch, Column } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { Label } from '../../logql/label.ts'

/** The message of a row, as it is written; where it has none, the row itself. */
export class BodyLabel extends Label {
  #batch!: Batch
  #body!: Column

  open(batch: Batch): void {
    this.#batch = batch
    this.#body = batch.body
  }

  find(row: number): boolean {
    const { kind, start, end } = this.#body
    const { bytes, starts, ends } = this.#batch
    if (kind[row] !== Kind.absent) return this.set(bytes, start[row]!, end[row]!)
    return this.set(bytes, starts[row]!, ends[row]!)
  }
}

/** The number of the lane, which all rows of a batch share: seven bits a byte, so that it is text. */
export class LaneLabel extends Label {
  override readonly isConstant = true
  readonly #digits = Buffer.alloc(5)

  number(lane: number): void {
    for (let i = 0, rest = lane; i < 5; i++, rest >>>= 7) this.#digits[i] = rest & 127
    this.set(this.#digits, 0, 5)
  }

  open(): void {}

  find(): boolean {
    return true
  }
}
