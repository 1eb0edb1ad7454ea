const quote = 0x22

/** Finds the columns of rows as RFC 4180 has them: values in quotes may have separators in them, and quotes that are doubled. */
export class CsvScanner {
  /** Where column n begins is at 2n, where it ends at 2n + 1, without its quotes. */
  readonly places: Int32Array
  /** 1 for columns with doubled quotes in them. */
  readonly isDoubled: Uint8Array
  readonly #separator: number

  /** `separator` is one byte, no quote and no line feed. */
  constructor(columns: number, separator: number) {
    this.places = new Int32Array(2 * columns)
    this.isDoubled = new Uint8Array(columns)
    this.#separator = separator
  }

  /** Whether `bytes[start, end)` has just so many columns. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    const { places, isDoubled } = this
    const separator = this.#separator
    const columns = isDoubled.length
    let at = start
    for (let column = 0; column < columns; column++) {
      isDoubled[column] = 0
      let from = at
      let to: number
      if (at < end && bytes[at] === quote) {
        from++
        to = this.#closing(bytes, from, end, column)
        if (to < 0) return false
        at = to + 1
      } else {
        while (at < end && bytes[at] !== separator) at++
        to = at
      }
      places[2 * column] = from
      places[2 * column + 1] = to
      if (column === columns - 1) return at === end
      if (at === end || bytes[at] !== separator) return false
      at++
    }
    return false
  }

  /** Where the quote stands that ends a value; -1: nowhere. */
  #closing(bytes: Uint8Array, from: number, end: number, column: number): number {
    for (let at = from; at < end; at++) {
      if (bytes[at] !== quote) continue
      if (at + 1 === end || bytes[at + 1] !== quote) return at
      this.isDoubled[column] = 1
      at++
    }
    return -1
  }
}
