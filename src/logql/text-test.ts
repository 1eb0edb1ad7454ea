import type { Automaton } from '../scan/regex/automaton.ts'
import { compileWhole, type Matcher } from '../scan/regex/compile.ts'
import { PatternFault } from '../scan/regex/syntax.ts'
import { QueryFault, type TextFilter } from './syntax.ts'

/** Compares bytes with a text, or with a pattern that must match all of them. */
export class TextTest {
  /** Values of another length are not the text; -1: their length says nothing. */
  readonly length: number
  /** The first four bytes of the text, if it has as many. */
  readonly head: number
  readonly isNegated: boolean
  readonly #text: Buffer
  readonly #automaton: Automaton | undefined

  constructor({ operator, text }: TextFilter) {
    this.isNegated = operator.startsWith('!')
    const matcher = operator.endsWith('~') ? wholeOf(text.value, text.at) : { literal: text.value }
    this.#text = Buffer.from('literal' in matcher ? matcher.literal : '')
    this.#automaton = 'literal' in matcher ? undefined : matcher.automaton
    this.length = this.#automaton === undefined ? this.#text.length : -1
    this.head = this.length >= 4 ? this.#text.readInt32BE() : 0
  }

  passes(bytes: Uint8Array, start: number, end: number): boolean {
    return (this.#automaton?.matches(bytes, start, end) ?? this.#isText(bytes, start, end)) !== this.isNegated
  }

  #isText(bytes: Uint8Array, start: number, end: number): boolean {
    const text = this.#text
    if (end - start !== text.length) return false
    for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
    return true
  }
}

function wholeOf(pattern: string, at: number): Matcher {
  try {
    return compileWhole(pattern)
  } catch (error) {
    throw faultOf(error, at)
  }
}

/** A fault of a pattern that stands at `at` in a query, as one of the query. */
export function faultOf(error: unknown, at: number): unknown {
  if (!(error instanceof PatternFault)) return error
  return new QueryFault(`Cannot use this regular expression: ${error.message}`, at + (error.at ?? 0))
}
