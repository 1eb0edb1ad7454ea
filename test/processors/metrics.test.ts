import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Family } from '../../src/core/families.ts'
import type { Processor } from '../../src/core/steps.ts'
import { auto } from '../../src/parsers/auto.ts'
import { metrics } from '../../src/processors/metrics/index.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { tempFolder } from '../fakes/folder.ts'
import { Bench } from '../fakes/rows.ts'

const start = Date.parse('2026-11-22T10:00:00Z')

/** A step at work, a chunk at a time. */
class Work {
  readonly bench = new Bench()
  now = start
  readonly step: Processor
  readonly #parser = auto.create(optionsOf(auto, {}), this.bench.context)
  readonly #normalize = normalize.create(optionsOf(normalize, {}), this.bench.context)

  constructor(options: object) {
    const context = { ...this.bench.context, now: () => this.now }
    this.step = metrics.create(optionsOf(metrics, { name: 'rows', help: 'Rows', ...options }), context)
  }

  take(rows: readonly object[], isRepeat = false): void {
    const { batch } = this.bench
    this.bench.fill(Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join('')))
    batch.readTime = this.now
    batch.isRepeat = isRepeat
    this.#parser.parse(batch)
    this.#normalize.apply(batch)
    this.step.apply(batch)
  }

  get family(): Family {
    return this.step.family!()
  }

  /** Values by labels. */
  get values(): Record<string, number> {
    const pairs = this.family.series.map(({ values, value }) => [values?.join() ?? 'others', value] as const)
    return Object.fromEntries(pairs)
  }

  numberOf(name: string): number | undefined {
    return this.bench.meter.samples().find(sample => sample.name === name)?.value
  }
}

const traceOf = (user: number): string => String(user + 1).padStart(32, '0')
const rowOf = (user: number): object => ({ user, n: user % 10, trace_id: traceOf(user), time: start + user })
const rows = fc.array(
  fc.record({ a: fc.constantFrom('x', 'y', 'z'), b: fc.constantFrom(1, 2), n: fc.integer({ min: 0, max: 30 }) }),
  { maxLength: 40 }
)

test('a histogram is what one gets by counting', () => {
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 4 }), chunks => {
      const work = new Work({ type: 'histogram', value: 'n', labels: ['a', 'b'], buckets: [0, 10, 20] })
      for (const chunk of chunks) work.take(chunk)
      const groups = Map.groupBy(chunks.flat(), ({ a, b }) => `${a},${b}`)
      const { series } = work.family
      expect(series.map(({ values }) => values!.join())).toEqual([...groups.keys()])
      for (const { values, value, counts } of series) {
        const numbers = groups.get(values!.join())!.map(({ n }) => n)
        const within = (from: number, to: number): number => numbers.filter(n => n > from && n <= to).length
        expect(value).toBe(numbers.reduce((sum, n) => sum + n, 0))
        expect(counts).toEqual([within(-1, 0), within(0, 10), within(10, 20), within(20, 30)])
      }
    }),
    { numRuns: 200 }
  )
})

test('rows that come again for an output that is behind count once', () => {
  const work = new Work({})
  work.take([{}, {}])
  work.take([{}, {}], true)
  expect(work.values).toEqual({ '': 2 })
})

test('the number of series is bounded whatever comes, and told; the sum is right', () => {
  const work = new Work({ labels: ['user'], max_series: 50 })
  for (let chunk = 0; chunk < 20; chunk++) work.take(Array.from({ length: 100 }, (_, i) => ({ user: chunk * 100 + i })))
  const { series } = work.family
  expect(series).toHaveLength(51)
  expect(series.reduce((sum, { value }) => sum + value, 0)).toBe(2000)
  expect(work.values['others']).toBe(1950)
  expect(work.numberOf('collector_step_keys')).toBe(50)
  expect(work.numberOf('collector_step_keyless_rows_total')).toBe(1950)
})

test('series without rows are forgotten, and make room', () => {
  const work = new Work({ labels: ['user'], max_series: 2, idle: '1m' })
  work.take([{ user: 'a' }, { user: 'b' }, { user: 'b' }])
  work.now += 40_000
  work.take([{ user: 'b' }])
  work.now += 30_000
  work.take([{ user: 'c' }])
  expect(work.values).toEqual({ b: 3, c: 1 })
  work.now += 61_000
  expect(work.values).toEqual({})
  work.take([{ user: 'b' }])
  expect(work.values).toEqual({ b: 1 })
})

test('many series keep their numbers and traces while others go', () => {
  const work = new Work({ type: 'histogram', value: 'n', labels: ['user'], buckets: [5], max_series: 500, idle: '1m' })
  work.take(Array.from({ length: 300 }, (_, user) => rowOf(user)))
  work.now += 50_000
  const staying = Array.from({ length: 100 }, (_, i) => 3 * i)
  work.take(staying.map(user => ({ user, n: 100 })))
  work.now += 20_000
  const { series } = work.family
  expect(series.map(({ values }) => Number(values![0]))).toEqual(staying)
  for (const [i, { value, counts, exemplars }] of series.entries()) {
    const user = staying[i]!
    const isSmall = user % 10 <= 5
    expect(value).toBe(100 + (user % 10))
    expect(counts).toEqual(isSmall ? [1, 1] : [0, 2])
    expect(exemplars[isSmall ? 0 : 1]).toEqual({ traceId: traceOf(user), value: user % 10, at: start + user })
    expect(exemplars[isSmall ? 1 : 0]).toBe(undefined)
  }
})

test('values that can not be used are counted', () => {
  const work = new Work({ value: 'n' })
  work.take([{ n: 'x' }, { n: -1 }, { n: '+Inf' }, { n: 'NaN' }, { n: 2 }, {}])
  expect(work.values).toEqual({ '': 2 })
  expect(work.numberOf('collector_step_failed_rows_total')).toBe(4)
})

test('what does not fit together is told where it stands', async () => {
  const path = join(tempFolder(), 'config.yaml')
  writeFileSync(
    path,
    `version: 1
inputs: { a: { type: file, paths: [a.log] } }
process:
  - metrics: { name: a, help: A, type: gauge }
  - metrics: { name: b-c, help: B }
  - metrics: { name: d, help: D }
  - metrics: { name: d_total, help: D, labels: [le, "x y"] }
  - metrics: { name: collector_rows, help: E, buckets: [1, 1] }
  - metrics: { name: f, help: F, labels: [x, x] }
outputs: { o: { type: "null" } }
`
  )
  const loaded = await loadConfig([path], { env: {}, components })
  const problems = 'problems' in loaded ? loaded.problems : []
  expect(problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toMatchInlineSnapshot(`
    [
      "4:14: Cannot use a map for "metrics": a gauge needs a "value"",
      "5:22: Cannot use "b-c" for "name": expected a name of letters, digits and "_"",
      "7:22: Duplicate metric "d_total": another step makes it",
      "7:49: Cannot use "le" for item 1 of "labels": expected a label of letters, digits and "_", not "le"",
      "7:53: Cannot use "x y" for item 2 of "labels": expected a label of letters, digits and "_", not "le"",
      "8:22: Cannot use "collector_rows" for "name": names in "collector_" and "process_" are our own",
      "8:56: Cannot use a list for "buckets": each must be larger than before",
      "9:42: Cannot use a list for "labels": each must be there once",
    ]
  `)
})
