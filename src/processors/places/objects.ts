import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Kind } from '../../core/row.ts'
import { NumberedKeys } from '../../scan/numbered-keys.ts'
import { copyBytes, unescape } from '../../scan/text.ts'
import { unlink } from './links.ts'

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const dot = 0x2e
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const underscore = 0x5f

/** Takes fields that are JSON objects apart: their members become fields of their own, with dotted names. A parser has read them, so that
 * they are what they should be. */
export class Objects {
  readonly #keys: Keys
  readonly #numbered: NumberedKeys
  #name = Buffer.alloc(256)
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(keys: Keys) {
    this.#keys = keys
    this.#numbered = new NumberedKeys(keys)
  }

  /** Whether a field is one that has members. */
  has(batch: Batch, field: number): boolean {
    if (batch.fieldKind[field] !== Kind.json || batch.bytes[batch.fieldStart[field]!] !== openBrace) return false
    this.#bytes = batch.bytes
    this.#at = batch.fieldStart[field]! + 1
    return this.#skip() !== closeBrace
  }

  /** Members come behind all other fields of the row; one whose name is taken is numbered. `before` is the field before, or -1. */
  takeApart(batch: Batch, row: number, field: number, before: number): void {
    const outer = this.#startName(batch.fieldKey[field]!)
    unlink(batch, row, field, before)
    this.#numbered.begin()
    for (let other = batch.firstField[row]!; other >= 0; other = batch.fieldNext[other]!) this.#meet(batch, other)
    this.#bytes = batch.bytes
    this.#at = batch.fieldStart[field]! + 1
    while (this.#skip() !== closeBrace) {
      if (this.#bytes[this.#at] === comma) {
        this.#at++
        this.#skip()
      }
      this.#member(batch, row, outer)
    }
  }

  #meet(batch: Batch, field: number): void {
    const { bytes, starts } = this.#keys
    const key = batch.fieldKey[field]!
    this.#numbered.find(bytes, starts[key]!, starts[key + 1]!)
  }

  #member(batch: Batch, row: number, outer: number): void {
    const nameStart = this.#at + 1
    const nameEnd = this.#passString() - 1
    const key = this.#keyOf(nameStart, nameEnd, outer)
    this.#skip()
    this.#at++
    this.#skip()
    const start = this.#at
    const byte = this.#bytes[start]!
    if (byte === quote) {
      const end = this.#passString() - 1
      batch.addField(row, key, start + 1, end, kindOfString(this.#bytes, start + 1, end))
      return
    }
    if (byte === openBrace || byte === openBracket) this.#passContainer()
    else this.#passWord()
    batch.addField(row, key, start, this.#at, kindOf(byte))
  }

  /** Writes a name and a dot; returns where they end. */
  #startName(key: number): number {
    const { bytes, starts } = this.#keys
    const length = starts[key + 1]! - starts[key]!
    this.#reserve(length + 1)
    const end = copyBytes(bytes, starts[key]!, starts[key + 1]!, this.#name, 0)
    this.#name[end] = dot
    return end + 1
  }

  /** The empty name is written as `_`, as nobody takes it. */
  #keyOf(start: number, end: number, outer: number): number {
    this.#reserve(outer + Math.max(1, end - start))
    const name = this.#name
    let last = unescape(this.#bytes, start, end, name, outer)
    if (last === outer) name[last++] = underscore
    return this.#numbered.find(name, 0, last)
  }

  #reserve(length: number): void {
    if (length <= this.#name.length) return
    const larger = Buffer.alloc(length * 2)
    this.#name.copy(larger)
    this.#name = larger
  }

  /** Passes white space and returns the byte behind it. */
  #skip(): number {
    while (this.#bytes[this.#at]! <= 0x20) this.#at++
    return this.#bytes[this.#at]!
  }

  #passString(): number {
    const bytes = this.#bytes
    let at = this.#at + 1
    while (bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
    return (this.#at = at + 1)
  }

  #passContainer(): void {
    const bytes = this.#bytes
    let depth = 0
    do {
      const byte = bytes[this.#at]!
      if (byte === quote) {
        this.#passString()
        continue
      }
      if (byte === openBrace || byte === openBracket) depth++
      else if (byte === closeBrace || byte === closeBracket) depth--
      this.#at++
    } while (depth > 0)
  }

  #passWord(): void {
    for (;;) {
      const byte = this.#bytes[this.#at]!
      if (byte <= 0x20 || byte === comma || byte === closeBrace || byte === colon) return
      this.#at++
    }
  }
}

function kindOfString(bytes: Buffer, start: number, end: number): Kind {
  for (let at = start; at < end; at++) if (bytes[at] === backslash) return Kind.jsonText
  return Kind.plain
}

/** By the first byte. */
function kindOf(byte: number): Kind {
  if (byte === openBrace || byte === openBracket) return Kind.json
  if (byte === 0x74 || byte === 0x66) return Kind.boolean
  return byte === 0x6e ? Kind.null : Kind.number
}
