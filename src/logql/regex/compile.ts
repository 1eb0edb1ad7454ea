import { Automaton } from './automaton.ts'
import { programOf } from './program.ts'
import { readPattern } from './read.ts'
import { literalOf, type Pattern } from './syntax.ts'

/** What a pattern is made into: a text to look for where it stands for one only. */
export type Matcher = { readonly literal: string } | { readonly automaton: Automaton }

/** Compiles a pattern that must match all of a value, as those of labels do. Throws `PatternFault`. */
export function compileWhole(text: string): Matcher {
  return compile(readPattern(text, false), true)
}

/** Compiles a pattern to look for in a line. Throws `PatternFault`. */
export function compileSearch(text: string): Matcher {
  return compile(readPattern(text, true), false)
}

function compile(pattern: Pattern, isWhole: boolean): Matcher {
  const literal = literalOf(pattern)
  return literal === undefined ? { automaton: new Automaton(programOf(pattern, isWhole)) } : { literal }
}
