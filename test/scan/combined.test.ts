import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { combinedParts, CombinedScanner } from '../../src/scan/combined.ts'
import { Bench } from '../fakes/rows.ts'

const form =
  /^([^ ]+) ([^ ]+) ([^ ]+) \[([^\]]+)\] "(([A-Z]+) ([^ "]*) HTTP\/([0-9.]+))" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"$/

const line =
  '203.0.113.7 - eve [22/Nov/2026:10:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 512 "https://example.org/" "curl/8.5"'
const pieces = line.match(/[\w.?=:+]+|./g)!
/** The line with some of its pieces changed. */
const changed = fc
  .array(
    fc.tuple(
      fc.nat(pieces.length - 1),
      fc.constantFrom('', ' ', '"', '-', ']', '[', 'é', 'GET', '/', '7', 'a b', '" "')
    ),
    {
      maxLength: 3
    }
  )
  .map(changes => {
    const parts = [...pieces]
    for (const [at, piece] of changes) parts[at] = piece
    return parts.join('')
  })

test('finds the parts that a regular expression finds', () => {
  const bench = new Bench()
  const scanner = new CombinedScanner()
  let found = 0
  fc.assert(
    fc.property(fc.array(changed, { minLength: 1, maxLength: 4 }), lines => {
      bench.fill(Buffer.from(`${lines.join('\n')}\n`))
      for (const [row, text] of lines.entries()) {
        // one in the name of a user is for others
        const wanted = text.split('"').length === 7 ? form.exec(text)?.slice(1) : undefined
        const isFound = scanner.scan(bench.batch, row)
        expect(isFound, text).toBe(wanted !== undefined)
        if (wanted === undefined) continue
        found++
        const { places } = scanner
        expect(combinedParts.map((_, part) => bench.batch.text(places[2 * part]!, places[2 * part + 1]!))).toEqual(
          wanted
        )
      }
    }),
    { numRuns: 2000 }
  )
  expect(found).toBeGreaterThan(0)
})

test('leaves lines with escapes and control characters to others', () => {
  const bench = new Bench()
  bench.fill(Buffer.from([line.replace('curl', '\\"curl'), line.replace('curl', '\tcurl'), line].join('\n')))
  const scanner = new CombinedScanner()
  expect([0, 1, 2].map(row => scanner.scan(bench.batch, row))).toEqual([false, false, true])
})
