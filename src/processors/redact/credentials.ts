import { type Finder, type Hide, type Passage, setOf, standsAt } from './finder.ts'
import { Run } from './tokens.ts'

const leastPart = 10
const point = 0x2e
const eyJ = Buffer.from('eyJ')

/** JSON Web Tokens (RFC 7519): parts of Base64 with points between, of which the first is an object of JSON. */
export class WebTokens implements Finder {
  readonly at = 'e'
  readonly atStart = true
  /** One for each part, as each begins where it did for the one before. */
  readonly #runs = Array.from({ length: 5 }, () => new Run('\\w-'))

  open(): void {
    for (const run of this.#runs) run.open()
  }

  find(passage: Passage, at: number, hide: Hide): void {
    const { bytes, end } = passage
    if (!standsAt(passage, at, eyJ)) return
    let to = this.#runs[0]!.end(passage, at)
    if (to - at < leastPart || to === end || bytes[to] !== point) return
    // signed ones have three parts, of which the last may be empty, encrypted ones five
    for (let number = 1; number < this.#runs.length && to < end && bytes[to] === point; number++) {
      const next = this.#runs[number]!.end(passage, to + 1)
      if (number === 1 && next - to <= leastPart) return
      to = next
    }
    hide(at, to)
  }
}

const schemes = [Buffer.from('bearer '), Buffer.from('basic ')] as const

/** What stands behind `Bearer` (RFC 6750) and `Basic` (RFC 7617): words of a sentence are none of these. */
export class Schemes implements Finder {
  readonly at = 'bB'
  readonly atStart = true
  readonly #run = new Run('\\w.~+/=-')

  open(): void {
    this.#run.open()
  }

  find(passage: Passage, at: number, hide: Hide): void {
    const { bytes, end } = passage
    for (const [number, scheme] of schemes.entries()) {
      if (!standsAt(passage, at, scheme, true)) continue
      let from = at + scheme.length
      while (from < end && bytes[from] === 0x20) from++
      const to = this.#run.end(passage, from)
      const isMeant = number === 0 ? isOpaque(from, to, this.#run.lastDigit) : isUserAndPassword(bytes, from, to)
      if (isMeant) hide(from, to)
    }
  }
}

function isOpaque(from: number, to: number, lastDigit: number): boolean {
  return to - from >= 24 || (to - from >= 8 && lastDigit >= from)
}

/** More than that is not looked at: then it is taken for one. */
const longestUser = 1024

function isUserAndPassword(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < 4) return false
  if (to - from > longestUser) return true
  const text = Buffer.from(bytes.latin1Slice(from, to), 'base64')
  return text.includes(0x3a) && text.every(byte => byte >= 0x20)
}

const authority = Buffer.from('://')
/** What ends the part of a URL that may have a password; a password that has one of these is written `%2F` in a URL. */
const endsAuthority = setOf('/?#\\s"\'<>\\\\`')

/** Passwords in URLs: `postgres://user:password@host`. */
export class UrlPasswords implements Finder {
  readonly at = ':'

  find(passage: Passage, at: number, hide: Hide): void {
    if (!standsAt(passage, at, authority)) return
    const { bytes, end } = passage
    let colon = -1
    let sign = -1
    for (let i = at + authority.length; i < end && endsAuthority[bytes[i]!] === 0; i++) {
      if (bytes[i] === 0x3a && colon < 0) colon = i
      else if (bytes[i] === 0x40) sign = i
    }
    if (colon >= 0 && sign > colon + 1) hide(colon + 1, sign)
  }
}

const begin = Buffer.from('-----BEGIN ')
const privateKey = Buffer.from('PRIVATE KEY')
const endMark = Buffer.from('-----END ')
const dashes = Buffer.from('-----')
/** What says what stands between is not longer. */
const longestLabel = 64

/** Private keys in the form of PEM (RFC 7468), and of PGP: all between the first and the last line. */
export class PrivateKeys implements Finder {
  readonly at = '-'
  #until = -1

  open(): void {
    this.#until = -1
  }

  find(passage: Passage, at: number, hide: Hide): void {
    if (at < this.#until || !standsAt(passage, at, begin)) return
    const { bytes, end } = passage
    const label = bytes.subarray(at + begin.length, Math.min(end, at + begin.length + longestLabel))
    const labelEnd = label.indexOf(dashes)
    const isKey = label.subarray(0, labelEnd < 0 ? undefined : labelEnd).includes(privateKey)
    if (!isKey) return
    const from = labelEnd < 0 ? at + begin.length : at + begin.length + labelEnd + dashes.length
    const found = bytes.subarray(from, end).indexOf(endMark)
    // a row that was cut has no end of it
    this.#until = found < 0 ? end : from + found
    hide(from, this.#until)
  }
}
