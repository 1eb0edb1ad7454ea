import { GroupTable } from '../../logql/ranges/group-table.ts'

/** Texts that stand in rows, as small numbers that hold until `clear`. */
export class Numbers {
  readonly #longest: number
  readonly #table: GroupTable
  readonly #key: Buffer
  /** That of the last row: the next one is often of the same. */
  #last = -1

  /** At most so many, of so many bytes. */
  constructor(most: number, longest: number) {
    this.#longest = longest
    this.#table = new GroupTable(most)
    this.#key = Buffer.allocUnsafeSlow(longest)
  }

  /** The number of what stands in `bytes[start, end)`; -1 where there are too many, or it is too long. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (this.#last >= 0 && this.#isLast(bytes, start, length)) return this.#last
    if (length > this.#longest) return -1
    const key = this.#key
    for (let i = 0; i < length; i++) key[i] = bytes[start + i]!
    return (this.#last = this.#table.find(key, length))
  }

  text(number: number): string {
    return this.#table.keys.utf8Slice(this.#table.startOf(number), this.#table.ends[number]!)
  }

  get count(): number {
    return this.#table.count
  }

  clear(): void {
    this.#table.clear()
    this.#last = -1
  }

  #isLast(bytes: Uint8Array, start: number, length: number): boolean {
    const { keys, ends } = this.#table
    const at = this.#table.startOf(this.#last)
    if (ends[this.#last]! - at !== length) return false
    for (let i = 0; i < length; i++) if (keys[at + i] !== bytes[start + i]) return false
    return true
  }
}
