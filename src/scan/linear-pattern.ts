/** Subjects up to so many characters are matched by V8's usual engine, which is five times as fast and falls back to the linear one
 * when it backtracks too often; longer ones, on which quadratic patterns take seconds, by the linear one alone. */
const shortSubject = 512

/** A flag of V8's own. */
const linear = 'l'

/** Letters that may stand behind a backslash. */
const escapes = 'dDwWsSbBnrtfv'

/** A pattern of RE2's syntax, which takes time in proportion to the text, whatever the pattern and the text. */
export class LinearPattern {
  readonly #quick: RegExp
  readonly #linear: RegExp

  /** What is wrong with a pattern, and where; undefined if nothing is. */
  static mistakeIn(pattern: string): string | undefined {
    try {
      LinearPattern.of(pattern)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  /** Throws a `SyntaxError` that says what is wrong, and where. */
  static of(pattern: string): LinearPattern {
    return new LinearPattern(pattern)
  }

  private constructor(pattern: string) {
    const source = translate(pattern)
    try {
      // The usual engine first: its messages tell a mistake from what is only not linear.
      this.#quick = new RegExp(source)
    } catch (error) {
      throw new SyntaxError((error as Error).message.replace(/^Invalid regular expression: \/.*\/: /s, ''))
    }
    try {
      this.#linear = new RegExp(source, linear)
    } catch {
      throw new SyntaxError('repeats of more than a few can not be matched in linear time: use "*" or "+"')
    }
  }

  test(text: string): boolean {
    return text.length <= shortSubject ? this.#quick.test(text) : this.#linear.test(text)
  }
}

/** RE2's syntax in that of JavaScript. */
function translate(pattern: string): string {
  const isFolded = pattern.startsWith('(?i)')
  let source = ''
  let inClass = false
  for (let at = isFolded ? 4 : 0; at < pattern.length; at++) {
    const char = pattern[at]!
    if (char === '\\') {
      source += escapeOf(pattern, ++at)
      if (pattern[at] === 'x') {
        source += pattern.slice(at + 1, at + 3)
        at += 2
      }
    } else if (inClass) {
      if (char === '[' && pattern[at + 1] === ':') refuse('classes like [:alpha:] are not known', at)
      inClass = char !== ']'
      source += isFolded ? foldedInClass(pattern, at) : char
    } else if (char === '[') {
      inClass = true
      source += char
      if (pattern[at + 1] === '^') source += pattern[++at]!
      if (pattern[at + 1] === ']') {
        source += '\\]'
        at++
      }
    } else if (char === '(' && pattern[at + 1] === '?') {
      const group = groupOf(pattern, at)
      source += group.source
      at += group.length - 1
    } else source += isFolded && /[a-z]/i.test(char) ? `[${char.toLowerCase()}${char.toUpperCase()}]` : char
  }
  return source
}

function escapeOf(pattern: string, at: number): string {
  const char = pattern[at]
  if (char === undefined) return refuse('nothing follows the backslash', at - 1)
  if (char === 'A') return '^'
  if (char === 'z') return '$'
  if (/[1-9]/.test(char)) return refuse('references to groups can not be matched in linear time', at - 1)
  if (char === 'x') {
    if (!/^[0-9a-f]{2}/i.test(pattern.slice(at + 1))) refuse('two hex digits have to follow "\\x"', at - 1)
    return '\\x'
  }
  if (/[a-z]/i.test(char) && !escapes.includes(char)) return refuse(`"\\${char}" is not known`, at - 1)
  return /[\w-]/.test(char) || '^$\\.*+?()[]{}|/'.includes(char) ? `\\${char}` : char
}

function groupOf(pattern: string, at: number): { source: string; length: number } {
  const rest = pattern.slice(at)
  const named = /^\(\?P?<[a-z_]\w*>/i.exec(rest)
  if (named !== null) return { source: '(?:', length: named[0].length }
  if (rest.startsWith('(?:')) return { source: '(?:', length: 3 }
  if (/^\(\?<?[=!]/.test(rest)) return refuse('looking ahead or behind can not be matched in linear time', at)
  return refuse('of flags only "(?i)" is known, at the start', at)
}

/** The letters of a class, and of its ranges, in the other case as well. */
function foldedInClass(pattern: string, at: number): string {
  const range = /^([a-z])-([a-z])|^([A-Z])-([A-Z])/.exec(pattern.slice(at - 2, at + 1))
  const char = pattern[at]!
  if (range !== null) return `${char}${swapped(range[0])}`
  return /[a-z]/i.test(char) && pattern[at + 1] !== '-' ? char + swapped(char) : char
}

function swapped(text: string): string {
  return text.replaceAll(/[a-z]/gi, char => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()))
}

function refuse(why: string, at: number): never {
  throw new SyntaxError(`${why} (character ${at + 1})`)
}
