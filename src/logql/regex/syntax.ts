import type { Ranges } from './ranges.ts'

/** A regular expression as far as it matters for whether a text matches: groups and laziness don't. */
export type Pattern =
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'assertion'; readonly what: Assertion }

export type Assertion = 'begin' | 'end' | 'lineBegin' | 'lineEnd' | 'word' | 'notWord'

/** Why a pattern can not be used, and where in it. */
export class PatternFault extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

/** The text that a pattern stands for, if it stands for one only. */
export function literalOf(pattern: Pattern): string | undefined {
  if (pattern.kind === 'set') {
    const [first, last, ...more] = pattern.ranges
    return first !== undefined && first === last && more.length === 0 ? String.fromCodePoint(first) : undefined
  }
  if (pattern.kind !== 'sequence') return undefined
  const texts = pattern.parts.map(literalOf)
  return texts.includes(undefined) ? undefined : texts.join('')
}
