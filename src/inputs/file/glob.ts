import { basename, resolve } from 'node:path'
import type { FollowPlan } from '../../config/define.ts'
import { nameTest, pathTest } from './wildcards.ts'

/** A path pattern, cut into its fixed beginning and the parts to match. `**` stands for any directories, none too. */
export interface Glob {
  readonly root: string
  readonly parts: readonly Part[]
}
export type Part = { readonly kind: 'any' } | { readonly kind: 'name'; readonly name: string } | NamePattern
interface NamePattern {
  readonly kind: 'pattern'
  readonly matches: (name: string) => boolean
}

const magic = /[*?[\]{}]/

/** Whether a path may stand for several. */
export function isPattern(path: string): boolean {
  return magic.test(path)
}

export function parseGlob(pattern: string): Glob[] {
  return expandBraces(pattern).map(one => {
    const names = resolve(one).split('/').slice(1)
    let fixed = names.findIndex(name => magic.test(name))
    if (fixed < 0) fixed = names.length - 1
    return { root: `/${names.slice(0, fixed).join('/')}`, parts: names.slice(fixed).map(partOf) }
  })
}

function partOf(name: string): Part {
  if (name === '**') return { kind: 'any' }
  if (!magic.test(name)) return { kind: 'name', name }
  return { kind: 'pattern', matches: nameTest(name) }
}

/** Whether one name, or one path, may lie on both ways. Two patterns for one name are taken to. */
export function mayMeet([one, ...ones]: readonly Part[], [other, ...others]: readonly Part[]): boolean {
  if (one?.kind === 'any' || other?.kind === 'any') return true
  if (one === undefined || other === undefined) return one === other
  if (!isSame(one, other)) return false
  return mayMeet(ones, others)
}

function isSame(one: Exclude<Part, { kind: 'any' }>, other: Exclude<Part, { kind: 'any' }>): boolean {
  if (one.kind === 'name') return other.kind === 'name' ? one.name === other.name : other.matches(one.name)
  return other.kind === 'pattern' || one.matches(other.name)
}

/** Whether a whole path matches one of the patterns; a pattern without a slash is for the file name. */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.flatMap(expandBraces).map(pattern => {
    if (pattern.includes('/')) return pathTest(resolve(pattern))
    const isNamed = nameTest(pattern)
    return (path: string) => isNamed(basename(path))
  })
  return path => tests.some(matches => matches(path))
}

/** Whether a file of this path would be followed. */
export function follows({ paths, exclude }: FollowPlan, path: string): boolean {
  return pathMatcher(paths)(path) && !pathMatcher(exclude)(path)
}

/** `a{b,c}` → `ab`, `ac`; braces may nest. */
function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{')
  if (open < 0) return [pattern]
  const choices: string[] = []
  let depth = 0
  let from = open + 1
  for (let i = open; i < pattern.length; i++) {
    const letter = pattern[i]
    if (letter === '{') depth++
    if (letter === '}') depth--
    if ((letter === ',' && depth === 1) || depth === 0) {
      choices.push(pattern.slice(from, i))
      from = i + 1
    }
    if (depth === 0)
      return choices.flatMap(choice => expandBraces(pattern.slice(0, open) + choice + pattern.slice(i + 1)))
  }
  return [pattern]
}
