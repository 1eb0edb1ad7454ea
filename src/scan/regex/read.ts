import { folded, negated, type Ranges, rangesOf, unionOf } from './ranges.ts'
import { escapedClass, escapedCode, namedClass, propertyAt } from './escapes.ts'
import { type Assertion, type Pattern, PatternFault } from './syntax.ts'

const mostRepeats = 1000
const deepest = 200
const newline: Ranges = [10, 10]

interface Flags {
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  /** Swaps lazy and greedy. */
  readonly u: boolean
}

/** Reads a pattern of RE2's syntax, which Loki, Prometheus and Go have. `passesLines`: `.` is any character, as with `(?s)`. Throws
 * `PatternFault`. */
export function readPattern(text: string, passesLines: boolean): Pattern {
  return new PatternReader(text, passesLines).whole()
}

class PatternReader {
  readonly #text: string
  #at = 0
  #depth = 0
  #flags: Flags
  readonly #names = new Set<string>()

  constructor(text: string, passesLines: boolean) {
    this.#text = text
    this.#flags = { i: false, m: false, s: passesLines, u: false }
  }

  whole(): Pattern {
    const pattern = this.#choice()
    if (this.#at < this.#text.length) throw new PatternFault('a ")" without its "("', this.#at)
    return pattern
  }

  #choice(): Pattern {
    if (++this.#depth > deepest) throw new PatternFault(`groups are nested more than ${deepest} deep`, this.#at)
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    this.#depth--
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  #sequence(): Pattern {
    const parts: Pattern[] = []
    while (this.#at < this.#text.length && !this.#sees('|') && !this.#sees(')')) {
      const part = this.#atom()
      if (part !== undefined) parts.push(this.#repeated(part))
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  #repeated(part: Pattern): Pattern {
    const count = this.#count()
    if (count === undefined) return part
    const isLazy = this.#take('?') !== this.#flags.u
    if (this.#sees('+')) throw new PatternFault('possessive repeats are not supported: a "+" behind a repeat', this.#at)
    if (this.#sees('*') || this.#sees('?') || this.#countAt() !== undefined)
      throw new PatternFault('a repeat of a repeat: put the first one in "(?:…)"', this.#at)
    return { kind: 'repeat', part, ...count, isLazy }
  }

  #count(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const found = this.#countAt()
    if (found === undefined) return undefined
    const [whole, first, comma, second] = found as unknown as [string, string, string | undefined, string | undefined]
    const min = Number(first)
    const max = comma === undefined ? min : second ? Number(second) : Infinity
    if (min > mostRepeats || (max !== Infinity && max > mostRepeats))
      throw new PatternFault(`a repeat of more than ${mostRepeats}`, this.#at)
    if (max < min) throw new PatternFault(`a repeat from ${min} to ${max}`, this.#at)
    this.#at += whole.length
    return { min, max }
  }

  #countAt(): RegExpExecArray | undefined {
    return /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 16)) ?? undefined
  }

  /** Undefined for what only sets flags, and for an empty quotation. */
  #atom(): Pattern | undefined {
    const start = this.#at
    const char = this.#next()
    if (char === '(') return this.#group(start)
    if (char === '[') return { kind: 'set', ranges: this.#classAt(start) }
    if (char === '.') return { kind: 'set', ranges: this.#flags.s ? negated([]) : negated(newline) }
    if (char === '^') return assertion(this.#flags.m ? 'lineBegin' : 'begin')
    if (char === '$') return assertion(this.#flags.m ? 'lineEnd' : 'end')
    if (char === '*' || char === '+' || char === '?')
      throw new PatternFault(`nothing to repeat before "${char}"`, start)
    if (char === '\\') return this.#escape(start)
    return this.#one(char.codePointAt(0)!)
  }

  #group(start: number): Pattern | undefined {
    const outer = this.#flags
    const special = /^\?(?:P?<(\w*)>|([ims-]*U?[ims-]*)([:)]))/.exec(this.#text.slice(this.#at, this.#at + 80))
    if (special === null && this.#sees('?')) throw new PatternFault(groupFault(this.#text.slice(this.#at)), start)
    if (special !== null) this.#at += special[0].length
    if (special?.[1] === '') throw new PatternFault('a group with an empty name', start)
    if (special?.[1] !== undefined && this.#names.has(special[1]))
      throw new PatternFault(`two groups with the name "${special[1]}"`, start)
    if (special?.[1] !== undefined) this.#names.add(special[1])
    if (special?.[2]) this.#flags = withFlags(outer, special[2])
    if (special?.[3] === ')') return undefined
    const inner = this.#choice()
    if (!this.#take(')')) throw new PatternFault('a "(" without its ")"', start)
    this.#flags = outer
    return special?.[1] === undefined ? inner : { kind: 'group', name: special[1], part: inner }
  }

  #escape(start: number): Pattern | undefined {
    const char = this.#next('a "\\" at the end')
    if (char === 'A') return assertion('begin')
    if (char === 'z') return assertion('end')
    if (char === 'b') return assertion('word')
    if (char === 'B') return assertion('notWord')
    if (char === 'Q') return this.#quotation()
    this.#at = start
    const ranges = this.#escapedClass()
    return ranges === undefined ? this.#one(this.#escapedCode()) : this.#set(ranges)
  }

  #quotation(): Pattern {
    const end = this.#text.indexOf('\\E', this.#at)
    const quoted = this.#text.slice(this.#at, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#text.length : end + 2
    return { kind: 'sequence', parts: Array.from(quoted, char => this.#one(char.codePointAt(0)!)) }
  }

  #one(code: number): Pattern {
    return this.#set([code, code])
  }

  #set(ranges: Ranges): Pattern {
    return { kind: 'set', ranges: this.#flags.i ? folded(ranges) : ranges }
  }

  #classAt(start: number): Ranges {
    const isNegated = this.#take('^')
    const parts: Ranges[] = []
    for (let isFirst = true; isFirst || !this.#sees(']'); isFirst = false) {
      if (this.#at >= this.#text.length) throw new PatternFault('a "[" without its "]"', start)
      parts.push(this.#classPart())
    }
    this.#at++
    // folded first: what is left out is so in any case
    const ranges = this.#flags.i ? folded(unionOf(...parts)) : unionOf(...parts)
    return isNegated ? negated(ranges) : ranges
  }

  #classPart(): Ranges {
    const start = this.#at
    const named = namedClass(this.#text, start)
    if (named !== undefined) {
      this.#at = named.end
      return named.ranges
    }
    const ranges = this.#sees('\\') ? this.#escapedClass() : undefined
    if (ranges !== undefined) return ranges
    const first = this.#classCode()
    if (!this.#sees('-') || this.#text[this.#at + 1] === ']' || this.#at + 1 >= this.#text.length) return [first, first]
    this.#at++
    if (this.#sees('\\') && this.#escapedClass() !== undefined)
      throw new PatternFault('a range that ends in a class: put its "-" last', start)
    const last = this.#classCode()
    if (last < first) throw new PatternFault('a range that ends before it begins', start)
    return rangesOf([[first, last]])
  }

  #classCode(): number {
    return this.#sees('\\') ? this.#escapedCode() : this.#next('a "[" without its "]"').codePointAt(0)!
  }

  /** Both stand at the backslash. */
  #escapedClass(): Ranges | undefined {
    const found = escapedClass(this.#text, this.#at) ?? propertyAt(this.#text, this.#at)
    if (found !== undefined) this.#at = found.end
    return found?.ranges
  }

  #escapedCode(): number {
    const { code, end } = escapedCode(this.#text, this.#at)
    this.#at = end
    return code
  }

  #next(otherwise = ''): string {
    if (this.#at >= this.#text.length) throw new PatternFault(otherwise, this.#text.length - 1)
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
    this.#at += char.length
    return char
  }

  #sees(char: string): boolean {
    return this.#text[this.#at] === char
  }

  #take(char: string): boolean {
    const sees = this.#sees(char)
    if (sees) this.#at++
    return sees
  }
}

function assertion(what: Assertion): Pattern {
  return { kind: 'assertion', what }
}

function withFlags(flags: Flags, letters: string): Flags {
  const [on = '', off = ''] = letters.split('-')
  const flag = (name: keyof Flags, letter: string = name): boolean =>
    (flags[name] || on.includes(letter)) && !off.includes(letter)
  return { i: flag('i'), m: flag('m'), s: flag('s'), u: flag('u', 'U') }
}

function groupFault(rest: string): string {
  if (/^\?<?[=!]/.test(rest)) return 'looking ahead or behind ("(?=…)", "(?!…)", "(?<=…)") takes more than linear time'
  if (rest.startsWith('?>')) return 'atomic groups are not supported'
  if (rest.startsWith('?P=')) return 'back references take more than linear time'
  return `a group that begins with ${JSON.stringify(`(${rest.slice(0, 2)}`)}`
}
