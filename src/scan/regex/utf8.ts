import { lastCodePoint, pairsOf, type Ranges } from './ranges.ts'

/** Ranges of bytes, one for each byte of a code point. */
export type ByteRanges = readonly (readonly [first: number, last: number])[]

/** What decoders make of bytes that are no character. */
export const replacement = 0xfffd

/** Last code points of one, two, three and four bytes. */
const lasts = [0x7f, 0x7ff, 0xffff, 0x10ffff]

const tail = [0x80, 0xbf] as const
/** All characters beyond ASCII, and a few that are none; it takes a third of the parts. */
const beyondAscii: readonly ByteRanges[] = [
  [[0xc2, 0xdf], tail],
  [[0xe0, 0xef], tail, tail],
  [[0xf0, 0xf4], tail, tail, tail]
]

/** What the code points are in UTF-8: each sequence of byte ranges is a part of them. Surrogates have no form. */
export function bytesOf(ranges: Ranges): ByteRanges[] {
  const found: ByteRanges[] = []
  for (const [first, last] of pairsOf(ranges)) {
    if (first <= 0x80 && last === lastCodePoint) {
      if (first < 0x80) found.push([[first, 0x7f]])
      found.push(...beyondAscii)
      continue
    }
    for (const [from, to] of withoutSurrogates(first, last)) split(from, to, found)
  }
  return found
}

function withoutSurrogates(first: number, last: number): [number, number][] {
  const pairs: [number, number][] = [
    [first, Math.min(last, 0xd7ff)],
    [Math.max(first, 0xe000), last]
  ]
  return pairs.filter(([from, to]) => from <= to)
}

/** Cuts a range until all its members differ only in whole trailing bytes. */
function split(first: number, last: number, into: ByteRanges[]): void {
  for (const end of lasts) {
    if (first <= end && last > end) {
      split(first, end, into)
      split(end + 1, last, into)
      return
    }
  }
  if (last <= 0x7f) {
    into.push([[first, last]])
    return
  }
  for (let bits = 6; bits <= 18; bits += 6) {
    const rest = (1 << bits) - 1
    if ((first & ~rest) === (last & ~rest)) break
    if ((first & rest) !== 0) {
      split(first, first | rest, into)
      split((first | rest) + 1, last, into)
      return
    }
    if ((last & rest) !== rest) {
      split(first, (last & ~rest) - 1, into)
      split(last & ~rest, last, into)
      return
    }
  }
  const from = Buffer.from(String.fromCodePoint(first))
  const to = Buffer.from(String.fromCodePoint(last))
  into.push([...from].map((byte, i) => [byte, to[i]!] as const))
}

/** Of a set with all characters beyond ASCII: the same as ranges of bytes. */
export function bytesAsTheyAre(ranges: Ranges): ByteRanges | undefined {
  const pairs = pairsOf(ranges)
  const last = pairs.at(-1)
  if (last === undefined || last[0] > 0x80 || last[1] !== lastCodePoint) return undefined
  return [...pairs.slice(0, -1), [last[0], 0xff]]
}
