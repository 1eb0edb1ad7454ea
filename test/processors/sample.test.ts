import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Fate } from '../../src/core/row.ts'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { sample } from '../../src/processors/sample.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'

const traceOf = (n: number): string => createHash('md5').update(String(n)).digest('hex')

/** For each line, whether it is kept. */
function kept(lines: readonly string[], rate: number, base = 0): boolean[] {
  const bench = new Bench()
  bench.fill(Buffer.from(lines.join('\n')), base)
  auto.create(optionsOf(auto, {}), bench.context).parse(bench.batch)
  normalize.create(optionsOf(normalize, {}), bench.context).apply(bench.batch)
  sample.create(optionsOf(sample, { rate }), bench.context).apply(bench.batch)
  return lines.map((_, row) => bench.batch.fate[row] === Fate.kept)
}

const count = (fates: readonly boolean[]): number => fates.filter(Boolean).length
/** Five standard deviations of as many throws. */
const around = (rows: number, rate: number): number => 5 * Math.sqrt(rows * rate * (1 - rate))

test.each([0.01, 0.1, 0.5, 0.9])('keeps a share of %d, of traces and of rows without one', rate => {
  const rows = 4000
  const traces = Array.from({ length: rows }, (_, n) => `{"level":"info","trace_id":"${traceOf(n)}"}`)
  const plain = Array.from({ length: rows }, () => 'a line like all others')
  expect(Math.abs(count(kept(traces, rate)) - rows * rate)).toBeLessThan(around(rows, rate))
  expect(Math.abs(count(kept(plain, rate)) - rows * rate)).toBeLessThan(around(rows, rate))
})

test('ids that are counted up make no difference to the share', () => {
  const traces = Array.from(
    { length: 4000 },
    (_, n) => `{"level":"info","trace_id":"${(n + 1).toString(16).padStart(32, '0')}"}`
  )
  expect(Math.abs(count(kept(traces, 0.25)) - 1000)).toBeLessThan(around(4000, 0.25))
})

test('a trace has one fate, whatever its rows say and wherever they stand', () => {
  const lines = Array.from({ length: 200 }, (_, n) => [
    `{"trace_id":"${traceOf(n)}","level":"debug","msg":"begins"}`,
    `level=info msg="goes on, in text" trace_id=${traceOf(n).toUpperCase()}`
  ])
  const json = kept(
    lines.map(([line]) => line!),
    0.3
  )
  const text = kept(
    lines.map(([, line]) => line!),
    0.3,
    2 ** 40
  )
  expect(text).toEqual(json)
})

test('what is kept at a share is kept at each larger one', () => {
  const lines = Array.from({ length: 500 }, (_, n) => `{"level":"info","trace_id":"${traceOf(n)}"}`)
  const shares = [0.05, 0.2, 0.6].map(rate => kept(lines, rate))
  for (const [i, fates] of shares.entries()) {
    for (const [row, isKept] of fates.entries()) if (isKept && i < 2) expect(shares[i + 1]![row]).toBe(true)
  }
})

test('the choice is the same in every version: machines of different ones see the same traces', () => {
  const lines = Array.from({ length: 20 }, (_, n) => `{"level":"info","trace_id":"${traceOf(n)}"}`)
  const chosen = kept(lines, 0.5).map(isKept => (isKept ? 'x' : '-'))
  expect(chosen.join('')).toMatchInlineSnapshot(`"----xx--x-xxx---xx-x"`)
})
