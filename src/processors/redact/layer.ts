import { hex4, unescape } from '../../scan/text.ts'
import { type Finder, inWord, type Passage } from './finder.ts'
import { JsonWalk } from './json-walk.ts'
import type { Masks } from './masks.ts'
import type { Names } from './names.ts'

/** A row, a string of JSON in it, JSON in that string, and a string in there. */
const mostLayers = 4
/** What one large row needed is not kept for the next. */
const keptBytes = 1 << 16
const backslash = 0x5c
const isEscape = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrtu'.includes(String.fromCharCode(byte)) ? 1 : 0
)

type Asked = readonly (readonly Finder[] | undefined)[]

/** What is searched, and where what is found goes. */
export interface Search {
  readonly finders: readonly Finder[]
  /** By byte: who is asked there, behind a byte of a word and elsewhere. */
  readonly askedInside: Asked
  readonly askedAtStart: Asked
  readonly names: Names
  readonly masks: Masks
}

/** Texts as they are meant: the lowest layer is the bytes of the batch, each other one is what stands in the one below without its escapes. */
export class Layer implements Passage {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  readonly search: Search
  readonly #below: Layer | undefined
  readonly #number: number
  #above: Layer | undefined
  /** Where each byte, and the end, stands in the layer below; bytes of one escape stand at its beginning. */
  #places = new Int32Array(0)
  readonly #walk: JsonWalk
  readonly #hide = (from: number, to: number): void => this.hide(from, to, false)

  constructor(search: Search, below?: Layer) {
    this.search = search
    this.#below = below
    this.#number = below === undefined ? 1 : below.#number + 1
    this.#walk = new JsonWalk(this)
  }

  /** Searches a text: what it says by JSON, if it is that as a whole, else as it stands and without escapes that it may have. */
  text(start: number, end: number): void {
    if (this.#walk.read(start, end)) return
    this.find(start, end)
    const escape = this.bytes.subarray(start, end).indexOf(backslash)
    if (escape >= 0) this.escaped(start, end)
  }

  /** Searches a text that is written with escapes. */
  escaped(start: number, end: number): void {
    if (this.#number === mostLayers) return
    this.#above ??= new Layer(this.search, this)
    this.start = start
    this.#above.text(0, this.#above.#fill(this.bytes, start, end))
  }

  /** Searches JSON, if it is some; `isSecret`: all values in it are to be hidden. */
  json(start: number, end: number, isSecret = false): boolean {
    return this.#walk.read(start, end, isSecret)
  }

  find(start: number, end: number): void {
    this.start = start
    this.end = end
    const { finders, askedInside, askedAtStart } = this.search
    const { bytes } = this
    for (const finder of finders) {
      finder.open?.()
      if (finder.at === undefined) finder.find(this, start, this.#hide)
    }
    let asked = askedAtStart
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      const some = asked[byte]
      asked = inWord[byte] === 1 ? askedInside : askedAtStart
      if (some === undefined) continue
      for (let i = 0; i < some.length; i++) some[i]!.find(this, at, this.#hide)
    }
  }

  /** Hides bytes, and all of an escape that only some of them are in. */
  hide(from: number, to: number, isNumber: boolean): void {
    const { bytes, start } = this
    const first = escapeStart(bytes, from, start)
    const last = escapeEnd(bytes, to, start)
    if (this.#below === undefined) this.search.masks.add(first, last, isNumber)
    else this.#below.hide(this.#places[first]!, this.#placeBehind(last), isNumber)
  }

  #placeBehind(end: number): number {
    const places = this.#places
    // bytes behind may be of the same escape
    while (end > 0 && places[end] === places[end - 1]) end++
    return places[end]!
  }

  /** Takes a text of the layer below over; returns its length. */
  #fill(from: Buffer, start: number, end: number): number {
    const length = end - start
    if (this.bytes.length < length || (this.bytes.length > keptBytes && length <= keptBytes)) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(length, 1024))
      this.#places = new Int32Array(this.bytes.length + 1)
    }
    const { bytes } = this
    const places = this.#places
    let at = 0
    while (start < end) {
      const next = start + unitLength(from, start, end)
      if (next === start + 1) {
        places[at] = start
        bytes[at++] = from[start]!
      } else {
        const behind = unescape(from, start, next, bytes, at)
        while (at < behind) places[at++] = start
      }
      start = next
    }
    places[at] = end
    return at
  }
}

/** How long the escape is that stands here, or 1. Two that are one character are one. */
function unitLength(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] !== backslash || at + 1 >= end || isEscape[bytes[at + 1]!] === 0) return 1
  if (bytes[at + 1] !== 0x75) return 2
  if (at + 6 > end || hex4(bytes, at + 2) > 0xffff) return 1
  const isHigh = hex4(bytes, at + 2) >> 10 === 0x36
  const isPair = isHigh && at + 12 <= end && bytes[at + 6] === backslash && bytes[at + 7] === 0x75
  return isPair && hex4(bytes, at + 8) >> 10 === 0x37 ? 12 : 6
}

/** Where the escape begins that a place is in, or the place. */
function escapeStart(bytes: Buffer, at: number, start: number): number {
  for (let back = 1; back <= 5 && at - back >= start; back++) {
    const first = at - back
    if (bytes[first] !== backslash || !isOdd(bytes, first, start)) continue
    return unitLength(bytes, first, bytes.length) > back ? first : at
  }
  return at
}

function escapeEnd(bytes: Buffer, at: number, start: number): number {
  const first = escapeStart(bytes, at, start)
  return first === at ? at : first + Math.min(6, unitLength(bytes, first, bytes.length))
}

/** Whether a backslash begins an escape: an odd number of them stands here. */
function isOdd(bytes: Buffer, at: number, start: number): boolean {
  let count = 0
  while (at - count >= start && bytes[at - count] === backslash) count++
  return (count & 1) === 1
}
