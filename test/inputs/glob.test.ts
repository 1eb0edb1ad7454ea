import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { parseGlob, pathMatcher } from '../../src/inputs/file/glob.ts'

/** Parts of patterns, and what they are to JavaScript. */
const pieces: Readonly<Record<string, string>> = {
  a: 'a',
  b: 'b',
  '.': '\\.',
  $: '\\$',
  é: 'é',
  '*': '[^/]*',
  '?': '[^/]',
  '[ab]': '[ab]',
  '[a-c.]': '[a-c.]',
  '[!b]': '[^b/]',
  '[^a-c]': '[^a-c/]',
  '[-$]': '[-$]',
  '{a,b*}': '(?:a|b[^/]*)'
}
const part = fc
  .array(fc.constantFrom(...Object.keys(pieces)), { minLength: 1, maxLength: 5 })
  .filter(all => !['**', '.', '..'].includes(all.join('')))
const parts = fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 4 })
const path = fc
  .array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '$', 'é', '-'), minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 4
  })
  // what a path can not hold
  .filter(names => !names.includes('.') && !names.includes('..'))
  .map(names => `/${names.join('/')}`)

function sourceOf(pattern: readonly string[] | '**'): string {
  return pattern === '**' ? '(?:/[^/]+)*' : `/${pattern.map(piece => pieces[piece]!).join('')}`
}

test('paths match as JavaScript says', () => {
  let found = 0
  fc.assert(
    fc.property(parts, fc.array(path, { minLength: 1, maxLength: 8 }), (pattern, paths) => {
      const written = pattern.map(one => (one === '**' ? '/**' : `/${one.join('')}`)).join('')
      const matches = pathMatcher([written])
      const wanted = new RegExp(`^${pattern.map(sourceOf).join('')}$`, 's')
      for (const one of paths) {
        found += wanted.test(one) ? 1 : 0
        expect(matches(one), `${written} of ${one}`).toBe(wanted.test(one))
      }
    }),
    { numRuns: 3000 }
  )
  expect(found).toBeGreaterThan(300)
})

test.each([
  ['*.log', '/var/a.log', true],
  ['*.log', '/a.log/b', false],
  ['[!a]?', '/x/y', false],
  ['[]a]', '/]', true],
  ['[a', '/[a', true],
  ['/var/**', '/var', true],
  ['/var/**/a', '/var/b/c/a', true],
  ['/a/../b', '/b', true]
])('%s of %s', (pattern, one, wanted) => {
  expect(pathMatcher([pattern])(one)).toBe(wanted)
})

test('names that somebody made to match nearly take no time', () => {
  const began = systemClock.cpu()
  const [glob] = parseGlob('/logs/*a*a*a*a*a*b')
  const last = glob!.parts[0]!
  expect(last.kind === 'pattern' && last.matches('a'.repeat(255))).toBe(false)
  expect(pathMatcher(['/**/x/**/x/**/x/**/x/**/z'])(`${'/x'.repeat(2000)}/a`)).toBe(false)
  // going back to each star takes hours
  expect(systemClock.cpu() - began).toBeLessThan(5000)
})
