import { type Finder, type Hide, isAlnum, type Passage, setOf, standsAt } from './finder.ts'
import type { Names } from './names.ts'

/** A longer name is known by its end. */
const longestName = 64
const inName = setOf('\\w.-')
const quotes = setOf('"\'`')
/** What ends a value that is not in quotes. */
const endsValue = setOf('\\s,;&)\\]}<>|')
/** What follows a quote that is not part of a value. */
const behindQuote = setOf('\\s,;:)\\]}&>=\\\\')
const backslash = 0x5c
const equals = 0x3d
const dash = 0x2d
const words = ['null', 'true', 'false', 'none', 'nil', 'undefined'].map(word => Buffer.from(word))
/** In front of what an authorization is: `Authorization: Digest username="…", …`. Those that IANA knows, and some that are common. */
const schemes =
  'basic bearer digest concealed dpop gnap hoba mutual negotiate oauth privatetoken scram-sha-1 scram-sha-256 vapid ' +
  'token apikey ntlm hawk aws aws4-hmac-sha256 sharedkey googlelogin signature'
const schemeNames = schemes.split(' ').map(scheme => Buffer.from(`${scheme} `))

/** Values by their names in text: `password=…`, `"token": "…"`, `api_key => '…'`, `--password …`. */
export class Pairs implements Finder {
  readonly at = ':=-'
  readonly #names: Names
  #until = -1

  constructor(names: Names) {
    this.#names = names
  }

  open(): void {
    this.#until = -1
  }

  find(passage: Passage, at: number, hide: Hide): void {
    if (at < this.#until) return
    const { bytes, end } = passage
    const isOption = bytes[at] === dash
    const from = isOption ? this.#pastOption(passage, at) : this.#pastSign(passage, at)
    if (from < 0) return
    let start = from
    while (start < end && isBlank(bytes[start]!)) start++
    if (start === end || (isOption && bytes[start] === dash)) return
    this.#hideValue(passage, start, hide)
  }

  /** Behind the name of an option and a space; -1 where none stands here that is one of the names. */
  #pastOption({ bytes, start, end }: Passage, at: number): number {
    if (bytes[at + 1] !== dash || at + 1 >= end || (at > start && (isAlnum(bytes[at - 1]) || bytes[at - 1] === dash)))
      return -1
    let stop = at + 2
    while (stop < end && stop - at < longestName && inName[bytes[stop]!] === 1) stop++
    return stop < end && bytes[stop] === 0x20 && this.#names.has(bytes, at + 2, stop) ? stop : -1
  }

  /** Behind a sign that one of the names stands in front of, else -1. */
  #pastSign({ bytes, start, end }: Passage, at: number): number {
    let stop = at
    // tables have names of one width; the sign before stands in front of all of these
    while (stop > start && isBlank(bytes[stop - 1]!)) stop--
    if (stop > start && bytes[stop - 1] === 0x5d) stop--
    while (stop > start && (quotes[bytes[stop - 1]!] === 1 || bytes[stop - 1] === backslash)) stop--
    let from = stop
    while (from > start && stop - from < longestName && inName[bytes[from - 1]!] === 1) from--
    if (from === stop || !this.#names.has(bytes, from, stop)) return -1
    const next = at + 1 < end ? bytes[at + 1]! : 0
    // the signs `=>`, `:=` and `==`
    return next === equals || (bytes[at] === equals && next === 0x3e) ? at + 2 : at + 1
  }

  #hideValue(passage: Passage, start: number, hide: Hide): void {
    const { bytes, end } = passage
    if (quotes[bytes[start]!] === 1) {
      const to = closing(passage, start)
      if (to > start + 1) hide(start + 1, to)
      this.#until = to
      return
    }
    // what is in quotes that are escaped is found once they are not
    if (isEscapedQuote(passage, start) || words.some(word => isWhole(passage, start, word))) return
    let from = start
    while (from < end && (bytes[from] === 0x5b || bytes[from] === 0x7b || bytes[from] === 0x28)) from++
    if (from < end && from > start && quotes[bytes[from]!] === 1) return this.#hideValue(passage, from, hide)
    let to = valueEnd(passage, from)
    if (schemeNames.some(scheme => standsAt(passage, start, scheme, true))) [from, to] = credentials(passage, to)
    if (to > from) hide(from, to)
    this.#until = to
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09
}

/** Where the quote that stands here is closed, or the passage ends. */
function closing({ bytes, end }: Passage, open: number): number {
  const quote = bytes[open]
  for (let at = open + 1; at < end; at++) {
    if (bytes[at] === quote) return at
    if (bytes[at] === backslash) at++
  }
  return end
}

function isEscapedQuote({ bytes, end }: Passage, at: number): boolean {
  const first = at
  while (at < end && bytes[at] === backslash) at++
  return at > first && at < end && quotes[bytes[at]!] === 1
}

/** A quote inside of a value is part of it, one behind it is not; and so is what a backslash stands before. */
function valueEnd({ bytes, end }: Passage, at: number): number {
  for (; at < end; at++) {
    const byte = bytes[at]!
    if (endsValue[byte] === 1 || byte < 0x20) return at
    const isLast = at + 1 === end || behindQuote[bytes[at + 1]!] === 1
    if (quotes[byte] === 1 && isLast) return at
    if (byte === backslash && !isLast && quotes[bytes[at + 1]!] === 1) {
      if (at + 2 >= end || behindQuote[bytes[at + 2]!] === 1) return at
      at++
    }
  }
  return end
}

function isWhole(passage: Passage, at: number, word: Buffer): boolean {
  if (!standsAt(passage, at, word, true)) return false
  const next = at + word.length
  return next === passage.end || (!isAlnum(passage.bytes[next]) && passage.bytes[next] !== 0x5f)
}

/** What stands behind a scheme: a word, and further ones as long as commas lead to them. */
function credentials(passage: Passage, at: number): [from: number, to: number] {
  const { bytes, end } = passage
  while (at < end && bytes[at] === 0x20) at++
  const from = at
  for (;;) {
    while (at < end && bytes[at]! > 0x20) at++
    if (bytes[at - 1] !== 0x2c || at === end || bytes[at] !== 0x20) break
    while (at < end && bytes[at] === 0x20) at++
  }
  return [from, at]
}
