import { lastCodePoint, negated, propertyOf, type Ranges, rangesOf } from './ranges.ts'
import { PatternFault } from './syntax.ts'

const digits: Ranges = [0x30, 0x39]
const spaces: Ranges = rangesOf([
  [9, 10],
  [12, 13],
  [0x20, 0x20]
])
const wordChars: Ranges = setOf('09AZ__az')

/** Pairs of characters, first and last of a range. */
function setOf(pairs: string): Ranges {
  const ranges: [number, number][] = []
  for (let i = 0; i < pairs.length; i += 2) ranges.push([pairs.charCodeAt(i), pairs.charCodeAt(i + 1)])
  return rangesOf(ranges)
}

const perl: Readonly<Record<string, Ranges>> = {
  d: digits,
  D: negated(digits),
  s: spaces,
  S: negated(spaces),
  w: wordChars,
  W: negated(wordChars)
}

const named: Readonly<Record<string, Ranges>> = {
  alnum: setOf('09AZaz'),
  alpha: setOf('AZaz'),
  ascii: [0, 0x7f],
  blank: setOf('\t\t  '),
  cntrl: setOf('\u0000\u001f\u007f\u007f'),
  digit: digits,
  graph: setOf('!~'),
  lower: setOf('az'),
  print: setOf(' ~'),
  punct: setOf('!/:@[`{~'),
  space: setOf('\t\r  '),
  upper: setOf('AZ'),
  word: wordChars,
  xdigit: setOf('09AFaf')
}

interface Found {
  readonly ranges: Ranges
  readonly end: number
}

/** `[:alpha:]` and `[:^alpha:]`, inside of brackets. */
export function namedClass(text: string, at: number): Found | undefined {
  const found = /^\[:(\^?)(\w+):\]/.exec(text.slice(at, at + 16))
  if (found === null) return undefined
  const ranges = Object.hasOwn(named, found[2]!) ? named[found[2]!]! : undefined
  if (ranges === undefined) throw new PatternFault(`no class is named "${found[2]}"`, at)
  return { ranges: found[1] === '^' ? negated(ranges) : ranges, end: at + found[0].length }
}

/** `\d` and its like. */
export function escapedClass(text: string, at: number): Found | undefined {
  const letter = text[at + 1] ?? ''
  return Object.hasOwn(perl, letter) ? { ranges: perl[letter]!, end: at + 2 } : undefined
}

/** `\pL`, `\p{Greek}`, `\P{^Lu}`. */
export function propertyAt(text: string, at: number): Found | undefined {
  const found = /^\\([pP])(?:\{(\^?)([^}]*)\}|(\w))/.exec(text.slice(at, at + 64))
  if (found === null) return undefined
  const name = found[3] ?? found[4]!
  const ranges = name === 'Any' ? ([0, lastCodePoint] as const) : propertyOf(name)
  if (ranges === undefined) throw new PatternFault(`no Unicode class is named "${name}"`, at)
  const isNegated = (found[1] === 'P') !== (found[2] === '^')
  return { ranges: isNegated ? negated(ranges) : ranges, end: at + found[0].length }
}

const control: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

/** The character that an escape stands for. */
export function escapedCode(text: string, at: number): { code: number; end: number } {
  const rest = text.slice(at, at + 16)
  const char = rest[1]
  if (char === undefined) throw new PatternFault('a "\\" at the end', at)
  if (Object.hasOwn(control, char)) return { code: control[char]!, end: at + 2 }
  const hex = /^\\x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})/.exec(rest)
  if (hex !== null) {
    const code = Number.parseInt(hex[1] ?? hex[2]!, 16)
    if (code > lastCodePoint) throw new PatternFault('a character beyond the last of Unicode', at)
    return { code, end: at + hex[0].length }
  }
  const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
  if (octal !== null) return { code: Number.parseInt(octal[1]!, 8), end: at + octal[0].length }
  if (/[1-9]/.test(char)) throw new PatternFault('back references take more than linear time', at)
  if (/[A-Za-z]/.test(char)) throw new PatternFault(`the escape "\\${char}" is unknown`, at)
  const code = text.codePointAt(at + 1)!
  return { code, end: at + 1 + String.fromCodePoint(code).length }
}
