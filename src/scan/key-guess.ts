import type { Keys } from '../core/keys.ts'

/**
 * Guesses which key follows another, since rows of one source have the same keys in the same order, and holds each key's bytes as they
 * stand in a row (`"key":`), so that a guess is checked by comparing two or three numbers instead of each byte.
 *
 * Slots are key ids plus 1; slot 0 stands for the start of the object, and for "no guess".
 */
export class KeyGuess {
  /** By slot: the slot of the key that followed last time. */
  next = new Int32Array(1024)
  /** By slot: length of `"key":`, or 0 where it can not be compared. */
  length = new Int32Array(1024)
  /** By slot: the first and the last 8 bytes of `"key":` as a double, or 4 bytes as an integer where it is shorter than 8. A double is
   * as good as its bits here: one that equals none (NaN) is just never guessed right. */
  first = new Float64Array(1024)
  last = new Float64Array(1024)

  /** Notes that the key in slot `slot` followed the one in slot `before`. */
  learn(before: number, slot: number, keys: Keys): void {
    if (slot >= this.next.length) this.#grow(slot)
    this.next[before] = slot
    if (this.length[slot] === 0) this.#spell(slot, keys)
  }

  forget(): void {
    this.next.fill(0)
    this.length.fill(0)
  }

  #spell(slot: number, keys: Keys): void {
    const start = keys.starts[slot - 1]!
    const end = keys.starts[slot]!
    if (start === end) return
    for (let at = start; at < end; at++) {
      const byte = keys.bytes[at]!
      if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return
    }
    const text = Buffer.alloc(end - start + 3, '"')
    keys.bytes.copy(text, 1, start, end)
    text[text.length - 1] = 0x3a
    const { length } = text
    this.length[slot] = length
    this.first[slot] = length < 8 ? text.readInt32LE(0) : text.readDoubleLE(0)
    this.last[slot] = length < 8 ? text.readInt32LE(length - 4) : text.readDoubleLE(length - 8)
  }

  #grow(slot: number): void {
    for (const name of ['next', 'length'] as const) {
      const larger = new Int32Array(slot * 2)
      larger.set(this[name])
      this[name] = larger
    }
    for (const name of ['first', 'last'] as const) {
      const larger = new Float64Array(slot * 2)
      larger.set(this[name])
      this[name] = larger
    }
  }
}
