import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvaluationFault } from '../../src/logql/evaluate/binary.ts'
import type { Sample } from '../../src/logql/evaluate/sample.ts'
import { relativeError } from '../../src/logql/ranges/sketch.ts'
import { QueryFault } from '../../src/logql/syntax.ts'
import { MetricStream } from './metric-stream.ts'
import { type Metric, writtenMetric } from './metric-text.ts'
import { keyOf, type KeptRow, valueAt } from './naive-metrics.ts'
import { counted, grouping, metric, number, turn, unwrapped } from './random-metrics.ts'

const start = BigInt(Date.parse('2026-11-22T10:00:00Z')) * 1_000_000n
const second = 1_000_000_000n
const msOf = (time: bigint): number => Number(time / 1_000_000n)
const constants = [
  { host: 'node-1', file: '/var/log/a.log', region: 'eu' },
  { host: 'node-2', file: '/var/log/a.log', region: 'eu', team_name: 'x' }
]
const intervalMs = 5000

interface Turn {
  readonly shard: number
  readonly source: number
  readonly later: number
  readonly rows: readonly { readonly content: object; readonly before: number; readonly nanos: number }[]
  readonly next: 'nothing' | 'merge' | 'store' | 'restart'
}

type Compare = (found: Sample[], wanted: Sample[]) => void

/** Plays the turns, and compares at each multiple of the interval. Returns how many samples there were. */
function play(asked: Metric, turns: readonly Turn[], compare: Compare, rememberSeconds = 0): number {
  const stream = new MetricStream(writtenMetric(asked), { intervalMs, rememberMs: rememberSeconds * 1000 }, 2)
  const kept: KeptRow[] = []
  let now = start + second / 2n
  const times = new Set<bigint>()
  let samples = 0
  for (const { shard, source, later, rows, next } of turns) {
    const before = now
    now += BigInt(later) * 1_000_000n
    for (let at = (before / (5n * second) + 1n) * 5n * second; at < now; at += 5n * second) samples += check(at)
    const lines = rows.map(one => lineOf(one, now, source, times))
    kept.push(...lines.map(({ row }) => row))
    if (lines.length > 0)
      stream.read(
        lines.map(({ row: { line } }) => line),
        msOf(now),
        { shard, source }
      )
    if (next !== 'nothing') stream[next]()
  }
  for (let i = 1n; i <= 4n; i++) samples += check((now / (5n * second) + i) * 5n * second)
  return samples

  function check(at: bigint): number {
    let wanted: Sample[] | undefined
    try {
      wanted = valueAt(asked, kept, at, rememberSeconds)
    } catch {
      expect(() => stream.at(msOf(at)), writtenMetric(asked)).toThrow(EvaluationFault)
      return 0
    }
    const found = stream.at(msOf(at))
    compare(sorted(found), sorted(wanted))
    return wanted.length
  }
}

function lineOf(
  { content, before, nanos }: Turn['rows'][number],
  now: bigint,
  source: number,
  times: Set<bigint>
): { row: KeptRow } {
  let time = now + BigInt(before) * 1_000_000n + BigInt(nanos)
  // of rows of the same time in two shards none is the first
  while (times.has(time)) time++
  times.add(time)
  const iso = new Date(msOf(time)).toISOString().replace('Z', `${String(time % 1_000_000n).padStart(6, '0')}Z`)
  const { service, ...fields } = content as Record<string, string | number>
  const labels: Record<string, string> = { ...constants[source]! }
  if (service !== undefined) labels['service_name'] = String(service)
  for (const [key, value] of Object.entries(fields)) labels[key] = String(value)
  labels['agent_id'] ??= service === undefined ? labels['host']! : `${service}@${labels['host']}`
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
})

test('groups that are remembered count as 0, in random streams too', () => {
  let zeros = 0
  const counts = counted.map(range => ({ ...range, offset: 0 }))
  const asked = fc.oneof(
    counts,
    fc.record({
      kind: fc.constant('vectors' as const),
      operation: fc.constantFrom('sum', 'min'),
      grouping,
      of: counts
    }),
    fc.record({
      kind: fc.constant('binary' as const),
      symbol: fc.constantFrom('==', '<'),
      isBool: fc.boolean(),
      matching: fc.constant(undefined),
      left: counts,
      right: number
    })
  )
  fc.assert(
    fc.property(
      asked,
      fc.array(turn, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(5, 20, 40),
      (asked, turns, seconds) => {
        if (isRefused(asked)) return
        const compare: Compare = (found, wanted) => {
          expect(found.map(close), writtenMetric(asked)).toEqual(wanted.map(close))
          zeros += wanted.filter(({ value }) => value === 0).length
        }
        play(asked, turns, compare, seconds)
      }
    ),
    { numRuns: 1000 }
  )
  expect(zeros).toBeGreaterThan(1000)
})

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
})

function close({ labels, value }: Sample): unknown {
  return [keyOf(labels), Number.isFinite(value) ? Number(value.toPrecision(12)) : value]
}
