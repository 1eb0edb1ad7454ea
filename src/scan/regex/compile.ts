import { Automaton } from './automaton.ts'
import { Backtracker } from './backtracker.ts'
import { type Needle, needlesOf } from './needles.ts'
import { OnePass } from './one-pass.ts'
import { programOf } from './program.ts'
import { readPattern } from './read.ts'
import { literalOf, type Pattern, PatternFault } from './syntax.ts'
import { groupProgramOf } from './tree.ts'

/** What a pattern is made into: a text to look for where it stands for one only. Each match has one of `needles`, if there are any. */
export type Matcher =
  | { readonly literal: string }
  | { readonly automaton: Automaton; readonly needles: readonly Needle[] | undefined }

/** The same of a pattern that is looked for: texts to look for where it stands for these only. */
export type SearchMatcher = { readonly literals: readonly string[] } | Exclude<Matcher, { readonly literal: string }>

/** Compiles a pattern that must match all of a value, as those of labels do. Throws `PatternFault`. */
export function compileWhole(text: string): Matcher {
  const pattern = readPattern(text, false)
  const literal = literalOf(pattern)
  return literal === undefined ? compile(pattern, 'whole') : { literal }
}

/** Compiles a pattern to look for in a line, with line feeds in it too. Throws `PatternFault`. */
export function compileSearch(text: string): SearchMatcher {
  const pattern = readPattern(text, true)
  const literals = literalsOf(pattern)
  return literals === undefined ? compile(pattern, 'search') : { literals }
}

/** Compiles a pattern to look for in a line, where `.` is no line feed. Throws `PatternFault`. */
export function compileLine(text: string): Automaton {
  return new Automaton(programOf(readPattern(text, false), 'search'))
}

/** Why a pattern can not be compiled for lines; undefined where it can. */
export function faultIn(text: string): PatternFault | undefined {
  try {
    compileLine(text)
    return undefined
  } catch (error) {
    if (error instanceof PatternFault) return error
    throw error
  }
}

/** What finds the named groups of a pattern in rows, without making anything for a row. */
export interface GroupFinder {
  /** In the order of the pattern; that of number n has the slots 2n and 2n + 1. */
  readonly names: readonly string[]
  /** Where groups of the last row begin and end, -1 where they took no part. */
  readonly slots: Int32Array
  /** The last row would have taken too long, and counts as one that does not match. */
  readonly gaveUp: boolean
  find(bytes: Uint8Array, start: number, end: number): boolean
  /** Finds the next one at `from` or behind, where the match before ended. Left out: there can be one only. */
  findNext?(bytes: Uint8Array, from: number, start: number, end: number): boolean
}

/** Compiles a pattern to look for in rows, with line feeds in them too. Throws `PatternFault`. */
export function compileFields(text: string): GroupFinder {
  return finderOf(readPattern(text, true))
}

/** What finds the named groups of a pattern in a line, where `.` is no line feed; `automaton` says sooner whether it is worth while. Throws
 * `PatternFault`. */
export function compileGroups(text: string): { automaton: Automaton; finder: GroupFinder } {
  const pattern = readPattern(text, false)
  return { automaton: new Automaton(programOf(pattern, 'search')), finder: finderOf(pattern) }
}

function finderOf(pattern: Pattern): GroupFinder {
  // a lazy repeat must know where a character ends
  const fast = hasLazy(pattern) ? undefined : OnePass.of(groupProgramOf(pattern, false))
  return fast ?? new Backtracker(groupProgramOf(pattern, true))
}

function hasLazy(pattern: Pattern): boolean {
  if (pattern.kind === 'repeat') return pattern.isLazy || hasLazy(pattern.part)
  if (pattern.kind === 'group') return hasLazy(pattern.part)
  return 'parts' in pattern && pattern.parts.some(hasLazy)
}

function compile(pattern: Pattern, use: 'whole' | 'search'): Exclude<Matcher, { readonly literal: string }> {
  return { automaton: new Automaton(programOf(pattern, use)), needles: needlesOf(pattern) }
}

/** More are found sooner by an automaton. */
const mostLiterals = 8

/** The texts that a pattern stands for, if it is one, or a choice of few. Measured: an automaton for two takes 10 ms to build at a start. */
function literalsOf(pattern: Pattern): readonly string[] | undefined {
  const texts = (pattern.kind === 'choice' ? pattern.parts : [pattern]).map(literalOf)
  const known = texts.filter(text => text !== undefined)
  return known.length < texts.length || known.length > mostLiterals ? undefined : known
}
