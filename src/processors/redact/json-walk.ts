import { copyBytes, unescape } from '../../scan/text.ts'
import type { Layer } from './layer.ts'

/** Deeper JSON is text. */
const mostDepth = 128
const quote = 0x22
const backslash = 0x5c
const point = 0x2e
const words = ['true', 'false', 'null'].map(word => Buffer.from(word))

/** Searches the values of JSON, by their names and each by itself. */
export class JsonWalk {
  readonly #layer: Layer
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  /** Whether something is done with what is found: the first time it is read only to see that it is JSON. */
  #isSearch = false
  /** Names that lead to a value, with points between. */
  #path: Buffer = Buffer.alloc(256)

  constructor(layer: Layer) {
    this.#layer = layer
  }

  /** False, and nothing is hidden, if `[start, end)` is no object and no array. */
  read(start: number, end: number, isSecret = false): boolean {
    this.#bytes = this.#layer.bytes
    this.#end = end
    this.#at = start
    const first = this.#space()
    if (first !== 0x7b && first !== 0x5b) return false
    this.#isSearch = false
    if (!this.#value(0, 0, isSecret) || this.#space() !== -1) return false
    this.#at = start
    this.#isSearch = true
    // what is searched for escapes has its start here
    this.#layer.start = start
    return this.#value(0, 0, isSecret)
  }

  /** Passes white space; returns the byte behind it, or -1 at the end. */
  #space(): number {
    for (; this.#at < this.#end; this.#at++) {
      const byte = this.#bytes[this.#at]!
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte
    }
    return -1
  }

  /** Passes a value; `path` is the length of the names that lead to it. */
  #value(depth: number, path: number, isSecret: boolean): boolean {
    const byte = this.#space()
    if (byte === quote) return this.#string(isSecret)
    if (byte === 0x7b || byte === 0x5b)
      return depth < mostDepth && this.#members(byte === 0x7b, depth + 1, path, isSecret)
    if (byte === 0x2d || (byte - 0x30) >>> 0 < 10) return this.#number(isSecret)
    const word = words.find(one => one[0] === byte)
    const next = this.#at + (word?.length ?? 0)
    if (word === undefined || next > this.#end || !word.equals(this.#bytes.subarray(this.#at, next))) return false
    this.#at = next
    return true
  }

  #members(isObject: boolean, depth: number, path: number, isSecret: boolean): boolean {
    const close = isObject ? 0x7d : 0x5d
    this.#at++
    if (this.#space() === close) return this.#pass()
    for (;;) {
      let length = path
      if (isObject) length = this.#key(path)
      if (length < 0) return false
      const isHidden = isSecret || (isObject && this.#isSearch && this.#layer.search.names.has(this.#path, 0, length))
      if (!this.#value(depth, length, isHidden)) return false
      const byte = this.#space()
      if (byte === close) return this.#pass()
      if (byte !== 0x2c) return false
      this.#at++
    }
  }

  #pass(): boolean {
    this.#at++
    return true
  }

  /** Passes a name and the colon behind it; returns the length of the path with it, or -1. */
  #key(path: number): number {
    if (this.#space() !== quote) return -1
    const start = this.#at + 1
    if (this.#pastString() < 0) return -1
    const end = this.#at - 1
    if (this.#space() !== 0x3a) return -1
    this.#at++
    if (!this.#isSearch) return path
    const most = path + 1 + end - start
    if (most > this.#path.length) {
      const larger = Buffer.allocUnsafeSlow(most * 2)
      copyBytes(this.#path, 0, path, larger, 0)
      this.#path = larger
    }
    if (path > 0) this.#path[path++] = point
    return unescape(this.#bytes, start, end, this.#path, path)
  }

  #string(isSecret: boolean): boolean {
    const start = this.#at + 1
    const escapes = this.#pastString()
    if (escapes < 0) return false
    const end = this.#at - 1
    if (!this.#isSearch || end === start) return true
    if (isSecret) this.#layer.hide(start, end, false)
    else if (escapes > 0) this.#layer.escaped(start, end)
    else this.#layer.find(start, end)
    return true
  }

  /** Passes the string that begins here; returns the number of its escapes, or -1 where it has no end. */
  #pastString(): number {
    const bytes = this.#bytes
    const end = this.#end
    let escapes = 0
    for (let at = this.#at + 1; at < end; at++) {
      const byte = bytes[at]!
      if (byte === quote) {
        this.#at = at + 1
        return escapes
      }
      if (byte < 0x20) return -1
      if (byte !== backslash) continue
      escapes++
      at++
    }
    return -1
  }

  #number(isSecret: boolean): boolean {
    const start = this.#at
    if (this.#bytes[start] === 0x2d) this.#at++
    if (!this.#digits()) return false
    if (this.#is(point)) {
      this.#at++
      if (!this.#digits()) return false
    }
    if (this.#is(0x65) || this.#is(0x45)) {
      this.#at++
      if (this.#is(0x2b) || this.#is(0x2d)) this.#at++
      if (!this.#digits()) return false
    }
    return !this.#isSearch || this.#searchNumber(start, isSecret)
  }

  #is(byte: number): boolean {
    return this.#at < this.#end && this.#bytes[this.#at] === byte
  }

  #digits(): boolean {
    const first = this.#at
    while (this.#at < this.#end && (this.#bytes[this.#at]! - 0x30) >>> 0 < 10) this.#at++
    return this.#at > first
  }

  #searchNumber(start: number, isSecret: boolean): boolean {
    const { masks } = this.#layer.search
    const before = masks.count
    if (!isSecret) this.#layer.find(start, this.#at)
    if (!isSecret && masks.count === before) return true
    masks.count = before
    this.#layer.hide(start, this.#at, true)
    return true
  }
}
