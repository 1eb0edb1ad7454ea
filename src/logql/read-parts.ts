import { type SyntaxNode, terms } from './grammar.ts'
import { readText } from './read-text.ts'
import type { Text, TextFilter, TextOperator } from './syntax.ts'

export function readMatcher(matcher: SyntaxNode, query: string): TextFilter {
  const operator = matcher.firstChild!.nextSibling!
  return {
    kind: 'text',
    label: labelIn(matcher, query),
    operator: query.slice(operator.from, operator.to) as TextOperator,
    text: textIn(matcher, query)
  }
}

export function labelIn(node: SyntaxNode, query: string): string {
  const label = node.getChild(terms.Identifier)!
  return query.slice(label.from, label.to)
}

export function textIn(node: SyntaxNode, query: string): Text {
  const written = node.getChild(terms.String)!
  return readText(query.slice(written.from, written.to), written.from)
}

/** The grammar has lists as pairs of a list and its last member. */
export function leaves(list: SyntaxNode | null, kind: number): SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let node = list; node !== null; node = node.getChild(kind)) {
    const last = node.lastChild!
    if (last.type.id !== kind) found.push(last)
  }
  return found.toReversed()
}

/** The grammar does not know `offset` behind a condition on unwrapped values: it is an error there, and so is the duration behind it,
 * which is returned. */
export function offsetBeside(log: SyntaxNode): SyntaxNode | undefined {
  const word = log.nextSibling
  const duration = word?.nextSibling
  const isOffset =
    word?.type.isError === true && word.firstChild?.type.id === terms.Offset && word.firstChild.to === word.to
  const inner = duration?.type.isError === true ? duration.getChild(terms.Duration) : null
  return isOffset && inner !== null && inner.from === duration!.from && inner.to === duration!.to
    ? duration!
    : undefined
}
