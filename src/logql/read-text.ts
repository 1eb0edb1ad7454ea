import { QueryFault, type Text } from './syntax.ts'

const simple: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"'
}

/** What a quoted text says: as it stands between backticks, with Go's escapes between double quotes. */
export function readText(written: string, at: number): Text {
  const quote = written[0]!
  if (written.length < 2 || !written.endsWith(quote)) throw new QueryFault(`The ${quote} is not closed`, at)
  if (quote === "'") throw new QueryFault('Texts stand in double quotes or backticks, not in single quotes', at)
  const inner = written.slice(1, -1)
  const value = quote === '`' ? inner : unescaped(inner, at + 1)
  return { value, at: at + 1 }
}

function unescaped(text: string, at: number): string {
  return text.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^]?))/g,
    (whole, hex?: string, short?: string, long?: string, octal?: string, char?: string, offset?: number) => {
      const digits = hex ?? short ?? long
      const code = digits === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(digits, 16)
      if (code <= 0x10ffff) return String.fromCodePoint(code)
      if (char !== undefined && Object.hasOwn(simple, char)) return simple[char]!
      throw new QueryFault(
        `The escape "${whole}" is unknown: in double quotes a backslash is "\\\\"; between backticks it stands for itself`,
        at + offset!
      )
    }
  )
}
