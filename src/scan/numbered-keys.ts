import type { Keys } from '../core/keys.ts'
import { grown } from '../core/workspace.ts'

/** Ids of the names in a row, where a name that repeats is numbered: `a`, `a_2`, `a_3`. */
export class NumberedKeys {
  readonly #keys: Keys
  readonly #mostNumber: number
  #generation = -1
  /** By key id: the last row that had it, and the last number given to it. */
  #seen = new Int32Array(1024)
  #numbers = new Int32Array(1024)
  #row = 0

  constructor(keys: Keys, mostNumber = Infinity) {
    this.#keys = keys
    this.#mostNumber = mostNumber
  }

  /** To be called before the names of a row. */
  begin(): void {
    if (this.#generation !== this.#keys.generation || this.#row > 0x7ffffff0) {
      this.#generation = this.#keys.generation
      this.#seen.fill(0)
      this.#row = 0
    }
    this.#row++
  }

  /** The id of the name in `bytes[start, end)`, or of the name with a number where the row has it already; -1 where that would be too high. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const key = this.#keys.find(bytes, start, end)
    if (this.#isNew(key)) {
      this.#numbers[key] = 1
      return key
    }
    const name = this.#keys.names[key]!
    for (;;) {
      const number = ++this.#numbers[key]!
      if (number > this.#mostNumber) return -1
      const next = this.#keys.add(`${name}_${number}`)
      if (!this.#isNew(next)) continue
      this.#numbers[next] = 1
      return next
    }
  }

  #isNew(key: number): boolean {
    if (key >= this.#seen.length) {
      const length = Math.max(this.#seen.length * 2, key + 1)
      this.#seen = grown(this.#seen, new Int32Array(length))
      this.#numbers = grown(this.#numbers, new Int32Array(length))
    }
    if (this.#seen[key] === this.#row) return false
    this.#seen[key] = this.#row
    return true
  }
}
