import { compileGroups } from '../../scan/regex/compile.ts'
import { TextSearch } from '../../scan/text-search.ts'
import type { RowView } from '../row-view.ts'
import { QueryFault, type Text } from '../syntax.ts'
import { faultOf } from '../text-test.ts'

/** Takes what the named groups of a regular expression match; where it does not match, nothing. */
export function extractGroups({ value, at }: Text): (view: RowView) => void {
  const { automaton, finder } = compiled(value, at)
  const { names, slots } = finder
  if (names.length === 0) throw new QueryFault('The regular expression has no named group: (?P<name>…)', at)
  return view => {
    const { bytes, start, end } = view
    if (!automaton.matches(bytes, start, end)) return
    if (!finder.find(bytes, start, end)) {
      if (finder.gaveUp) view.fail('RegexpParserErr')
      return
    }
    for (const [index, name] of names.entries()) {
      const from = slots[2 * index]!
      view.extract(name, from < 0 ? '' : bytes.utf8Slice(from, slots[2 * index + 1]!))
    }
  }
}

export function namesOfGroups({ value, at }: Text): readonly string[] {
  return compiled(value, at).finder.names
}

function compiled(pattern: string, at: number): ReturnType<typeof compileGroups> {
  try {
    return compileGroups(pattern)
  } catch (error) {
    throw faultOf(error, at)
  }
}

/** Takes what stands between the texts of a pattern: `<ip> - <_> "<method> <path>`. Where a text is missing, the part before it goes to
 * the end of the line. */
export function extractParts(text: Text): (view: RowView) => void {
  const { literals, names } = partsOf(text)
  const first = Buffer.from(literals[0]!)
  // of a part behind which nothing stands, all of the line
  const searches = literals.slice(1).map(literal => (literal === '' ? undefined : new TextSearch(literal)))
  return view => {
    let { bytes, start, end } = view
    if (view.isInvalid) {
      bytes = Buffer.from(view.line)
      start = 0
      end = bytes.length
    }
    if (start === end || !startsWith(first, bytes, start, end)) return
    let at = start + first.length
    for (let part = 0; part < names.length; part++) {
      const found = searches[part]?.indexIn(bytes, at, end) ?? -1
      const name = names[part]!
      if (name !== '_') view.extractSpan(name, bytes, at, found < 0 ? end : found)
      if (found < 0) return
      at = found + searches[part]!.text.length
    }
  }
}

function startsWith(text: Buffer, bytes: Buffer, start: number, end: number): boolean {
  let i = 0
  while (i < text.length && start + i < end && bytes[start + i] === text[i]) i++
  return i === text.length
}

export function namesOfParts(text: Text): readonly string[] {
  return partsOf(text).names.filter(name => name !== '_')
}

/** Texts stand around each name. */
function partsOf({ value, at }: Text): { literals: string[]; names: string[] } {
  const parts = value.split(/<([A-Za-z_]\w*)>/)
  const literals = parts.filter((_, i) => i % 2 === 0)
  const names = parts.filter((_, i) => i % 2 === 1)
  if (names.every(name => name === '_'))
    throw new QueryFault('The pattern takes nothing: name a part of it, as <ip>', at)
  if (literals.slice(1, -1).includes('')) throw new QueryFault('The pattern has parts with nothing between them', at)
  const named = names.filter(name => name !== '_')
  const twice = named.find((name, i) => named.indexOf(name) !== i)
  if (twice !== undefined) throw new QueryFault(`The pattern has two parts with the name "${twice}"`, at)
  return { literals, names }
}
