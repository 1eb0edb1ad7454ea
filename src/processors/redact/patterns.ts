import type { Hint } from '../../scan/hints.ts'
import { compileGroups } from '../../scan/regex/compile.ts'
import { needlesOf } from '../../scan/regex/needles.ts'
import { readPattern } from '../../scan/regex/read.ts'
import type { Finder, Hide, Passage } from './finder.ts'

/** Around the pattern of the user. */
const whole = 'the_whole_match'

/** What a pattern of the user matches, or its named groups where it has some. */
export class UserPattern implements Finder {
  readonly #compiled: ReturnType<typeof compileGroups>
  /** Each match has one of these in it; undefined where no such texts are known. */
  readonly hints: readonly Hint[] | undefined

  constructor(text: string) {
    this.#compiled = compileGroups(`(?P<${whole}>${text})`)
    this.hints = needlesOf(readPattern(text, false))
  }

  find({ bytes, start, end }: Passage, _: number, hide: Hide): void {
    const { automaton, finder } = this.#compiled
    if (!automaton.matches(bytes, start, end)) return
    const { slots, names } = finder
    let isFound = finder.find(bytes, start, end)
    while (isFound) {
      for (let group = names.length > 1 ? 1 : 0; group < names.length; group++) {
        if (slots[2 * group]! >= 0 && slots[2 * group + 1]! > slots[2 * group]!)
          hide(slots[2 * group]!, slots[2 * group + 1]!)
      }
      const next = Math.max(slots[1]!, slots[0]! + 1)
      isFound = finder.findNext?.(bytes, next, start, end) ?? false
    }
    // it matches, but where can not be said in time
    if (finder.gaveUp) hide(start, end)
  }
}
