import type { Assertion } from './syntax.ts'

/** What stands before or behind a place in a text; `lead` and `inside` are the first byte and another one of a character of several. */
export const Side = { edge: 0, newline: 1, word: 2, other: 3, lead: 4, inside: 5 } as const

type ByteRange = readonly [first: number, last: number]
const newlines: readonly ByteRange[] = [[10, 10]]
const words: readonly ByteRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a]
]

/** Of characters of several bytes: those behind the first, and the first. */
const parts: readonly ByteRange[] = [
  [0x80, 0xbf],
  [0xc2, 0xf4]
]

/** Ranges of bytes that an assertion tells from others. */
export const told: Readonly<Record<Assertion, readonly ByteRange[]>> = {
  begin: [],
  end: [],
  lineBegin: newlines,
  lineEnd: newlines,
  word: words,
  notWord: [...words, ...parts],
  cut: parts,
  stray: parts
}

export function sideOf(byte: number): number {
  if (byte === 10) return Side.newline
  if ((byte & 0xc0) === 0x80) return Side.inside
  if (byte >= 0xc2 && byte <= 0xf4) return Side.lead
  return words.some(([first, last]) => byte >= first && byte <= last) ? Side.word : Side.other
}

export function holds(what: Assertion, before: number, after: number): boolean {
  if (what === 'begin') return before === Side.edge
  if (what === 'end') return after === Side.edge
  if (what === 'lineBegin') return before === Side.edge || before === Side.newline
  if (what === 'lineEnd') return after === Side.edge || after === Side.newline
  if (what === 'stray') return before < Side.lead
  if (what === 'cut') return after !== Side.inside
  const isBorder = (before === Side.word) !== (after === Side.word)
  if (what === 'word') return isBorder
  const isInside = before >= Side.lead && after === Side.inside
  return !isBorder && !isInside
}

/** The same while it is not known what comes behind; undefined where that matters. */
export function holdsBehind(what: Assertion, before: number): boolean | undefined {
  return what === 'begin' || what === 'lineBegin' || what === 'stray' ? holds(what, before, Side.edge) : undefined
}
