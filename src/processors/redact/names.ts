import type { Hint } from '../../scan/hints.ts'
import { Class, classes } from './finder.ts'

/** Ends of names whose values are secret; `_` and `-` in a name count for nothing, and neither does the case of letters. */
const words =
  'password passwd passphrase passcode pwd secret token credential credentials authorization ' +
  'apikey accesskey secretkey privatekey accountkey authkey sharedkey signingkey encryptionkey masterkey'
const keyOf = /^(.+)key$/

/** As they stand in rows. */
const spellings: readonly string[] = words.split(' ').flatMap(word => {
  const whose = keyOf.exec(word)?.[1]
  return whose === undefined ? [word] : [word, `${whose}_key`, `${whose}-key`]
})

const point = 0x2e

/** Names of fields whose values are hidden. */
export class Names {
  /** Their bytes, the last one first. */
  readonly #words: readonly Uint8Array[]
  readonly #fields: readonly Buffer[]
  /** 1 for bytes that one of them ends with. */
  readonly #lasts = new Uint8Array(256)

  /** `fields`: names as they are, or their last parts: `user.email` is also `request.user.email`. */
  constructor(hasSecrets: boolean, fields: readonly string[]) {
    this.#words = hasSecrets ? words.split(' ').map(word => Buffer.from(word).toReversed()) : []
    this.#fields = fields.map(name => Buffer.from(name))
    for (const [last] of this.#words) this.#lasts[last!] = this.#lasts[last! & ~0x20] = 1
    for (const field of this.#fields) this.#lasts[field[field.length - 1]!] = 1
    if (hasSecrets) this.#lasts[0x5f] = this.#lasts[0x2d] = 1
  }

  /** What stands in each row that has one of them written out. */
  get hints(): readonly Hint[] {
    const hints = this.#words.length === 0 ? [] : spellings.map(text => ({ text, ignoresCase: true, isWordEnd: true }))
    const lastParts = this.#fields.map(name => ({ text: String(name).split('.').at(-1) ?? '' }))
    return [...hints, ...lastParts]
  }

  get isEmpty(): boolean {
    return this.#words.length + this.#fields.length === 0
  }

  /** Whether this is one: a name, or names with points between. */
  has(bytes: Buffer, start: number, end: number): boolean {
    if (start >= end || this.#lasts[bytes[end - 1]!] === 0) return false
    for (const word of this.#words) if (endsInWord(word, bytes, start, end)) return true
    for (const field of this.#fields) {
      const from = end - field.length
      if (from < start || (from > start && bytes[from - 1] !== point)) continue
      if (bytes.compare(field, 0, field.length, from, end) === 0) return true
    }
    return false
  }
}

function endsInWord(word: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  let at = end
  for (const letter of word) {
    do at--
    while (at >= start && (bytes[at] === 0x5f || bytes[at] === 0x2d))
    if (at < start) return false
    const byte = bytes[at]!
    if (((classes[byte]! & Class.letter) !== 0 ? byte | 0x20 : byte) !== letter) return false
  }
  return true
}
