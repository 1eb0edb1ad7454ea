import type { Ranges } from './ranges.ts'

/** A regular expression. Only for what groups match does it matter which repeats are lazy. */
export type Pattern =
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly parts: readonly Pattern[] }
  | {
      readonly kind: 'repeat'
      readonly part: Pattern
      readonly min: number
      readonly max: number
      readonly isLazy: boolean
    }
  | { readonly kind: 'group'; readonly name: string; readonly part: Pattern }
  | { readonly kind: 'assertion'; readonly what: Assertion }

/** Of our own: `cut` holds where no byte comes that continues a character, `stray` where one that comes would continue none. */
export type Assertion = 'begin' | 'end' | 'lineBegin' | 'lineEnd' | 'word' | 'notWord' | 'cut' | 'stray'

/** Why a pattern can not be used, and the offset in it; undefined where that is true of all of it. */
export class PatternFault extends Error {
  readonly at: number | undefined
  constructor(message: string, at?: number) {
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
