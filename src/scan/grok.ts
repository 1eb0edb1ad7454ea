import { grokPatterns } from './grok-patterns.ts'

/** Longest pattern once all names in it are replaced. */
const mostText = 65_536
/** Names within names. */
const deepest = 20

/** A grok pattern as a regular expression. */
export interface Grok {
  readonly pattern: string
  /** Fields by the names of groups. */
  readonly fields: ReadonlyMap<string, string>
  /** Fields that are numbers. */
  readonly numbers: ReadonlySet<string>
}

/** Replaces `%{NAME}`, `%{NAME:field}` and `%{NAME:field:int}` by what the names stand for; a string says what is wrong. `own` are patterns of
 * the user's, which come before those that everybody has. */
export function readGrok(text: string, own: Readonly<Record<string, string>>): Grok | string {
  const expansion = new Expansion(own)
  const pattern = expansion.of(text, [])
  return expansion.fault ?? { pattern, fields: expansion.fields, numbers: expansion.numbers }
}

class Expansion {
  readonly fields = new Map<string, string>()
  readonly numbers = new Set<string>()
  fault: string | undefined
  readonly #own: Readonly<Record<string, string>>
  readonly #taken = new Map<string, number>()
  #length = 0

  constructor(own: Readonly<Record<string, string>>) {
    this.#own = own
  }

  of(text: string, inside: readonly string[]): string {
    return text.replaceAll(
      /%\{(\w+)(?::([^:}]+))?(?::(\w+))?\}/g,
      (whole, name: string, field?: string, type?: string) => {
        if (this.fault !== undefined) return ''
        const pattern = this.#patternOf(name)
        if (pattern === undefined) return this.#fail(`there is no pattern "${name}" (${whole})`)
        if (inside.includes(name)) return this.#fail(`the pattern "${name}" has itself in it`)
        if (inside.length === deepest) return this.#fail(`patterns are nested more than ${deepest} deep`)
        if (type !== undefined && !/^(int|float|string)$/.test(type))
          return this.#fail(`the type "${type}" (${whole}) is none of int, float, string`)
        const inner = this.of(pattern, [...inside, name])
        this.#length += inner.length
        if (this.#length > mostText) return this.#fail('it is too large')
        return field === undefined ? `(?:${inner})` : `(?P<${this.#groupOf(field, type)}>${inner})`
      }
    )
  }

  #patternOf(name: string): string | undefined {
    for (const patterns of [this.#own, grokPatterns]) if (Object.hasOwn(patterns, name)) return patterns[name]
    return undefined
  }

  /** `[http][version]` is `http.version`; a field that comes again is numbered. */
  #groupOf(text: string, type: string | undefined): string {
    const name = text.startsWith('[') ? text.slice(1, -1).replaceAll('][', '.') : text
    const count = (this.#taken.get(name) ?? 0) + 1
    this.#taken.set(name, count)
    const field = count === 1 ? name : `${name}_${count}`
    const group = `grok_${this.fields.size}`
    this.fields.set(group, field)
    if (type === 'int' || type === 'float') this.numbers.add(field)
    return group
  }

  #fail(reason: string): string {
    this.fault ??= reason
    return ''
  }
}
