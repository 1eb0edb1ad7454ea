import { closed, type Grouping, other } from '../../core/grouping.ts'
import { LinearPattern } from '../../scan/linear-pattern.ts'

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

/**
 * Groups by the user's patterns:
 *
 * - `start` alone: such a line begins a group, all others go on with it;
 * - `continue` alone: such a line goes on with the group before it, all others begin one;
 * - `end` alone: such a line is the last of its group;
 * - `start` with one of the others or both: only groups that `start` began go on; lines outside of them are alone.
 */
export class PatternGrouping implements Grouping {
  readonly #start: LinearPattern | undefined
  readonly #continue: LinearPattern | undefined
  readonly #end: LinearPattern | undefined
  readonly #negate: boolean

  constructor({ start, continue: goOn, end, negate }: Patterns) {
    this.#start = start === undefined ? undefined : LinearPattern.of(start)
    this.#continue = goOn === undefined ? undefined : LinearPattern.of(goOn)
    this.#end = end === undefined ? undefined : LinearPattern.of(end)
    this.#negate = negate
  }

  begin(bytes: Buffer, start: number, end: number): number {
    const line = bytes.utf8Slice(start, end)
    const isStart = this.#is(this.#start, line)
    const isAlone = this.#start !== undefined && !isStart && (this.#continue ?? this.#end) !== undefined
    if (isAlone || this.#is(this.#end, line)) return closed
    return isStart ? started : unstarted
  }

  next(state: number, bytes: Buffer, start: number, end: number): number {
    return this.#next(state, bytes.utf8Slice(start, end))
  }

  blank(state: number): number {
    return this.#next(state, '')
  }

  #next(state: number, line: string): number {
    if (this.#is(this.#start, line)) return other
    if (this.#is(this.#end, line)) return closed
    return this.#continue === undefined || this.#is(this.#continue, line) ? state : other
  }

  #is(pattern: LinearPattern | undefined, line: string): boolean {
    return pattern !== undefined && pattern.test(line) !== this.#negate
  }
}
