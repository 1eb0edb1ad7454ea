/** Hides bytes of the text that is searched. */
export type Hide = (from: number, to: number) => void

/** A text that is searched: `bytes[start, end)`, without the escapes it was written with. */
export interface Passage {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Finds one kind of thing. What it does for a passage of any bytes takes a time in proportion to its length. */
export interface Finder {
  /** Characters at which it is asked; left out: it is asked once, at the start of each passage. */
  readonly at?: string
  /** Not where a letter, a digit or `_` stands in front. */
  readonly atStart?: true
  /** Called before each passage: what it remembers is of another one. */
  open?(): void
  /** Looks at what stands at `at`, which has one of its characters, and around it. */
  find(passage: Passage, at: number, hide: Hide): void
}

/** What a byte can be part of; see `classOf`. */
export const Class = { digit: 1, letter: 2, hex: 4, upper: 8, space: 16, high: 32 } as const

/** Bits of `Class` by byte. */
export const classes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  let bits = 0
  if (/[0-9]/.test(char)) bits |= Class.digit
  if (/[A-Za-z]/.test(char)) bits |= Class.letter
  if (/[0-9A-Fa-f]/.test(char)) bits |= Class.hex
  if (/[A-Z]/.test(char)) bits |= Class.upper
  if (byte <= 0x20) bits |= Class.space
  if (byte >= 0x80) bits |= Class.high
  return bits
})

/** 1 for the bytes of a character class, as in `setOf('A-Z0-9_')`. */
export function setOf(inside: string): Uint8Array {
  const pattern = new RegExp(`^[${inside}]$`)
  return Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x80 && pattern.test(String.fromCharCode(byte)) ? 1 : 0))
}

/** 1 for bytes that words are made of. */
export const inWord = setOf('\\w')

export const isAlnum = (byte: number | undefined): boolean =>
  byte !== undefined && (classes[byte]! & (Class.digit | Class.letter)) !== 0

/** Whether a passage goes on with a text at `at`; letters in small ones, if both cases are meant. */
export function standsAt({ bytes, end }: Passage, at: number, text: Uint8Array, ignoresCase = false): boolean {
  if (at + text.length > end) return false
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i]!
    if (byte !== text[i] && !(ignoresCase && (classes[byte]! & Class.upper) !== 0 && (byte | 0x20) === text[i])) {
      return false
    }
  }
  return true
}
