import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import {
  compileLine,
  compileSearch,
  compileWhole,
  type Matcher,
  type SearchMatcher
} from '../../src/scan/regex/compile.ts'
import { PatternFault } from '../../src/scan/regex/syntax.ts'
import { evilPatterns } from './evil-patterns.ts'

function matches(matcher: Matcher | SearchMatcher, text: string | Buffer, isWhole = false): boolean {
  const bytes = Buffer.from(text as string)
  if ('literals' in matcher) return matcher.literals.some(literal => bytes.includes(literal))
  if (!('literal' in matcher)) return matcher.automaton.matches(bytes, 0, bytes.length)
  return isWhole ? bytes.toString() === matcher.literal : bytes.includes(matcher.literal)
}

const isFound = (pattern: string, text: string | Buffer): boolean => matches(compileSearch(pattern), text)
const isWhole = (pattern: string, text: string): boolean => matches(compileWhole(pattern), text, true)

/** What a random pattern becomes; the few that would take too many states are left out. */
function compileRandom<T>(compile: (pattern: string) => T, source: string): T {
  try {
    return compile(source)
  } catch (error) {
    fc.pre(!(error instanceof PatternFault && error.message.includes('states')))
    throw error
  }
}

/** Patterns that mean the same to RE2 and, with the flags `us`, to JavaScript. */
const pattern = fc.letrec<{ pattern: string }>(tie => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      'c',
      'é',
      '😀',
      '.',
      '[ab]',
      '[^a]',
      '[^é]',
      '[a-c0-2]',
      '\\d',
      '\\w',
      '\\s',
      '\\D',
      '\\W',
      '\\S',
      '\\.',
      '\\b',
      '\\B',
      '^',
      '$'
    ),
    fc.tuple(tie('pattern'), tie('pattern')).map(parts => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{0}', '{2}', '{1,3}', '{0,4}', '{2,}', '*?', '+?'))
      .map(([part, repeat]) => `(?:${part})${repeat}`)
  )
})).pattern

/** JavaScript's, without V8's own way of looking for patterns that end with `$`: there it finds `[^a]$` in no "😀". */
function javaScript(source: string): RegExp {
  return new RegExp(`(?:${source}|.*[^\\s\\S])`, 'us')
}

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'é', '😀', '0', '_', ' ', '\n', '.'), { maxLength: 12 })
  .map(parts => parts.join(''))

describe('patterns match as JavaScript says', () => {
  test('somewhere in a text', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, all) => {
        // JavaScript finds \B between the halves of a character
        const texts = source.includes('\\B') ? all.map(one => one.replaceAll('😀', 'ü')) : all
        const matcher = compileRandom(compileSearch, source)
        const wanted = javaScript(source)
        for (const one of texts)
          expect(matches(matcher, one), `${source} in ${JSON.stringify(one)}`).toBe(wanted.test(one))
      }),
      { numRuns: 2000 }
    )
  })

  test('somewhere in a text of another encoding, whose bytes are no characters', () => {
    const piece = fc.constantFrom('a', 'b', '0', ' ', '\n', 'é', 'ö', 'Ä', 'ü ', 'a° ')
    const latin = fc.array(piece, { maxLength: 8 }).map(parts => Buffer.from(parts.join(''), 'latin1'))
    let found = 0
    fc.assert(
      fc.property(pattern, fc.array(latin, { minLength: 1, maxLength: 8 }), (source, texts) => {
        const matcher = compileRandom(compileSearch, source)
        const wanted = javaScript(source)
        for (const one of texts) {
          const isWanted = wanted.test(one.toString())
          found += isWanted ? 1 : 0
          expect(matches(matcher, one), `${source} in ${JSON.stringify(one.toString('latin1'))}`).toBe(isWanted)
        }
      }),
      { numRuns: 2000 }
    )
    expect(found).toBeGreaterThan(1000)
  })

  test('as a whole', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, texts) => {
        const matcher = compileRandom(compileWhole, source)
        const wanted = new RegExp(`^(?:${source.replaceAll('.', '[^\\n]').replaceAll('\\[^\\n]', '\\.')})$`, 'u')
        for (const one of texts) {
          expect(matches(matcher, one, true), `${source} is ${JSON.stringify(one)}`).toBe(wanted.test(one))
        }
      }),
      { numRuns: 2000 }
    )
  })

  test('in any case', () => {
    const letters = 'kKſsSK\u212aÉéßẞΣσςaZ1'
    for (const one of letters) {
      for (const other of letters) {
        const wanted = new RegExp(`^${one}$`, 'iu').test(other)
        expect(isWhole(`(?i)${one}`, other), `${one} is ${other}`).toBe(wanted)
        expect(isWhole(`(?i)[^${one}]`, other), `[^${one}] is ${other}`).toBe(!wanted)
      }
    }
  })
})

test.each([
  ['(?i)error', 'an ERROR occurred', true],
  ['(?i:e)rror', 'ERROR', false],
  ['a(?i)b|c', 'C', true],
  ['(?i)a(?-i)b', 'AB', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['^b$', 'a\nb\nc', false],
  ['(?-s)a.b', 'a\nb', false],
  ['\\Aa\\z', 'a', true],
  ['\\Qa.b\\E+', 'a.bb', true],
  ['\\Qa.b', 'axb', false],
  ['[[:alpha:]_]+[[:^digit:]]', '1a_', true],
  ['[]a]', ']', true],
  ['[^]a]', ']a', false],
  ['[a-]', '-', true],
  ['[[]', '[', true],
  ['[\\w-]+$', '-', true],
  ['(?i)[^a-f]', 'ABC', false],
  ['(?i)^error|warn', 'a WaRn', true],
  ['\\x41\\-\\/', 'A-/', true],
  ['\\x{1F600}\\x41\\101', '😀AA', true],
  ['\\p{Greek}\\pL\\P{L}', 'λé1', true],
  ['\\p{^Lu}', 'A', false],
  ['a{,2}', 'a{,2}', true],
  ['x{', 'x{', true],
  ['(?P<name>a)(?<other>b)', 'ab', true],
  ['\\pN{3}', '12', false],
  ['a.*b', Buffer.from([0x61, 0xff, 0xfe, 0x62]), true],
  ['^\\S+ b', Buffer.from('größe b', 'latin1'), true],
  ['a.b', Buffer.from([0x61, 0xe2, 0x82, 0x62]), true],
  ['a..b', Buffer.from([0x61, 0xe2, 0x82, 0x62]), false],
  ['^..$', 'é', false],
  ['[^é]b', 'éb', false],
  ['', '', true],
  ['foo.{0,50}bar', `foo${'x'.repeat(50)}bar`, true],
  ['foo.{0,50}bar', `foo${'x'.repeat(51)}bar`, false],
  ['foo.{0,9}bar', `foofoo${'x'.repeat(9)}bar`, true],
  ['(?:ab?){0,3}c$', 'abac', true]
])('RE2 finds %s', (source, subject, wanted) => {
  expect(isFound(source, subject)).toBe(wanted)
})

test.each([
  ['a(b', 1, /without its "\)"/],
  ['a)', 1, /without its "\("/],
  ['[a', 0, /without its "\]"/],
  ['*a', 0, /nothing to repeat/],
  ['a**', 2, /repeat of a repeat/],
  ['a*+', 2, /possessive/],
  ['a{2,1}', 1, /from 2 to 1/],
  ['a{1001}', 1, /more than 1000/],
  ['(?=a)', 0, /looking ahead/],
  ['(?<!a)', 0, /looking ahead or behind/],
  ['(?>a)', 0, /atomic/],
  ['(a)\\1', 3, /back references/],
  ['[b-a]', 1, /ends before/],
  ['[a+-\\d]', 2, /ends in a class/],
  ['\\y', 0, /unknown/],
  ['[[:nope:]]', 1, /no class/],
  ['\\p{Nope}', 0, /no Unicode class/],
  ['a\\', 1, /at the end/]
])('what RE2 does not have is refused: %s', (source, at, message) => {
  expect(() => compileSearch(source)).toThrow(
    expect.objectContaining({ at, message: expect.stringMatching(message) }) as Error
  )
})

test('in lines a point is no line feed, and bytes around them are not seen', () => {
  const bytes = Buffer.from('ab\nb a')
  const pattern = compileLine('^a.*b$')
  expect(pattern.matches(bytes, 0, 2)).toBe(true)
  expect(pattern.matches(bytes, 0, 4)).toBe(false)
  expect(pattern.matches(bytes, 1, 6)).toBe(false)
  expect(compileLine('^$').matches(bytes, 3, 3)).toBe(true)
})

/** T49. The figures hold on a machine that is busy with something else, too. */
describe('hostile patterns', () => {
  const megabyte = 1 << 20
  const lines = ['a', 'x', 'ab', '0', ' ', 'a1-', 'é', '"\\', 'x=', 'aaaaaaaaaaaaaaaaaaab'].map(part =>
    Buffer.alloc(megabyte, part)
  )

  test(`${evilPatterns.length} of them are refused, or take little for a line of 1 MB`, () => {
    expect(evilPatterns.length).toBeGreaterThanOrEqual(200)
    let refused = 0
    const slow: string[] = []
    for (const source of evilPatterns) {
      const start = systemClock.cpu()
      try {
        const matcher = compileRandom(compileSearch, source)
        if (systemClock.cpu() - start > 5000) slow.push(`${source} to load`)
        for (const line of lines) {
          const before = systemClock.cpu()
          matches(matcher, line)
          if (systemClock.cpu() - before > 100 && quickest(matcher, line) > 100) slow.push(source)
        }
      } catch {
        refused++
        if (systemClock.cpu() - start > 5000) slow.push(`${source} to refuse`)
      }
    }
    expect(slow).toEqual([])
    expect(refused).toBeLessThan(evilPatterns.length / 2)
  })
})

function quickest(matcher: SearchMatcher, line: Buffer): number {
  const times = Array.from({ length: 3 }, () => {
    const before = systemClock.cpu()
    matches(matcher, line)
    return systemClock.cpu() - before
  })
  return Math.min(...times)
}
