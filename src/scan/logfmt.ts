import type { Batch } from '../core/batch.ts'
import { Kind, parseErrors } from '../core/row.ts'
import type { Keys } from '../core/keys.ts'
import { NextByte } from './next-byte.ts'
import { NumberedKeys } from './numbered-keys.ts'
import { hex4, isUtf8Row } from './text.ts'

const refused = parseErrors.indexOf('logfmt')
const equals = 0x3d
const quote = 0x22
const backslash = 0x5c
/** A row that has a name more often is none. */
const maxNumber = 999
const yes = Buffer.from('true')

/** 1 for bytes that names are made of. go-logfmt takes more, but then half of all sentences are logfmt. */
const inName = new Uint8Array(256).fill(1, 0x80)
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/@:$#'))
  inName[byte] = 1

/** 1 for bytes that say nothing about a value: it goes on, and stays as it is. */
const inValue = new Uint8Array(256).fill(1, 0x21, 0x80)
inValue[quote] = 0
inValue[backslash] = 0

/** 1 for what may stand behind a backslash in JSON text. */
const escapes = new Uint8Array(256)
for (const letter of Buffer.from('"\\/bfnrtu')) escapes[letter] = 1

/**
 * Finds the pairs of rows like `level=info msg="two words" retry`. As go-logfmt reads them, except that names are letters, digits and
 * `_.-/@:$#`, that values without quotes may contain `=`, and that a name which repeats is numbered.
 */
export class LogfmtScanner {
  readonly #keys: NumberedKeys
  readonly #equals = new NextByte(equals)
  /** Where the value that was read last ends in the row. */
  #end = 0

  constructor(keys: Keys) {
    this.#keys = new NumberedKeys(keys, maxNumber)
  }

  /** To be called before the rows of a batch. */
  open(): void {
    this.#equals.open()
  }

  /** Adds a field for each pair, in order. Fewer than `minPairs` refuse the row; words without a value become `true`, or refuse it
   * where `minPairs` is more than 1. Returns 0, or an index into `parseErrors`, and then the row has no fields. */
  scan(batch: Batch, row: number, minPairs: number): number {
    if (this.#equals.from(batch, batch.starts[row]!) >= batch.ends[row]!) return refused
    const fields = batch.fields
    if (this.#pairs(batch, row, minPairs > 1) >= minPairs) return 0
    if (batch.fields > fields) batch.dropFields(row, fields)
    return refused
  }

  /** The number of pairs, or -1. */
  #pairs(batch: Batch, row: number, isStrict: boolean): number {
    let { bytes } = batch
    const end = batch.ends[row]!
    let pairs = 0
    let wasQuiet = true
    for (let at = batch.starts[row]!; ; ) {
      while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
      if (at >= end) return pairs
      const start = at
      while (at < end && inName[bytes[at]!] === 1) at++
      const isPair = at < end && bytes[at] === equals
      if (at === start || !(isPair || at === end || bytes[at] === 0x20 || bytes[at] === 0x09)) return -1
      if (isStrict && !isPair) return -1
      if (wasQuiet) {
        this.#keys.begin()
        wasQuiet = false
      }
      const key = this.#keys.find(bytes, start, at)
      if (key < 0) return -1
      if (isPair) {
        if (!this.#value(batch, row, key, at + 1)) return -1
        at = this.#end
        pairs++
      } else {
        const overlay = batch.overlay(4)
        bytes = batch.bytes
        yes.copy(bytes, overlay)
        batch.addField(row, key, overlay, overlay + 4, Kind.boolean)
      }
    }
  }

  #value(batch: Batch, row: number, key: number, start: number): boolean {
    const { bytes } = batch
    const end = batch.ends[row]!
    if (start < end && bytes[start] === quote) return this.#quoted(batch, row, key, start + 1)
    let at = start
    let isPlain = true
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (inValue[byte] === 1) continue
      if (byte === 0x20 || byte === 0x09) break
      if (byte === quote) return false
      isPlain = false
    }
    this.#end = at
    if (!isPlain) isPlain = isPlainText(batch, row, start, at)
    batch.addField(row, key, start, at, isPlain ? Kind.plain : Kind.text)
    return true
  }

  /** A value in quotes. One whose escapes are not JSON's (`C:\dir`) is taken as it stands. */
  #quoted(batch: Batch, row: number, key: number, start: number): boolean {
    const { bytes } = batch
    const end = batch.ends[row]!
    let isPlain = true
    let isEscaped = false
    let isJson = true
    let at = start
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (inValue[byte] === 1 || byte === 0x20) continue
      if (byte === quote) break
      isPlain = false
      if (byte < 0x20) isJson = false
      if (byte !== backslash) continue
      isEscaped = true
      if (++at >= end) return false
      if (escapes[bytes[at]!] === 0 || (bytes[at] === 0x75 && (at + 5 > end || hex4(bytes, at + 1) > 0xffff)))
        isJson = false
    }
    if (at >= end || (at + 1 < end && bytes[at + 1] !== 0x20 && bytes[at + 1] !== 0x09)) return false
    this.#end = at + 1
    let kind: Kind = Kind.plain
    if (isEscaped) kind = isJson && isUtf8Row(batch, row) ? Kind.jsonText : Kind.text
    else if (!isPlain && !isPlainText(batch, row, start, at)) kind = Kind.text
    batch.addField(row, key, start, at, kind)
    return true
  }
}

/** Whether text can stand inside a JSON string as it is. */
function isPlainText(batch: Batch, row: number, start: number, end: number): boolean {
  const { bytes } = batch
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte < 0x20 || byte === backslash || byte === quote) return false
  }
  return isUtf8Row(batch, row)
}
