/** Some rows of a batch, in their order. */
export class RowList {
  /** Their numbers; those at `count` and behind say nothing. */
  rows = new Int32Array(64)
  count = 0

  /** Makes room for so many; what was in it is gone. */
  reserve(count: number): void {
    if (this.rows.length < count) this.rows = new Int32Array(count * 2)
    this.count = 0
  }

  /** Takes the first `rows` rows of a batch, or those of them for which `wanted` is 1. */
  fill(rows: number, wanted?: Uint8Array): void {
    this.reserve(rows)
    const into = this.rows
    let count = 0
    for (let row = 0; row < rows; row++) {
      into[count] = row
      count += wanted === undefined ? 1 : wanted[row]!
    }
    this.count = count
  }
}
