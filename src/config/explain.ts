import type { z } from 'zod'
import type { Binding } from './bind.ts'
import { isSecret, quoted } from './problems.ts'
import { suggestValue } from './suggest.ts'
import type { Node } from './tree.ts'
import { labelOf, oneOf, whereOf, type Path } from './wording.ts'

type Issue = z.core.$ZodIssue

/** Says what is wrong with a value, in words of the file. */
export function explain(issue: Issue, binding: Binding): void {
  const path = issue.path as Path
  if (binding.isSettled(path)) return
  const node = binding.nodeAt(path)
  const inner = issue.code === 'invalid_union' && node?.kind === 'map' ? issuesInMap(issue) : []
  for (const one of inner) explain({ ...one, path: [...path, ...one.path] }, binding)
  if (inner.length > 0) return
  if (node) binding.report(path, cannotUse(node, path, expectation(issue, node, path)))
  else binding.report(path, `Missing ${labelOf(path)}${whereOf(path.slice(0, -1))}${allowedOf(issue)}`)
}

export function cannotUse(node: Node, path: Path, why: string): string {
  return `Cannot use ${shown(node, path)} for ${labelOf(path)}: ${why}`
}

/** What is wrong within a map, where a union takes maps too. */
function issuesInMap(issue: Extract<Issue, { code: 'invalid_union' }>): Issue[] {
  return issue.errors.find(branch => branch.every(one => one.path.length > 0 || one.code === 'custom')) ?? []
}

/** The end of "Cannot use … for …:". */
function expectation(issue: Issue, node: Node, path: Path): string {
  switch (issue.code) {
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return issue.message
      return `expected ${nouns[issue.expected] ?? issue.expected}${mendedType(issue.expected, node, path)}`
    case 'invalid_value':
      return chosenFrom(issue.values.map(String), node)
    case 'invalid_union':
      return ofUnion(issue, node, path)
    case 'too_small':
      if (issue.origin !== 'number' && issue.minimum === 1) return 'it must not be empty'
      return `at least ${issue.minimum}${unitOf(issue)}`
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue)}`
    default:
      return ofCheck(issue.message, node)
  }
}

/** A check's own words; those that mend the value would show what `${…}` stands for. */
function ofCheck(message: string, node: Node): string {
  const shows = node.kind === 'scalar' && node.substituted && message.includes('did you mean')
  return shows ? 'what it stands for has the wrong form' : message
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map'
}

function unitOf(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const unit = issue.origin === 'string' ? ' character' : issue.origin === 'array' ? ' item' : undefined
  const limit = issue.code === 'too_big' ? issue.maximum : issue.minimum
  return unit === undefined ? '' : `${unit}${Number(limit) === 1 ? '' : 's'}`
}

const truths: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  no: false,
  off: false,
  false: false
}

/** The same value in the type that is asked for. */
function mendedType(expected: string, node: Node, path: Path): string {
  if (node.kind !== 'scalar' || node.substituted) return ''
  const { text } = node
  if (expected === 'string' && node.value !== null) {
    return isSecret(path) ? ': put it in quotes' : `: did you mean ${quoted(text)} in quotes?`
  }
  if (expected === 'array') return ': did you mean to put it in [ ]?'
  if (expected === 'boolean' && Object.hasOwn(truths, text.toLowerCase()))
    return `: did you mean ${truths[text.toLowerCase()]}?`
  if (expected === 'number' && /^\d+$/.test(text)) return `: did you mean ${text} without quotes?`
  return ''
}

function chosenFrom(values: readonly string[], node: Node): string {
  const meant = node.kind === 'scalar' ? suggestValue(node.text, values) : undefined
  return meant === undefined ? `expected ${oneOf(values)}` : `did you mean "${meant}"?`
}

/** Of a union, the member that has the value's form is meant; where there is none, all are named. */
function ofUnion(issue: Extract<Issue, { code: 'invalid_union' }>, node: Node, path: Path): string {
  if (issue.message !== 'Invalid input') return ofCheck(issue.message, node)
  const branches = issue.errors.map(branch => branch[0]).filter(first => first !== undefined)
  const values = branches.flatMap(first => (first.code === 'invalid_value' ? first.values.map(String) : []))
  const types = branches.flatMap(first =>
    first.code === 'invalid_type' ? [nouns[first.expected] ?? first.expected] : []
  )
  const other = branches.find(first => first.code !== 'invalid_value' && first.code !== 'invalid_type')
  if (other && node.kind === 'scalar') return expectation(other, node, path)
  const meant = node.kind === 'scalar' ? suggestValue(node.text, values) : undefined
  if (meant !== undefined) return `did you mean "${meant}"?`
  return `expected ${[...values.map(value => JSON.stringify(value)), ...new Set(types)].join(' or ')}`
}

function allowedOf(issue: Issue): string {
  return issue.code === 'invalid_value' ? `: one of ${oneOf(issue.values.map(String))}` : ''
}

function shown(node: Node, path: Path): string {
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list'
  if (node.kind === 'map') return 'a map'
  if (isSecret(path)) return 'this value'
  return typeof node.value === 'string' || node.substituted ? quoted(node.written) : node.written
}
