import type { Batch } from '../core/batch.ts'
import { Kind, parseErrors } from '../core/row.ts'
import { Keys } from '../core/keys.ts'
import { copyBytes, hex4, unescape } from './text.ts'

export const invalid = parseErrors.indexOf('json')
export const duplicateKey = parseErrors.indexOf('json_duplicate_key')
const tooDeep = parseErrors.indexOf('json_depth')

/** Objects and arrays inside each other, the row's own object included. */
export const maxDepth = 128

const quote = 0x22
const backslash = 0x5c

/** 1 for the characters that may stand behind a backslash, except `u`. */
const escapes = new Uint8Array(256)
for (const letter of Buffer.from('"\\/bfnrt')) escapes[letter] = 1

/** What `value` does with a byte that begins a value. */
const beginsNumber = new Uint8Array(256)
for (const letter of Buffer.from('-0123456789')) beginsNumber[letter] = 1

/**
 * Reads JSON values strictly by RFC 8259, with the help of marks: a string without escapes ends at the next mark. A cursor:
 * `at` is the next byte, `mark` the index of the first mark at or behind it. Methods that refuse return 0, -1 or false and leave the
 * reason in `error`.
 */
export class JsonReader {
  bytes: Buffer = Buffer.alloc(0)
  marks: Int32Array = new Int32Array(0)
  at = 0
  end = 0
  mark = 0
  /** Index into `parseErrors`. */
  error = 0
  /** A nested object with the key "" was read since this was set to false. */
  emptyKey = false
  /** Names inside of values, apart from those of the shard: there may be any number of them. */
  readonly #keys = new Keys()
  /** By depth: number of the last object in which the key with this id was seen. */
  readonly #seen: Int32Array[] = []
  #object = 0
  #scratch = Buffer.alloc(256)

  /** Sets the cursor to the start of a row. */
  open(batch: Batch, row: number): void {
    this.bytes = batch.bytes
    this.marks = batch.marks
    this.at = batch.starts[row]!
    this.end = batch.ends[row]!
    let mark = batch.mark[row]!
    while (this.marks[mark]! < this.at) mark++
    this.mark = mark
    this.error = invalid
    this.emptyKey = false
    if (this.#object > 0x7ff00000 || this.#keys.isFull) this.#forget()
  }

  /** Passes white space, of which all but the blank has marks, and says whether anything is left. */
  space(): boolean {
    const { bytes, end } = this
    let at = this.at
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte === 0x20) continue
      if (byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      this.mark++
    }
    this.at = at
    return at < end
  }

  /** Passes a key, its colon and white space; returns the key's id in `keys`, with `prefix` and a dot before its name unless `prefix`
   * is -1. Keys are told apart as well-formed text: decoded, with U+FFFD for a surrogate without its other half. */
  key(keys: Keys, prefix: number): number {
    if (this.at >= this.end || this.bytes[this.at] !== quote) return -1
    const start = this.at + 1
    const kind = this.string()
    const close = this.at - 1
    if (kind === Kind.absent || !this.space() || this.bytes[this.at] !== 0x3a) return -1
    this.at++
    if (!this.space()) return -1
    if (kind === Kind.plain && prefix < 0) return keys.find(this.bytes, start, close)
    return this.#madeKey(keys, prefix, start, close)
  }

  /** Passes the string that starts at the cursor. */
  string(): Kind {
    const { bytes, marks, end } = this
    let mark = this.mark + 1
    for (;;) {
      const at = marks[mark]!
      if (at >= end) return Kind.absent
      const byte = bytes[at]!
      if (byte === quote) {
        const kind = mark - this.mark > 1 ? Kind.jsonText : Kind.plain
        this.at = at + 1
        this.mark = mark + 1
        return kind
      }
      if (byte !== backslash || at + 1 >= end) return Kind.absent
      const letter = bytes[at + 1]!
      mark += letter === quote || letter === backslash ? 2 : 1
      if (escapes[letter] === 1) continue
      if (letter !== 0x75 || at + 6 > end || hex4(bytes, at + 2) > 0xffff) return Kind.absent
    }
  }

  /** Passes a value; `depth` is the number of objects and arrays around it. */
  value(depth: number): Kind {
    const byte = this.bytes[this.at]!
    if (byte === quote) return this.string()
    if (beginsNumber[byte] === 1) return this.#number()
    if (byte === 0x7b) return this.#objectValue(depth + 1)
    if (byte === 0x5b) return this.#arrayValue(depth + 1)
    if (byte === 0x74) return this.#word(0x65757274, 4) ? Kind.boolean : Kind.absent
    if (byte === 0x66) return this.#word(0x65736c61, 5) ? Kind.boolean : Kind.absent
    if (byte === 0x6e) return this.#word(0x6c6c756e, 4) ? Kind.null : Kind.absent
    return Kind.absent
  }

  /** Whether a word of this length stands here whose last four letters are these, lowest byte first. */
  #word(letters: number, length: number): boolean {
    const { bytes } = this
    const next = this.at + length
    if (next > this.end) return false
    const found = bytes[next - 4]! | (bytes[next - 3]! << 8) | (bytes[next - 2]! << 16) | (bytes[next - 1]! << 24)
    this.at = next
    return found === letters
  }

  #number(): Kind {
    const { bytes, end } = this
    let at = this.at
    if (bytes[at] === 0x2d) at++
    if (at < end && bytes[at] === 0x30) at++
    else if ((at = digits(bytes, at, end)) < 0) return Kind.absent
    if (at < end && bytes[at] === 0x2e && (at = digits(bytes, at + 1, end)) < 0) return Kind.absent
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      at++
      if (at < end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++
      if ((at = digits(bytes, at, end)) < 0) return Kind.absent
    }
    this.at = at
    return Kind.number
  }

  #arrayValue(depth: number): Kind {
    if (depth > maxDepth) return this.#refuse(tooDeep)
    this.at++
    if (!this.space()) return Kind.absent
    if (this.bytes[this.at] === 0x5d) return this.#close()
    for (;;) {
      if (this.value(depth) === Kind.absent || !this.space()) return Kind.absent
      const byte = this.bytes[this.at]!
      if (byte === 0x5d) return this.#close()
      this.at++
      if (byte !== 0x2c || !this.space()) return Kind.absent
    }
  }

  #objectValue(depth: number): Kind {
    if (depth > maxDepth) return this.#refuse(tooDeep)
    const object = ++this.#object
    this.at++
    if (!this.space()) return Kind.absent
    if (this.bytes[this.at] === 0x7d) return this.#close()
    for (;;) {
      const key = this.key(this.#keys, -1)
      if (key < 0) return Kind.absent
      if (this.#keys.starts[key] === this.#keys.starts[key + 1]) this.emptyKey = true
      if (!this.#stamp(depth, key, object)) return this.#refuse(duplicateKey)
      if (this.value(depth) === Kind.absent || !this.space()) return Kind.absent
      const byte = this.bytes[this.at]!
      if (byte === 0x7d) return this.#close()
      this.at++
      if (byte !== 0x2c || !this.space()) return Kind.absent
    }
  }

  #close(): Kind {
    this.at++
    return Kind.json
  }

  #refuse(error: number): Kind {
    this.error = error
    return Kind.absent
  }

  #stamp(depth: number, key: number, object: number): boolean {
    let seen = this.#seen[depth]
    if (seen === undefined || key >= seen.length) {
      const larger = new Int32Array(Math.max(256, key * 2))
      if (seen !== undefined) larger.set(seen)
      this.#seen[depth] = seen = larger
    }
    if (seen[key] === object) return false
    seen[key] = object
    return true
  }

  #madeKey(keys: Keys, prefix: number, start: number, end: number): number {
    const from = prefix < 0 ? 0 : keys.starts[prefix]!
    const length = prefix < 0 ? 0 : keys.starts[prefix + 1]! - from
    if (length + 1 + end - start > this.#scratch.length) this.#scratch = Buffer.alloc((length + end - start) * 2)
    const scratch = this.#scratch
    let at = copyBytes(keys.bytes, from, from + length, scratch, 0)
    if (prefix >= 0) scratch[at++] = 0x2e
    return keys.find(scratch, 0, unescape(this.bytes, start, end, scratch, at))
  }

  #forget(): void {
    this.#keys.trim()
    this.#seen.length = 0
    this.#object = 0
  }
}

function digits(bytes: Buffer, at: number, end: number): number {
  const first = at
  while (at < end && (bytes[at]! - 0x30) >>> 0 < 10) at++
  return at > first ? at : -1
}
