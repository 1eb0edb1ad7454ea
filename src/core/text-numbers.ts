import { GroupTable } from './group-table.ts'

/** The numbers of the last texts, by what is cheap to see of these. */
const recentSlots = 256

/** Texts that stand in rows, as small numbers that hold until `clear`. */
export class TextNumbers {
  readonly #longest: number
  readonly #table: GroupTable
  readonly #key: Buffer
  readonly #recent = new Int32Array(recentSlots).fill(-1)

  /** At most so many, of so many bytes. */
  constructor(most: number, longest: number) {
    this.#longest = longest
    this.#table = new GroupTable(most)
    this.#key = Buffer.allocUnsafeSlow(longest)
  }

  /** The number of what stands in `bytes[start, end)`; -1 where there are too many, or it is too long. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    const seen =
      length === 0 ? 0 : length * 31 + bytes[start]! * 7 + bytes[end - 1]! * 131 + bytes[start + (length >> 1)]! * 517
    const slot = seen & (recentSlots - 1)
    const recent = this.#recent[slot]!
    if (recent >= 0 && this.#isAt(recent, bytes, start, length)) return recent
    if (length > this.#longest) return -1
    const key = this.#key
    for (let i = 0; i < length; i++) key[i] = bytes[start + i]!
    return (this.#recent[slot] = this.#table.find(key, length))
  }

  text(number: number): string {
    return this.#table.keys.utf8Slice(this.#table.startOf(number), this.#table.ends[number]!)
  }

  get count(): number {
    return this.#table.count
  }

  clear(): void {
    this.#table.clear()
    this.#recent.fill(-1)
  }

  #isAt(number: number, bytes: Uint8Array, start: number, length: number): boolean {
    const { keys, ends } = this.#table
    const at = this.#table.startOf(number)
    if (ends[number]! - at !== length) return false
    for (let i = 0; i < length; i++) if (keys[at + i] !== bytes[start + i]) return false
    return true
  }
}
