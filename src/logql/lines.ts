import type { Batch } from '../core/batch.ts'
import type { Automaton } from '../scan/regex/automaton.ts'
import { compileSearch, type Matcher } from '../scan/regex/compile.ts'
import { Addresses } from './addresses.ts'
import { faultOf } from './conditions.ts'
import type { LineFilter, Text } from './syntax.ts'

/** Something to look for in the lines of a batch. */
interface Search {
  /** Sets `hits[row]` of those rows of `wanted` whose line has it. */
  mark(batch: Batch, wanted: Uint8Array, hits: Uint8Array): void
  /** Whether a line has it. */
  isIn(bytes: Buffer, start: number, end: number): boolean
}

/** Leaves of the rows those whose line has one of some texts, or none of them. */
export class LineStage {
  readonly #isNegated: boolean
  readonly #searches: readonly Search[]
  #hits = new Uint8Array(0)

  constructor({ operator, any }: LineFilter) {
    this.#isNegated = operator.startsWith('!')
    const isPattern = operator.endsWith('~')
    this.#searches = any.map(({ text, isIp }) => (isIp ? new AddressSearch(text) : searchOf(text, isPattern)))
  }

  narrow(batch: Batch, wanted: Uint8Array): void {
    if (this.#hits.length < batch.rows) this.#hits = new Uint8Array(batch.rows * 2)
    const hits = this.#hits.fill(0, 0, batch.rows)
    for (const search of this.#searches) search.mark(batch, wanted, hits)
    const leavesOut = this.#isNegated ? 1 : 0
    for (let row = 0; row < batch.rows; row++) if (hits[row] === leavesOut) wanted[row] = 0
  }

  /** Whether a line alone stays. */
  keeps(bytes: Buffer, start: number, end: number): boolean {
    return this.#searches.some(search => search.isIn(bytes, start, end)) !== this.#isNegated
  }
}

function searchOf({ value, at }: Text, isPattern: boolean): Search {
  const matcher = isPattern ? patternOf(value, at) : { literal: value }
  return 'literal' in matcher ? new TextSearch(matcher.literal) : new PatternSearch(matcher.automaton)
}

function patternOf(pattern: string, at: number): Matcher {
  try {
    return compileSearch(pattern)
  } catch (error) {
    throw faultOf(error, at)
  }
}

/** Searches the chunk as a whole: where the text is rare, most rows cost nothing but a comparison. */
class TextSearch implements Search {
  readonly #text: Buffer

  constructor(text: string) {
    this.#text = Buffer.from(text)
  }

  mark(batch: Batch, wanted: Uint8Array, hits: Uint8Array): void {
    const { rows, starts, ends } = batch
    const text = this.#text
    const bytes = batch.bytes.subarray(0, batch.used)
    // the text does not begin in [from, next)
    let from = 0
    let next = -1
    for (let row = 0; row < rows; row++) {
      if (wanted[row] === 0) continue
      const start = starts[row]!
      // rows stand in the order of the chunk, but for those that were put together elsewhere
      if (start < from || start > next) {
        from = start
        next = bytes.indexOf(text, start)
        if (next < 0) next = Infinity
      }
      if (next + text.length <= ends[row]!) hits[row] = 1
    }
  }

  isIn(bytes: Buffer, start: number, end: number): boolean {
    return bytes.subarray(start, end).includes(this.#text)
  }
}

class PatternSearch implements Search {
  readonly #automaton: Automaton

  constructor(automaton: Automaton) {
    this.#automaton = automaton
  }

  mark({ bytes, rows, starts, ends }: Batch, wanted: Uint8Array, hits: Uint8Array): void {
    const automaton = this.#automaton
    for (let row = 0; row < rows; row++) {
      if (wanted[row] === 1 && hits[row] === 0 && automaton.matches(bytes, starts[row]!, ends[row]!)) hits[row] = 1
    }
  }

  isIn(bytes: Buffer, start: number, end: number): boolean {
    return this.#automaton.matches(bytes, start, end)
  }
}

class AddressSearch implements Search {
  readonly #addresses: Addresses

  constructor(text: Text) {
    this.#addresses = new Addresses(text)
  }

  mark(batch: Batch, wanted: Uint8Array, hits: Uint8Array): void {
    const { rows, starts, ends } = batch
    for (let row = 0; row < rows; row++) {
      if (wanted[row] === 1 && this.#addresses.standIn(batch.text(starts[row]!, ends[row]!))) hits[row] = 1
    }
  }

  isIn(bytes: Buffer, start: number, end: number): boolean {
    return this.#addresses.standIn(bytes.utf8Slice(start, end))
  }
}
