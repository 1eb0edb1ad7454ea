import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fate } from '../../src/core/row.ts'
import type { Processor } from '../../src/core/steps.ts'
import { auto } from '../../src/parsers/auto.ts'
import { dedupe } from '../../src/processors/dedupe.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { throttle } from '../../src/processors/throttle.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'

const start = Date.parse('2026-11-22T10:00:00Z')

interface Line {
  readonly ms: number
  readonly service: string
}

/** A step at work, a chunk at a time. */
class Work {
  readonly bench = new Bench()
  readonly #parser = auto.create(optionsOf(auto, {}), this.bench.context)
  readonly #normalize = normalize.create(optionsOf(normalize, {}), this.bench.context)

  /** Whether each of the lines passes. */
  pass(step: Processor, lines: readonly Line[], readTime = start + 86_400_000): boolean[] {
    const { batch } = this.bench
    const texts = lines.map(({ ms, service }) => `{"time":${start + ms},"service":"${service}","msg":"m"}`)
    this.bench.fill(Buffer.from(texts.join('\n')))
    batch.readTime = readTime
    this.#parser.parse(batch)
    this.#normalize.apply(batch)
    step.apply(batch)
    return lines.map((_, row) => batch.fate[row] === Fate.kept)
  }

  numberOf(name: string): number | undefined {
    return this.bench.meter.samples().find(sample => sample.name === name)?.value
  }
}

const lines = fc.array(fc.record({ step: fc.integer({ min: 0, max: 900 }), service: fc.constantFrom('a', 'b', 'c') }), {
  maxLength: 60
})

test('throttle lets the rows pass that a bucket of tokens would', () => {
  const work = new Work()
  fc.assert(
    fc.property(lines, fc.constantFrom(1, 2, 5, 10), fc.integer({ min: 1, max: 4 }), (steps, rate, burst) => {
      let ms = 0
      const rows = steps.map(({ step, service }) => ({ ms: (ms += step), service }))
      const buckets = new Map<string, { tokens: number; ms: number }>()
      const expected = rows.map(({ ms, service }) => {
        const bucket = buckets.get(service) ?? { tokens: burst, ms }
        // in thousandths, so that they are whole numbers
        const tokens = Math.min(burst, bucket.tokens + ((ms - bucket.ms) * rate) / 1000)
        const passes = tokens > 1 - 1e-6
        buckets.set(service, { tokens: passes ? tokens - 1 : tokens, ms })
        return passes
      })
      const step = throttle.create(optionsOf(throttle, { rate, burst }), work.bench.context)
      const cut = rows.length >> 1
      const found = [rows.slice(0, cut), rows.slice(cut)].flatMap(part => work.pass(step, part))
      expect(found).toEqual(expected)
    }),
    { numRuns: 300 }
  )
})

test('dedupe lets a row pass where none that is equal has passed within the window', () => {
  const work = new Work()
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 3000 }), (steps, window) => {
      let ms = 0
      const rows = steps.map(({ step, service }) => ({ ms: (ms += step), service }))
      const passedAt = new Map<string, number>()
      const expected = rows.map(({ ms, service }) => {
        const passes = ms - (passedAt.get(service) ?? -Infinity) >= window
        if (passes) passedAt.set(service, ms)
        return passes
      })
      const step = dedupe.create(optionsOf(dedupe, { window: `${window}ms` }), work.bench.context)
      const cut = rows.length >> 1
      const found = [rows.slice(0, cut), rows.slice(cut)].flatMap(part => work.pass(step, part))
      expect(found).toEqual(expected)
    }),
    { numRuns: 300 }
  )
})

test('rows are told by all of their bytes, however alike they are', () => {
  const work = new Work()
  const step = dedupe.create(optionsOf(dedupe, { key: ['service_name'] }), work.bench.context)
  const long = 'x'.repeat(300)
  // alike where a quick look would look
  const services = Array.from({ length: 400 }, (_, i) => `${long}${String(i).padStart(4, '0')}${long}`)
  const rows = services.map(service => ({ ms: 0, service }))
  const first = Array.from({ length: 8 }, (_, i) => rows.slice(i * 50, i * 50 + 50))
  for (const part of first) expect(work.pass(step, part).every(Boolean)).toBe(true)
  for (const part of first) expect(work.pass(step, part).some(Boolean)).toBe(false)
})

test('a row that is longer than a key can be passes', () => {
  const work = new Work()
  const step = dedupe.create(optionsOf(dedupe, { key: ['service_name'] }), work.bench.context)
  const row = { ms: 0, service: 'x'.repeat(5000) }
  expect(work.pass(step, [row, row])).toEqual([true, true])
  expect(work.numberOf('collector_step_keyless_rows_total')).toBe(2)
  expect(work.numberOf('collector_step_keys')).toBe(0)
})

test('each lane has buckets of its own, and a file that is read late loses no more than one that is read at once', () => {
  const work = new Work()
  const step = throttle.create(optionsOf(throttle, { rate: 1, burst: 1 }), work.bench.context)
  const rows = Array.from({ length: 50 }, (_, i) => ({ ms: i * 500, service: 'a' }))
  const expected = rows.map((_, i) => i % 2 === 0)
  const [one, other] = [step.forLane!(), step.forLane!()]
  const early = rows.flatMap(row => work.pass(one, [row], start + row.ms))
  expect(early).toEqual(expected)
  expect(work.pass(other, rows, start + 30 * 86_400_000)).toEqual(expected)
})

test('memory is bounded whatever comes, and told', () => {
  const work = new Work()
  const step = throttle.create(optionsOf(throttle, { rate: 1, burst: 1, max_keys: 100 }), work.bench.context)
  for (let chunk = 0; chunk < 40; chunk++) {
    const flood = Array.from({ length: 250 }, (_, i) => ({ ms: 0, service: `s${chunk * 250 + i}` }))
    work.pass(step, flood, start)
    expect(work.numberOf('collector_step_keys')).toBe(100)
  }
  expect(work.numberOf('collector_step_keyless_rows_total')).toBe(40 * 250 - 100)
  // a key that was there before the flood still is
  expect(work.pass(step, [{ ms: 0, service: 's0' }], start)).toEqual([false])
  // buckets that are empty by now make room
  const later = Array.from({ length: 90 }, (_, i) => ({ ms: 5000, service: `t${i}` }))
  for (let again = 0; again < 2; again++) work.pass(step, later, start + 5000)
  expect(work.pass(step, later, start + 5000).every(passes => !passes)).toBe(true)
  expect(work.numberOf('collector_step_keys')).toBeLessThanOrEqual(100)
})
