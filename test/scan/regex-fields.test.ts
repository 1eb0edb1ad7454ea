import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Backtracker } from '../../src/scan/regex/backtracker.ts'
import { compileFields, type GroupFinder } from '../../src/scan/regex/compile.ts'
import { OnePass } from '../../src/scan/regex/one-pass.ts'
import { readPattern } from '../../src/scan/regex/read.ts'
import { groupProgramOf } from '../../src/scan/regex/tree.ts'
import { evilPatterns } from './evil-patterns.ts'
import { part, text } from './patterns.ts'

type Engine = Pick<OnePass, 'find' | 'slots'>
type Groups = Record<string, string | undefined> | undefined

/** The groups in `text`, which stands among other bytes. */
function groupsOf(engine: Engine, names: readonly string[], text: string): Groups {
  const bytes = Buffer.from(`{${text}}`)
  if (!engine.find(bytes, 1, bytes.length - 1)) return undefined
  const { slots } = engine
  return Object.fromEntries(
    names.map((name, i) => [name, slots[2 * i]! < 0 ? undefined : bytes.utf8Slice(slots[2 * i]!, slots[2 * i + 1]!)])
  )
}

const anyParts = fc.array(part, { minLength: 1, maxLength: 4 })

test('groups take what they do in JavaScript', () => {
  let found = 0
  fc.assert(
    fc.property(anyParts, fc.boolean(), text, (parts, isChoice, subject) => {
      const pattern = parts.map((one, i) => `(?<g${i}>${one})`).join(isChoice ? '|' : '')
      const wanted = new RegExp(pattern, 'su').exec(subject)?.groups
      found += wanted === undefined ? 0 : 1
      const program = groupProgramOf(readPattern(pattern, true), true)
      const groups = groupsOf(new Backtracker(program), program.groups, subject)
      expect(groups, `${pattern} in "${subject}"`).toEqual(wanted && { ...(groups as object), ...wanted })
    }),
    { numRuns: 2000 }
  )
  expect(found).toBeGreaterThan(500)
})

test('both engines take the same', () => {
  let found = 0
  fc.assert(
    fc.property(anyParts, fc.boolean(), text, (parts, isWhole, subject) => {
      const pattern = `^${parts.map((one, i) => `(?<g${i}>${one})`).join('')}${isWhole ? '$' : ''}`
      const program = groupProgramOf(readPattern(pattern, true), true)
      // the fast one takes no lazy repeats
      if (parts.some(one => /[*+?}]\?/.test(one))) return
      const fast = OnePass.of(groupProgramOf(readPattern(pattern, true), false))
      if (fast === undefined) return
      const groups = groupsOf(new Backtracker(program), program.groups, subject)
      found += groups === undefined ? 0 : 1
      expect(groupsOf(fast, program.groups, subject), `${pattern} in "${subject}"`).toEqual(groups)
    }),
    { numRuns: 5000 }
  )
  expect(found).toBeGreaterThan(50)
})

test.each([
  ['^(?<ip>\\S+) (?<user>\\S+) \\[(?<time>[^\\]]*)\\] "(?<request>[^"]*)"(?: (?<bytes>\\d+))?$', true],
  ['^(?<level>[A-Z]+): (?<message>.*)', true],
  ['^(?<key>[^=]*)=(?<value>.*)$', true],
  ['(?<key>\\w+)=(?<value>\\w+)', false],
  ['^(?<all>.*) in (?<ms>\\d+)$', false],
  ['^(?<word>a(?:bc)?)', false],
  ['^(?<word>\\w+)\\b', false]
])('a byte says which way to go: %s', (pattern, isSo) => {
  expect(OnePass.of(groupProgramOf(readPattern(pattern, true), false)) !== undefined).toBe(isSo)
})

test('repeats pass text in an old encoding', () => {
  const finder = compileFields('^(?<a>\\S+) "(?<b>[^"]*)"$')
  const bytes = Buffer.from('caf\xe9 "\xe9t\xe9"', 'latin1')
  expect(finder.find(bytes, 0, bytes.length)).toBe(true)
  expect([...finder.slots]).toEqual([0, 4, 6, 9])
})

test('no pattern takes long for a long row', () => {
  const bytes = Buffer.from(`${'a'.repeat(1 << 15)}!`)
  const slow: string[] = []
  for (const pattern of evilPatterns.filter((_, i) => i % 3 === 0)) {
    let finder: GroupFinder
    try {
      finder = compileFields(`(?P<all>${pattern})`)
    } catch {
      continue
    }
    const start = process.cpuUsage()
    finder.find(bytes, 0, bytes.length)
    // 3 ms in quiet; what is quadratic takes many seconds
    if (process.cpuUsage(start).user > 1_000_000) slow.push(pattern)
  }
  expect(slow).toEqual([])
}, 120_000)
