import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvaluationFault } from '../../src/logql/evaluate/binary.ts'
import type { Sample } from '../../src/logql/evaluate/sample.ts'
import { relativeError } from '../../src/logql/ranges/sketch.ts'
import { QueryFault } from '../../src/logql/syntax.ts'
import { MetricStream } from './metric-stream.ts'
import type { LabelTest, Query, Test, TextTest } from './naive.ts'
import { keyOf, type KeptRow, type Metric, type Range, valueAt, writtenMetric } from './naive-metrics.ts'

const start = BigInt(Date.parse('2026-11-22T10:00:00Z')) * 1_000_000n
const second = 1_000_000_000n
const msOf = (time: bigint): number => Number(time / 1_000_000n)
const constants = { host: 'node-1', file: '/var/log/a.log', region: 'eu' }
const intervalMs = 5000

const content = fc.record(
  {
    service: fc.constantFrom('a', 'b', 'x y'),
    level: fc.constantFrom('info', 'error'),
    agent_id: fc.constantFrom('1', '2'),
    code: fc.constantFrom<string | number>(0, 1, 2, -1, 7.5, 'x', '2'),
    took: fc.constantFrom('250ms', '2s', '1s', 'soon', '4', ''),
    size: fc.constantFrom<string | number>('2KB', 512, '1', 'much')
  },
  { requiredKeys: [] }
)

/** Rows of the same time would have no order across shards, so each has its own nanoseconds, unless it stands on a border. */
const rowTime = fc.oneof(
  fc.integer({ min: -40_000, max: 1000 }),
  fc.integer({ min: -9, max: 0 }).map(five => five * 5000),
  fc.integer({ min: -2000, max: 0 })
)
const row = fc.record({ content, before: rowTime, nanos: fc.constantFrom(0, 0, 1, 999_999) })
const turn = fc.record({
  shard: fc.integer({ min: 0, max: 1 }),
  /** Since the turn before. */
  later: fc.constantFrom(0, 100, 900, 5000, 2500, 12_000),
  rows: fc.array(row, { maxLength: 6 }),
  isMerged: fc.boolean()
})

const name = fc.constantFrom('service_name', 'level', 'agent_id', 'code', 'took', 'region', 'host', 'file', 'missing')
const names = fc.uniqueArray(name, { maxLength: 3 })
const condition: fc.Arbitrary<LabelTest> = fc.oneof(
  fc.record({
    kind: fc.constant('text' as const),
    label: fc.constantFrom('service_name', 'level', 'code', '__error__'),
    operator: fc.constantFrom('=' as const, '!=' as const),
    text: fc.constantFrom('a', 'info', '2', '', 'SampleExtractionErr')
  }),
  fc.record({
    kind: fc.constant('number' as const),
    label: fc.constant('code'),
    operator: fc.constantFrom('>', '<='),
    written: fc.constantFrom('1', '5')
  })
)
const stage: fc.Arbitrary<Test> = fc.oneof(
  condition,
  fc.record({
    kind: fc.constant('line' as const),
    // "!=" behind "drop" would belong to it
    operator: fc.constant('|=' as const),
    any: fc.constantFrom(['"level"'], ['code', 'took'])
  }),
  fc.constantFrom<Test>(
    { kind: 'json' },
    { kind: 'lineFormat', names: ['code', 'level'] },
    { kind: 'keep', names: ['level', 'code', 'took', 'size'] },
    { kind: 'drop', names: ['level', 'host'] },
    { kind: 'rename', to: 'zone', from: 'region' },
    { kind: 'rename', to: 'level', from: 'code' }
  )
)
const matchers: fc.Arbitrary<TextTest[]> = fc.constantFrom<TextTest[]>(
  [{ kind: 'text', label: 'region', operator: '=', text: 'eu' }],
  [{ kind: 'text', label: 'service_name', operator: '=', text: 'a' }],
  [
    { kind: 'text', label: 'level', operator: '!=', text: 'info' },
    { kind: 'text', label: 'region', operator: '=', text: 'eu' }
  ]
)
const log: fc.Arbitrary<Query> = fc.record({ matchers, stages: fc.array(stage, { maxLength: 2 }) })
const seconds = fc.constantFrom(5, 10, 15, 30)
const offset = fc.constantFrom(0, 0, 0, 5, 20)

const counted: fc.Arbitrary<Range> = fc.record({
  kind: fc.constant('range' as const),
  operation: fc.constantFrom('count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'absent_over_time'),
  quantile: fc.constant(undefined),
  log,
  unwrap: fc.constant(undefined),
  seconds,
  offset,
  by: fc.constant(undefined)
})
const unwrap = fc.record({
  label: fc.constantFrom('code', 'took', 'size'),
  unit: fc.constantFrom('number', 'duration', 'duration_seconds', 'bytes'),
  condition: fc.option(condition, { nil: undefined })
})
const unwrapped = (...operations: string[]): fc.Arbitrary<Range> =>
  fc
    .record({
      kind: fc.constant('range' as const),
      operation: fc.constantFrom(...operations),
      quantile: fc.constantFrom(0, 0.5, 0.9, 1),
      log,
      unwrap,
      seconds,
      offset,
      by: fc.option(names, { nil: undefined })
    })
    .map(range => ({
      ...range,
      quantile: range.operation === 'quantile_over_time' ? range.quantile : undefined,
      by: ['rate', 'sum_over_time'].includes(range.operation) ? undefined : range.by
    }))
const operations = ['avg_over_time', 'sum_over_time', 'min_over_time', 'max_over_time', 'rate']
const ranges = fc.oneof(counted, unwrapped(...operations, 'first_over_time', 'last_over_time'))

const grouping = fc.option(fc.record({ isBy: fc.boolean(), labels: names }), { nil: undefined })
const matching = fc.option(fc.record({ isOn: fc.boolean(), labels: names }), { nil: undefined, freq: 1 })
const number: fc.Arbitrary<Metric> = fc.record({
  kind: fc.constant('number' as const),
  value: fc.constantFrom(0, 1, 2, 0.5)
})
const metric = fc.letrec<{ metric: Metric; series: Metric }>(tie => ({
  series: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: ranges },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('vectors' as const),
        operation: fc.constantFrom('sum', 'avg', 'min', 'max', 'count'),
        grouping,
        of: fc.oneof(ranges, tie('series'))
      })
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('binary' as const),
        symbol: fc.constantFrom('and', 'or', 'unless', '+', '-', '*', '/', '>', '<', '=='),
        isBool: fc.constant(false),
        matching,
        left: tie('series'),
        right: tie('series')
      })
    },
    {
      weight: 3,
      arbitrary: fc
        .record({
          kind: fc.constant('binary' as const),
          symbol: fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '>', '>=', '<', '<='),
          isBool: fc.boolean(),
          matching: fc.constant(undefined),
          left: tie('series'),
          right: number,
          isTurned: fc.boolean()
        })
        .map(({ isTurned, left, right, isBool, symbol, ...rest }) => ({
          ...rest,
          symbol,
          isBool: isBool && !'+-*/%'.includes(symbol),
          left: isTurned ? right : left,
          right: isTurned ? left : right
        }))
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('vector' as const), value: fc.constantFrom(0, 1) }) }
  ),
  metric: fc.oneof(tie('series'))
})).metric

interface Turn {
  readonly shard: number
  readonly later: number
  readonly rows: readonly { readonly content: object; readonly before: number; readonly nanos: number }[]
  readonly isMerged: boolean
}

/** Plays the turns, and compares at each multiple of the interval. Returns how many samples there were. */
function play(asked: Metric, turns: readonly Turn[], compare: (found: Sample[], wanted: Sample[]) => void): number {
  const stream = new MetricStream(writtenMetric(asked), { intervalMs }, 2)
  const kept: KeptRow[] = []
  let now = start + second / 2n
  let samples = 0
  for (const { shard, later, rows, isMerged } of turns) {
    const before = now
    now += BigInt(later) * 1_000_000n
    for (let at = (before / (5n * second) + 1n) * 5n * second; at < now; at += 5n * second) samples += check(at)
    const lines = rows.map(one => lineOf(one, now))
    kept.push(...lines.map(({ row }) => row))
    if (lines.length > 0)
      stream.read(
        lines.map(({ row: { line } }) => line),
        msOf(now),
        shard
      )
    if (isMerged) stream.merge()
  }
  for (let i = 1n; i <= 4n; i++) samples += check((now / (5n * second) + i) * 5n * second)
  return samples

  function check(at: bigint): number {
    let wanted: Sample[] | undefined
    try {
      wanted = valueAt(asked, kept, at)
    } catch {
      expect(() => stream.at(msOf(at)), writtenMetric(asked)).toThrow(EvaluationFault)
      return 0
    }
    const found = stream.at(msOf(at))
    compare(sorted(found), sorted(wanted))
    return wanted.length
  }
}

function lineOf({ content, before, nanos }: Turn['rows'][number], now: bigint): { row: KeptRow } {
  const time = now + BigInt(before) * 1_000_000n + BigInt(nanos)
  const iso = new Date(msOf(time)).toISOString().replace('Z', `${String(time % 1_000_000n).padStart(6, '0')}Z`)
  const { service, ...fields } = content as Record<string, string | number>
  const labels: Record<string, string> = { ...constants }
  if (service !== undefined) labels['service_name'] = String(service)
  for (const [key, value] of Object.entries(fields)) labels[key] = String(value)
  return { row: { line: JSON.stringify({ time: iso, ...content }), labels, time, readTime: now } }
}

function sorted(samples: readonly Sample[]): Sample[] {
  return samples.toSorted((a, b) => (keyOf(a.labels) < keyOf(b.labels) ? -1 : 1))
}

/** Throws away queries that are refused, as they would need all labels of all rows. */
function isRefused(asked: Metric): boolean {
  try {
    void new MetricStream(writtenMetric(asked))
    return false
  } catch (error) {
    if (error instanceof QueryFault && error.message.includes('not known before')) return true
    throw error
  }
}

test('random queries over random rows are what a naive evaluator says', () => {
  let samples = 0
  let refused = 0
  let played = 0
  fc.assert(
    fc.property(metric, fc.array(turn, { minLength: 1, maxLength: 8 }), (asked, turns) => {
      if (isRefused(asked)) {
        refused++
        return
      }
      played++
      samples += play(asked, turns, (found, wanted) => {
        expect(found.map(close), writtenMetric(asked)).toEqual(wanted.map(close))
      })
    }),
    { numRuns: 1500 }
  )
  expect(samples).toBeGreaterThan(2000)
  expect(refused).toBeLessThan(played)
}, 60_000)

test('random deviations and quantiles are close to what a naive evaluator says', () => {
  const inexact = unwrapped('stddev_over_time', 'stdvar_over_time', 'quantile_over_time')
  let samples = 0
  fc.assert(
    fc.property(inexact, fc.array(turn, { minLength: 1, maxLength: 8 }), (asked, turns) => {
      if (isRefused(asked)) return
      // of all values that there are: 2000 bytes, 512 bytes or less, 7.5 or less
      const largest = { size: 2000, took: 4, code: 7.5 }[asked.unwrap!.label]!
      const tolerance = asked.operation === 'quantile_over_time' ? relativeError * largest : 1e-9 * largest ** 2
      samples += play(asked, turns, (found, wanted) => {
        expect(found.map(({ labels }) => labels)).toEqual(wanted.map(({ labels }) => labels))
        for (const [i, { value }] of found.entries()) {
          expect(Math.abs(value - wanted[i]!.value), writtenMetric(asked)).toBeLessThanOrEqual(tolerance)
        }
      })
    }),
    { numRuns: 1000 }
  )
  expect(samples).toBeGreaterThan(500)
}, 60_000)

function close({ labels, value }: Sample): unknown {
  return [keyOf(labels), Number.isFinite(value) ? Number(value.toPrecision(12)) : value]
}
