import { isIPv4, isIPv6 } from 'node:net'
import { Class, classes, type Finder, type Hide, isAlnum, type Passage, setOf } from './finder.ts'

const longestLocal = 64
const longestDomain = 255
const inLocal = setOf("\\w.%+'-")
const inDomain = setOf('A-Za-z0-9.-')
const point = 0x2e
const dash = 0x2d
const colon = 0x3a
const percent = 0x25

/** E-mail addresses (RFC 5322), also with letters of other scripts, and as URLs have them: `a%40example.org`. */
export class Emails implements Finder {
  readonly at = '@%'

  find(passage: Passage, at: number, hide: Hide): void {
    const { bytes, start, end } = passage
    const isEncoded = bytes[at] === percent
    if (isEncoded && (bytes[at + 1] !== 0x34 || bytes[at + 2] !== 0x30 || at + 3 > end)) return
    let from = at
    while (from > start && at - from < longestLocal && isIn(inLocal, bytes[from - 1]!)) from--
    // not in the middle of a character
    while (from > start && bytes[from]! >> 6 === 2) from--
    while (from < at && (bytes[from] === point || bytes[from] === 0x27)) from++
    const to = domainEnd(passage, isEncoded ? at + 3 : at + 1)
    if (from < at && to > 0) hide(from, to)
  }
}

function isIn(set: Uint8Array, byte: number): boolean {
  return set[byte] === 1 || byte >= 0x80
}

/** Where a domain of two labels and more ends, of which the last one has two letters; -1 where there is none. */
function domainEnd({ bytes, end }: Passage, from: number): number {
  let to = from
  while (to < end && to - from < longestDomain && isIn(inDomain, bytes[to]!)) to++
  while (to < end && bytes[to]! >> 6 === 2) to++
  while (to > from && (bytes[to - 1] === point || bytes[to - 1] === dash)) to--
  const last = bytes.subarray(from, to).lastIndexOf(point) + from + 1
  if (last <= from + 1 || to - last < 2) return -1
  const isDomain = (isAlnum(bytes[from]) || bytes[from]! >= 0x80) && startsLabel(bytes[last]!)
  return isDomain ? to : -1
}

function startsLabel(byte: number): boolean {
  return (classes[byte]! & (Class.letter | Class.high)) !== 0
}

/** The longest address: `0000:…:0000:255.255.255.255`. */
const longestAddress = 45
const shortestAddress = 3

/** Addresses of IP, version 4 and 6. */
export class Addresses implements Finder {
  readonly at = '.:'
  readonly #v4 = new AddressRun('0-9.', text => isIPv4(text))
  readonly #v6 = new AddressRun('0-9A-Fa-f:.', text => text.length > 2 && isIPv6(text))

  open(): void {
    this.#v4.until = -1
    this.#v6.until = -1
  }

  find(passage: Passage, at: number, hide: Hide): void {
    const run = passage.bytes[at] === point ? this.#v4 : this.#v6
    if (at >= run.until) run.look(passage, at, hide)
  }
}

/** Bytes that addresses are made of: all in a row are one, or none is in them. */
class AddressRun {
  /** Up to here it has been looked at. */
  until = -1
  readonly #set: Uint8Array
  readonly #is: (text: string) => boolean

  constructor(of: string, is: (text: string) => boolean) {
    this.#set = setOf(of)
    this.#is = is
  }

  look({ bytes, start, end }: Passage, at: number, hide: Hide): void {
    let from = at
    let to = at
    while (from > start && this.#set[bytes[from - 1]!] === 1) from--
    while (to < end && this.#set[bytes[to]!] === 1) to++
    this.until = to
    // signs of a sentence, and what stands between an address and a port
    while (from < to && isSign(bytes, from, from + 1)) from++
    while (to > from && isSign(bytes, to - 1, to - 2)) to--
    if (to - from < shortestAddress || to - from > longestAddress) return
    if (isLetter(bytes, from - 1, start, end) || isLetter(bytes, to, start, end)) return
    if (this.#is(bytes.latin1Slice(from, to))) hide(from, to)
  }
}

/** A point, or a colon without another one beside it. */
function isSign(bytes: Buffer, at: number, beside: number): boolean {
  return bytes[at] === point || (bytes[at] === colon && bytes[beside] !== colon)
}

function isLetter(bytes: Buffer, at: number, start: number, end: number): boolean {
  return at >= start && at < end && (classes[bytes[at]!]! & Class.letter) !== 0
}
