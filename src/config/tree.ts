/** What a configuration file says and where, before anybody asks what it means. */

/** A place in a file; line and column start at 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly at: Place
  readonly value: string | number | boolean | null
  /** The scalar as text, whatever its type. */
  readonly text: string
  /** As it stands in the file, with quotes and indentation. */
  readonly raw: string
  /** Without those: `${…}` is not replaced, so that messages can show it. */
  readonly written: string
  readonly substituted: boolean
  /** Its `${…}` could not be replaced; that is reported already. */
  readonly broken: boolean
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Place
  readonly items: readonly Node[]
}

export interface MapNode {
  readonly kind: 'map'
  readonly at: Place
  readonly entries: Map<string, Entry>
}

export interface Entry {
  readonly keyAt: Place
  readonly node: Node
}

/** Where a character of a scalar stands in its file. Quotes, escapes and indentation are passed over; where something was put in for
 * it, or an escape is no part of the text, it is the beginning of the scalar. */
export function placeIn({ at, text, raw, substituted }: ScalarNode, offset: number): Place {
  if (substituted) return at
  // A block begins with a line about itself.
  let next = /^[|>]/.test(raw) ? raw.indexOf('\n') : 0
  for (let i = 0; i < Math.min(offset + 1, text.length); i++) next = raw.indexOf(text[i]!, next) + 1 || Infinity
  if (next === Infinity) return at
  const before = raw.slice(0, offset < text.length ? next - 1 : next)
  const line = before.split('\n').length - 1
  const column = line === 0 ? at.column + before.length : before.length - before.lastIndexOf('\n')
  return { file: at.file, line: at.line + line, column }
}

export function isEmpty(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null && node.written === ''
}

/** A node in a map of a tree, or undefined. */
export function childOf(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.node : undefined
}

/** The text of a scalar in a map of a tree, or undefined. */
export function textOf(node: Node | undefined, key: string): string | undefined {
  const child = childOf(node, key)
  return child?.kind === 'scalar' ? child.text : undefined
}

export function entriesOf(node: Node | undefined): [string, Entry][] {
  return node?.kind === 'map' ? [...node.entries] : []
}
