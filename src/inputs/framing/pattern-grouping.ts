import { closed, type Grouping, other } from '../../core/grouping.ts'
import type { Automaton } from '../../scan/regex/automaton.ts'
import { compileLine } from '../../scan/regex/compile.ts'

export interface Patterns {
  readonly start?: string | undefined
  readonly continue?: string | undefined
  readonly end?: string | undefined
  /** All of them mean the lines that do not match. */
  readonly negate: boolean
}

/** The group began with a line that `start` is for. */
const started = 1
const unstarted = 0
const nothing = Buffer.alloc(0)

/**
 * Groups by the user's patterns:
 *
 * - `start` alone: such a line begins a group, all others go on with it;
 * - `continue` alone: such a line goes on with the group before it, all others begin one;
 * - `end` alone: such a line is the last of its group;
 * - `start` with one of the others or both: only groups that `start` began go on; lines outside of them are alone.
 */
export class PatternGrouping implements Grouping {
  readonly #start: Automaton | undefined
  readonly #continue: Automaton | undefined
  readonly #end: Automaton | undefined
  readonly #negate: boolean

  /** Throws `PatternFault`. */
  constructor({ start, continue: goOn, end, negate }: Patterns) {
    this.#start = start === undefined ? undefined : compileLine(start)
    this.#continue = goOn === undefined ? undefined : compileLine(goOn)
    this.#end = end === undefined ? undefined : compileLine(end)
    this.#negate = negate
  }

  begin(bytes: Buffer, start: number, end: number): number {
    const isStart = this.#is(this.#start, bytes, start, end)
    const isAlone = this.#start !== undefined && !isStart && (this.#continue ?? this.#end) !== undefined
    if (isAlone || this.#is(this.#end, bytes, start, end)) return closed
    return isStart ? started : unstarted
  }

  next(state: number, bytes: Buffer, start: number, end: number): number {
    if (this.#is(this.#start, bytes, start, end)) return other
    if (this.#is(this.#end, bytes, start, end)) return closed
    return this.#continue === undefined || this.#is(this.#continue, bytes, start, end) ? state : other
  }

  blank(state: number): number {
    return this.next(state, nothing, 0, 0)
  }

  #is(pattern: Automaton | undefined, bytes: Uint8Array, start: number, end: number): boolean {
    return pattern !== undefined && pattern.matches(bytes, start, end) !== this.#negate
  }
}
