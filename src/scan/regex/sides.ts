import type { Assertion } from './syntax.ts'

/** What stands before or behind a place in a text; `inside` is a byte of a character that is not its first. */
export const Side = { edge: 0, newline: 1, word: 2, other: 3, inside: 4 } as const

type ByteRange = readonly [first: number, last: number]
const newlines: readonly ByteRange[] = [[10, 10]]
const words: readonly ByteRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a]
]

/** Ranges of bytes that an assertion tells from others. */
export const told: Readonly<Record<Assertion, readonly ByteRange[]>> = {
  begin: [],
  end: [],
  lineBegin: newlines,
  lineEnd: newlines,
  word: words,
  notWord: [...words, [0x80, 0xbf]]
}

export function sideOf(byte: number): number {
  if (byte === 10) return Side.newline
  if ((byte & 0xc0) === 0x80) return Side.inside
  return words.some(([first, last]) => byte >= first && byte <= last) ? Side.word : Side.other
}

/** Whether an assertion holds between two characters; -1 stands for the edge of the text. */
export function holdsBetween(what: Assertion, before: number, after: number): boolean {
  return holds(what, sideOfCharacter(before), sideOfCharacter(after))
}

function sideOfCharacter(code: number): number {
  if (code < 0) return Side.edge
  return code < 0x80 ? sideOf(code) : Side.other
}

export function holds(what: Assertion, before: number, after: number): boolean {
  if (what === 'begin') return before === Side.edge
  if (what === 'end') return after === Side.edge
  if (what === 'lineBegin') return before === Side.edge || before === Side.newline
  if (what === 'lineEnd') return after === Side.edge || after === Side.newline
  const isBorder = (before === Side.word) !== (after === Side.word)
  return what === 'word' ? isBorder : !isBorder && after !== Side.inside
}

/** While it is not known what comes behind. */
export function mayHold(what: Assertion, before: number): boolean {
  if (what === 'begin') return before === Side.edge
  return what !== 'lineBegin' || before === Side.edge || before === Side.newline
}
