import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Kind } from '../core/row.ts'
import { NumberedKeys } from '../scan/numbered-keys.ts'
import { PlainSpans } from '../scan/plain-spans.ts'

const space = 0x20
const equals = 0x3d
const quote = 0x22
const backslash = 0x5c
const open = 0x5b
const close = 0x5d
const prefix = 'log.syslog.structured_data.'
/** Longest name of a field: RFC 5424 allows 32 characters for each of its two parts. */
const longest = prefix.length + 160

/** Finds the parameters in the structured data of RFC 5424: `[id name="value" name="value"][id …]`, where `"`, `\` and `]` have a `\` in front. */
export class StructuredData {
  readonly #keys: NumberedKeys
  readonly #name = Buffer.alloc(longest)
  readonly #spans = new PlainSpans()
  #at = 0

  constructor(keys: Keys) {
    this.#keys = new NumberedKeys(keys)
    this.#name.write(prefix)
  }

  /** Adds a field for each parameter in `bytes[start, end)`, up to the first that is none. A name that repeats is numbered. */
  add(batch: Batch, row: number, start: number, end: number): void {
    this.#spans.open(batch, row)
    this.#keys.begin()
    this.#at = start
    while (this.#at < end && batch.bytes[this.#at] === open) if (!this.#element(batch, row, end)) return
  }

  #element(batch: Batch, row: number, end: number): boolean {
    const start = this.#at + 1
    const length = this.#copyName(batch.bytes, start, prefix.length)
    for (;;) {
      const byte = batch.bytes[this.#at]
      if (byte === close) {
        this.#at++
        return true
      }
      if (byte !== space || length < 0) return false
      this.#at++
      if (!this.#parameter(batch, row, length, end)) return false
    }
  }

  #parameter(batch: Batch, row: number, idLength: number, end: number): boolean {
    const { bytes } = batch
    this.#name[idLength] = 0x2e
    const length = this.#copyName(bytes, this.#at, idLength + 1)
    if (length < 0 || bytes[this.#at] !== equals || bytes[this.#at + 1] !== quote) return false
    const start = this.#at + 2
    let at = start
    let isEscaped = false
    for (; at < end && bytes[at] !== quote; at++) {
      if (bytes[at] !== backslash) continue
      isEscaped = true
      at++
    }
    if (at >= end) return false
    this.#at = at + 1
    const key = this.#keys.find(this.#name, 0, length)
    if (isEscaped) this.#addUnescaped(batch, row, key, start, at)
    else batch.addField(row, key, start, at, this.#spans.kindOf(start, at))
    return true
  }

  #addUnescaped(batch: Batch, row: number, key: number, start: number, end: number): void {
    const from = batch.overlay(end - start)
    const { bytes } = batch
    let to = from
    for (let at = start; at < end; at++) {
      const next = bytes[at + 1]
      if (bytes[at] === backslash && at + 1 < end && (next === quote || next === backslash || next === close)) at++
      bytes[to++] = bytes[at]!
    }
    batch.addField(row, key, from, to, Kind.text)
  }

  /** Copies a name into `#name` at `into`; returns the length with it, or -1 where it is none. */
  #copyName(bytes: Uint8Array, start: number, into: number): number {
    let at = start
    for (; into < longest && isInName(bytes[at]!); at++) this.#name[into++] = bytes[at]!
    this.#at = at
    return at === start || into === longest ? -1 : into
  }
}

function isInName(byte: number): boolean {
  return byte > space && byte < 0x7f && byte !== equals && byte !== close && byte !== quote
}
