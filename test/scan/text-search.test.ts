import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { compileSearch } from '../../src/scan/regex/compile.ts'
import { needlesOf } from '../../src/scan/regex/needles.ts'
import { readPattern } from '../../src/scan/regex/read.ts'
import { readFileSync } from 'node:fs'
import { AnyText, TextSearch } from '../../src/scan/text-search.ts'
import { RowList } from '../../src/core/row-list.ts'
import { Bench } from '../fakes/rows.ts'

const benches = [new Bench(), new Bench('', false)]

/** The rows that have a text, or one of some, as 0 and 1, by the kernel and without it. */
function found(
  text: string | readonly string[],
  lines: readonly string[],
  options: { ignoresCase?: boolean; wanted?: number[] } = {}
): string[] {
  return benches.map(bench => {
    bench.fill(Buffer.from(lines.map(line => `${line}\n`).join('')))
    const { batch } = bench
    const rows = new RowList()
    rows.fill(batch.rows, options.wanted && Uint8Array.from(options.wanted))
    const hits = new Uint8Array(batch.rows)
    new AnyText([text].flat().map(one => new TextSearch(one, options.ignoresCase))).mark(batch, rows, hits)
    return hits.join('')
  })
}

const line = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'aab', 'é', ' ', 'x'.repeat(15), 'x'.repeat(31), 'ba'.repeat(20)), {
    maxLength: 8
  })
  .map(parts => parts.join(''))

test('texts are found where they are, by the kernel and without it', () => {
  let hits = 0
  fc.assert(
    fc.property(
      line,
      fc.array(fc.tuple(line, fc.constantFrom(0, 1)), { minLength: 1, maxLength: 20 }),
      (text, rows) => {
        const lines = rows.map(([one]) => one)
        const wanted = rows.map(([, one]) => one)
        const expected = rows.map(([one, isWanted]) => (isWanted === 1 && one.includes(text) ? 1 : 0)).join('')
        hits += expected.includes('1') ? 1 : 0
        expect(found(text, lines, { wanted }), JSON.stringify([text, lines])).toEqual([expected, expected])
      }
    ),
    { numRuns: 2000 }
  )
  expect(hits).toBeGreaterThan(300)
})

test('a text may end a row, begin one, or be longer than what the kernel takes', () => {
  for (let length = 1; length < 70; length++) {
    const text = `${'a'.repeat(length - 1)}b`
    const lines = [text, `x${text}`, `${text}x`, text.slice(1), `${'a'.repeat(length)}c`, 'aab'.repeat(20)]
    const expected = lines.map(one => (one.includes(text) ? 1 : 0)).join('')
    expect(found(text, lines)).toEqual([expected, expected])
  }
  const long = 'abc'.repeat(100)
  expect(found(long, [long, long.slice(1)])).toEqual(['10', '10'])
  expect(found('', ['a', ''])).toEqual(['11', '11'])
})

test('several texts are looked for at once', () => {
  const lines = ['ab', 'xcd', 'x'.repeat(40), `${'x'.repeat(40)}cd`, '', 'c d']
  expect(found(['ab', 'cd'], lines)).toEqual(['110100', '110100'])
  const many = Array.from({ length: 20 }, (_, i) => `<${i}>`)
  expect(found(many, ['<19>', 'x<0>', '<20>'])).toEqual(['110', '110'])
})

test('letters may stand for both cases', () => {
  const lines = ['An ERROR', 'error', 'erroR.', 'eror', 'ERR0R', 'É']
  expect(found('Error', lines, { ignoresCase: true })).toEqual(['111000', '111000'])
  expect(found('Error', lines)).toEqual(['000000', '000000'])
})

test.each([
  ['panic|out of memory', ['panic', 'out of memory']],
  ['conn.*refused', ['refused']],
  ['(?i)time ?out', ['time*']],
  ['(?i)Panic', ['panic*']],
  ['a[bc]d+e', ['ab', 'ac']],
  ['^(GET|PUT) /api', ['GET /api', 'PUT /api']],
  ['(error|failed)s? .{3,}', ['error', 'failed']],
  ['(?:xyz)+', ['xyz']],
  ['[0-9]+', undefined],
  ['a|b|.*', undefined],
  ['(abc)?', undefined],
  ['a|bcd', undefined],
  ['\\bfoo\\b', ['foo']],
  // the long s and the sign of Kelvin are the same letters in another case
  ['(?i)disk', ['disk*', 'dis\u212a*', 'diſk*', 'diſ\u212a*']],
  ['(abc|def|ghi|jkl)(mno|pqr|stu)', ['abc', 'def', 'ghi', 'jkl']]
])('each match of %s has one of these', (pattern, wanted) => {
  const needles = needlesOf(readPattern(pattern, true))
  expect(needles?.map(({ text, ignoresCase }) => (ignoresCase ? `${text}*` : text))).toEqual(wanted)
})

test('the place of a text in a part of a line is that of the first one', () => {
  fc.assert(
    fc.property(line, line, line, (text, before, rest) => {
      const bytes = Buffer.from(before + rest + text)
      const start = Buffer.byteLength(before)
      const end = start + Buffer.byteLength(rest)
      const at = bytes.subarray(start, end).indexOf(text)
      expect(new TextSearch(text).indexIn(bytes, start, end)).toBe(at < 0 ? -1 : start + at)
    }),
    { numRuns: 2000 }
  )
})

const part = fc.letrec<{ part: string }>(tie => ({
  part: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: fc.constantFrom('ab', 'bc', 'é', '(?i:ab)', '(?i:ks)', '(?i:éb)', '[ab]c', '[Kk]s') },
    { weight: 1, arbitrary: fc.constantFrom('a', '[^a]', '\\b', '^', '.', 'é?') },
    fc.tuple(tie('part'), tie('part')).map(parts => parts.join('')),
    fc.tuple(tie('part'), tie('part')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('part'), fc.constantFrom('*', '+', '{2}', '{1,3}')).map(([one, count]) => `(?:${one})${count}`)
  )
})).part
const subject = fc
  .array(fc.constantFrom('ab', 'aB', 'bc', 'é', 'É', 'ks', 'KS', 'kſ', '\u212as', ' '), { maxLength: 20 })
  .map(parts => parts.join(''))

test('each match of a random pattern has one of its texts', () => {
  let matches = 0
  fc.assert(
    fc.property(part, subject, (pattern, text) => {
      const matcher = compileSearch(pattern)
      if ('literals' in matcher || matcher.needles === undefined) return
      const bytes = Buffer.from(text)
      if (!matcher.automaton.matches(bytes, 0, bytes.length)) return
      matches++
      const isThere = matcher.needles.some(needle =>
        new TextSearch(needle.text, needle.ignoresCase).isIn(bytes, 0, bytes.length)
      )
      expect(isThere, `${pattern} in "${text}"`).toBe(true)
    }),
    { numRuns: 5000 }
  )
  expect(matches).toBeGreaterThan(300)
})

test('the kernel is compiled from its source', async () => {
  expect(readFileSync(new URL('../../src/scan/search.wasm.ts', import.meta.url), 'utf8')).toBe(await compile('search'))
})
