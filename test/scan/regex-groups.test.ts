import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { compileGroups } from '../../src/scan/regex/compile.ts'
import { evilPatterns } from './evil-patterns.ts'
import { part, text } from './patterns.ts'

function groupsOf(pattern: string, subject: string): Record<string, string | undefined> | undefined {
  const { automaton, finder } = compileGroups(pattern)
  const bytes = Buffer.from(subject)
  const isFound = finder.find(bytes, 0, bytes.length)
  expect(isFound, pattern).toBe(automaton.matches(bytes, 0, bytes.length))
  if (!isFound) return undefined
  const textAt = (from: number, to: number): string | undefined => (from < 0 ? undefined : bytes.utf8Slice(from, to))
  const { names, slots } = finder
  return Object.fromEntries(names.map((name, i) => [name, textAt(slots[2 * i]!, slots[2 * i + 1]!)]))
}

test('groups take what they do in JavaScript', () => {
  let found = 0
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean(), text, (parts, isChoice, subject) => {
      const pattern = parts.map((one, i) => `(?<g${i}>${one})`).join(isChoice ? '|' : '')
      const wanted = new RegExp(pattern, 'u').exec(subject)?.groups
      found += wanted === undefined ? 0 : 1
      const groups = groupsOf(pattern, subject)
      // groups that take no part, where JavaScript has them too, are undefined
      expect(groups, `${pattern} in "${subject}"`).toEqual(wanted && { ...(groups as object), ...wanted })
    }),
    { numRuns: 3000 }
  )
  expect(found).toBeGreaterThan(1000)
})

test('no pattern takes long for a line of 1 MB', () => {
  const line = Buffer.from(`${'a'.repeat(1 << 20)}!`)
  const slow: string[] = []
  for (const pattern of evilPatterns) {
    try {
      const { finder } = compileGroups(`(?P<all>${pattern})`)
      const start = systemClock.cpu()
      finder.find(line, 0, line.length)
      if (systemClock.cpu() - start > 1000) slow.push(pattern)
    } catch {
      // refused
    }
  }
  expect(slow).toEqual([])
})
