import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { compileGroups } from '../../src/scan/regex/compile.ts'
import { evilPatterns } from './evil-patterns.ts'

function groupsOf(pattern: string, text: string): Record<string, string | undefined> | undefined | 'tooLong' {
  const { automaton, captures, names } = compileGroups(pattern)
  const bytes = Buffer.from(text)
  const places = captures.find(text)
  if (places === 'tooLong') return places
  expect(places !== undefined, pattern).toBe(automaton.matches(bytes, 0, bytes.length))
  if (places === undefined) return undefined
  return Object.fromEntries(
    names.map((name, i) => [name, places[2 * i]! < 0 ? undefined : text.slice(places[2 * i], places[2 * i + 1])])
  )
}

const part = fc.letrec<{ part: string }>(tie => ({
  part: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', 'b', 'é', '[ab]', '[^a]', '\\d', '\\b', '^', '$', ''),
    fc.tuple(tie('part'), tie('part')).map(parts => parts.join('')),
    fc.tuple(tie('part'), tie('part')).map(([a, b]) => `(?:${a}|${b})`),
    // a repeat of what may be empty ends differently in JavaScript
    fc
      .tuple(
        fc.constantFrom('a', '[ab]', '(?:ab|a)', '\\d', '[^b]'),
        fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?', '+?', '??', '{1,3}?')
      )
      .map(pair => pair.join(''))
  )
})).part
const text = fc.array(fc.constantFrom('a', 'b', 'é', '0', ' '), { maxLength: 10 }).map(parts => parts.join(''))

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
  const line = `${'a'.repeat(1 << 20)}!`
  const slow: string[] = []
  for (const pattern of evilPatterns) {
    try {
      const { captures } = compileGroups(`(?P<all>${pattern})`)
      const start = systemClock.cpu()
      captures.find(line)
      if (systemClock.cpu() - start > 1000) slow.push(pattern)
    } catch {
      // refused
    }
  }
  expect(slow).toEqual([])
})
