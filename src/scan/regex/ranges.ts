/** A set of code points: pairs of first and last, in order, that neither overlap nor touch. */
export type Ranges = readonly number[]

export const lastCodePoint = 0x10ffff

export function rangesOf(pairs: Iterable<readonly [first: number, last: number]>): Ranges {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0])
  const ranges: number[] = []
  for (const [first, last] of sorted) {
    const end = ranges.at(-1)
    if (end !== undefined && first <= end + 1) ranges[ranges.length - 1] = Math.max(end, last)
    else ranges.push(first, last)
  }
  return ranges
}

export function pairsOf(ranges: Ranges): [first: number, last: number][] {
  const pairs: [number, number][] = []
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!])
  return pairs
}

export function negated(ranges: Ranges): Ranges {
  const rest: number[] = []
  let from = 0
  for (const [first, last] of pairsOf(ranges)) {
    if (first > from) rest.push(from, first - 1)
    from = last + 1
  }
  if (from <= lastCodePoint) rest.push(from, lastCodePoint)
  return rest
}

export function isIn(ranges: Ranges, code: number): boolean {
  let low = 0
  let high = ranges.length / 2 - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    if (code < ranges[2 * middle]!) high = middle - 1
    else if (code > ranges[2 * middle + 1]!) low = middle + 1
    else return true
  }
  return false
}

export const unionOf = (...all: readonly Ranges[]): Ranges => rangesOf(all.flatMap(pairsOf))

/** Adds what differs from a member only by case. */
export function folded(ranges: Ranges): Ranges {
  const more: [number, number][] = []
  for (const [first, last] of pairsOf(ranges)) {
    if (first <= 0x7a && last >= 0x41) addAscii(more, first, last)
    // of all that is beyond ASCII every case is a member already
    if (last < 0x80 || (first <= 0x80 && last === lastCodePoint)) continue
    for (const [code, others] of foldsBeyondAscii()) {
      if (code >= first && code <= last) for (const other of others) more.push([other, other])
    }
  }
  return rangesOf([...pairsOf(ranges), ...more])
}

function addAscii(more: [number, number][], first: number, last: number): void {
  for (let code = Math.max(first, 0x41); code <= Math.min(last, 0x7a); code++) {
    const upper = code & ~0x20
    if (upper < 0x41 || upper > 0x5a) continue
    more.push([code ^ 0x20, code ^ 0x20])
    // the Kelvin sign and the long s
    if (upper === 0x4b) more.push([0x212a, 0x212a])
    if (upper === 0x53) more.push([0x17f, 0x17f])
  }
}

let folds: ReadonlyMap<number, readonly number[]> | undefined

/** Letters by what else they are in another case, as Unicode's simple folding has it. Made when a pattern first needs it. */
function foldsBeyondAscii(): ReadonlyMap<number, readonly number[]> {
  if (folds !== undefined) return folds
  const classes = new Map<number, Set<number>>()
  const join = (a: number, b: number): void => {
    const joined = new Set([...(classes.get(a) ?? [a]), ...(classes.get(b) ?? [b])])
    for (const code of joined) classes.set(code, joined)
  }
  for (let code = 0x41; code < 0x1e944; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const letter = String.fromCodePoint(code)
    for (const other of [letter.toLowerCase(), letter.toUpperCase()]) {
      const single = other.codePointAt(0)!
      if (other !== letter && other.length === String.fromCodePoint(single).length && isFold(letter, other))
        join(code, single)
    }
  }
  folds = new Map([...classes].map(([code, all]) => [code, [...all].filter(other => other !== code)]))
  return folds
}

function isFold(letter: string, other: string): boolean {
  return new RegExp(`^\\u{${letter.codePointAt(0)!.toString(16)}}$`, 'iu').test(other)
}

const properties = new Map<string, Ranges | undefined>()

/** The code points of a Unicode category or script; undefined where there is none of that name. */
export function propertyOf(name: string): Ranges | undefined {
  if (!properties.has(name)) properties.set(name, findProperty(name))
  return properties.get(name)
}

function findProperty(name: string): Ranges | undefined {
  if (!/^\w+$/.test(name)) return undefined
  for (const expression of [`\\p{General_Category=${name}}`, `\\p{Script=${name}}`]) {
    try {
      return matching(new RegExp(`${expression}+`, 'gu'))
    } catch {
      // not of this kind
    }
  }
  return undefined
}

/** In texts of a plane each: 17 searches instead of a million. */
function matching(pattern: RegExp): Ranges {
  const pairs: [number, number][] = []
  for (let plane = 0; plane <= lastCodePoint; plane += 0x10000) {
    const codes = Array.from({ length: 0x10000 }, (_, i) => plane + i).filter(code => code < 0xd800 || code > 0xdfff)
    const text = String.fromCodePoint(...codes.slice(0, 0x8000)) + String.fromCodePoint(...codes.slice(0x8000))
    for (const [run] of text.matchAll(pattern)) {
      const first = run.codePointAt(0)!
      const units = run.length
      // a run may pass over the surrogates, which are left out of the text
      const last = (run.codePointAt(units - 2) ?? 0) > 0xffff ? run.codePointAt(units - 2)! : run.charCodeAt(units - 1)
      pairs.push([first, last])
    }
  }
  return rangesOf(pairs)
}
