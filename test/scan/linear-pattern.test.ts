import { describe, expect, test } from 'vitest'
import { LinearPattern } from '../../src/scan/linear-pattern.ts'

describe('linear patterns', () => {
  test.each([
    ['^\\d{4}-\\d\\d', '2026-11-22 x', true],
    ['(?i)^error|warn', 'a WaRn', true],
    ['(?i)^[a-f]x', 'Cx', true],
    ['(?i)[^a-f]', 'ABC', false],
    ['\\Aend\\z', 'end', true],
    ['(?P<day>\\d+)/(?:x|y)', '12/y', true],
    ['[]a]+$', '[]a]', true],
    ['[[]', '[', true],
    ['\\x41\\-\\/', 'A-/', true],
    ['größe', 'die größe', true]
  ])('%s on %s', (pattern, text, expected) => {
    expect(LinearPattern.of(pattern).test(text)).toBe(expected)
  })

  test.each([
    ['a(?=b)', 'looking ahead or behind can not be matched in linear time (character 2)'],
    ['(?<!b)a', 'looking ahead or behind can not be matched in linear time (character 1)'],
    ['(a)\\1', 'references to groups can not be matched in linear time (character 4)'],
    ['a(?m)b', 'of flags only "(?i)" is known, at the start (character 2)'],
    ['a\\q', '"\\q" is not known (character 2)'],
    ['\\pL', '"\\p" is not known (character 1)'],
    ['[[:alpha:]]', 'classes like [:alpha:] are not known (character 2)'],
    ['a\\', 'nothing follows the backslash (character 2)'],
    ['\\x4', 'two hex digits have to follow "\\x" (character 1)'],
    ['(a', 'Unterminated group'],
    ['a{2,900}', 'repeats of more than a few can not be matched in linear time: use "*" or "+"']
  ])('%s is refused', (pattern, message) => {
    expect(() => LinearPattern.of(pattern)).toThrow(new SyntaxError(message))
  })

  test('no text takes longer than in proportion to its length', () => {
    const pattern = LinearPattern.of('^(\\s*\\S+)*x$')
    const began = performance.now()
    for (const text of ['a'.repeat(500), `${'a '.repeat(100_000)}b`]) expect(pattern.test(text)).toBe(false)
    // Backtracking would take years.
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})
