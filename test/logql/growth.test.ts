import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { growsWithRows } from '../../src/logql/ranges/growth.ts'
import { readMetric } from '../../src/logql/read-metric.ts'
import { type Metric, writtenMetric } from './metric-text.ts'
import { keyOf, type KeptRow, valueAt } from './naive-metrics.ts'

const count = 'sum by (a) (count_over_time({x="y"}[1m]))'
const heap = '({x="y"} | unwrap heap [1m]) by (a)'

test.each([
  [count, true],
  [`${count} > 5`, true],
  [`5 < ${count}`, true],
  [`${count} != 0`, true],
  [`${count} / 60 * 100 + 1 > 5`, true],
  [`100 - ${count} < 50`, true],
  [`max_over_time${heap} > 5`, true],
  [`min_over_time${heap} < 5`, true],
  [`min by (b) (min_over_time${heap}) < 5`, true],
  [`(${count} or vector(0)) > 5`, true],
  [`${count} > 5 and ${count} > 9`, true],
  [`${count} > 5 or max_over_time${heap} > 9`, true],
  [`count(${count} > 5) > 3`, true],
  [`max_over_time({x="y"} | unwrap __clock_offset_ms__ [5m]) by (a) < -60000`, true],
  [`${count} == 0`, false],
  [`${count} == 5`, false],
  [`${count} < 5`, false],
  [`100 - ${count} > 50`, false],
  [`1 / ${count} > 0.5`, false],
  [`count(${count}) < 3`, false],
  [`count(${count} < 5) > 3`, false],
  [`absent_over_time({x="y"}[1m])`, false],
  [`${count} > 5 unless ${count} > 9`, false],
  [`${count} / ${count} > 0.05`, false],
  [`${count} - ${count} > 5`, false],
  [`avg(${count}) > 5`, false],
  [`min(${count}) > 5`, false],
  [`(${count} or ${count}) > 5`, false],
  [`${count} > 5 or on (b) max_over_time${heap} > 9`, false],
  [`${count} > 5 or ignoring (a) max_over_time${heap} > 9`, false],
  [`(${count} or on () vector(0)) >= 0`, false],
  [`avg_over_time${heap} > 800`, false],
  [`quantile_over_time(0.99, {x="y"} | unwrap heap [1m]) by (a) > 800`, false],
  [`sum(max_over_time${heap}) > 5`, false],
  [`max_over_time${heap} < 5`, false]
])('%s can only gain by more rows: %s', (query, grows) => {
  expect(growsWithRows(readMetric(query))).toBe(grows)
})

const start = 1_700_000_000n * 1_000_000_000n
const row = fc.record({
  agent: fc.constantFrom('1', '2', '3'),
  code: fc.integer({ min: -2, max: 3 }),
  isRead: fc.boolean()
})

const operation = fc.constantFrom(
  'count_over_time',
  'rate',
  'max_over_time',
  'min_over_time',
  'avg_over_time',
  'absent_over_time'
)
const range = fc.record({ operation, agent: fc.constantFrom('', '1') }).map(
  ({ operation, agent }): Metric => ({
    kind: 'range',
    operation,
    quantile: undefined,
    log: {
      matchers: [{ kind: 'text', label: agent === '' ? 'region' : 'agent_id', operator: '=', text: agent || 'eu' }],
      stages: []
    },
    unwrap: /max|min|avg/.test(operation) ? { label: 'code', unit: 'number', condition: undefined } : undefined,
    seconds: 60,
    offset: 0,
    by: undefined
  })
)
const number = fc.record({ kind: fc.constant('number' as const), value: fc.integer({ min: -2, max: 3 }) })
const symbols = ['+', '-', '*', '/', '==', '!=', '>', '>=', '<', '<=']
const series = fc.letrec<{ one: Metric }>(tie => ({
  one: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 2, arbitrary: range },
    fc.record({
      kind: fc.constant('vectors' as const),
      operation: fc.constantFrom('sum', 'avg', 'min', 'max', 'count'),
      grouping: fc.constantFrom(undefined, { isBy: true, labels: ['agent_id'] }),
      of: tie('one')
    }),
    fc
      .record({
        symbol: fc.constantFrom(...symbols),
        number,
        one: tie('one'),
        isLeft: fc.boolean(),
        isBool: fc.boolean()
      })
      .map(({ symbol, number, one, isLeft, isBool }) => ({
        kind: 'binary' as const,
        symbol,
        isBool: isBool && symbols.indexOf(symbol) > 3,
        matching: undefined,
        left: isLeft ? one : number,
        right: isLeft ? number : one
      })),
    fc.record({
      kind: fc.constant('binary' as const),
      symbol: fc.constantFrom('and', 'or', 'unless', ...symbols),
      isBool: fc.constant(false),
      matching: fc.constantFrom(undefined, { isOn: true, labels: ['agent_id'] }),
      left: tie('one'),
      right: fc.oneof(tie('one'), fc.constant({ kind: 'vector' as const, value: 0 }))
    })
  )
})).one

const compared = fc.record({
  kind: fc.constant('binary' as const),
  symbol: fc.constantFrom('>', '<'),
  isBool: fc.constant(false),
  matching: fc.constant(undefined),
  left: series,
  right: number
})

test('of what can only gain by more rows none is lost by them', () => {
  let kept = 0
  let gained = 0
  fc.assert(
    fc.property(compared, fc.array(row, { minLength: 1, maxLength: 8 }), (asked, rows) => {
      const query = writtenMetric(asked)
      if (!growsWithRows(readMetric(query))) return
      const few = keysOf(asked, rows.filter(({ isRead }) => isRead).map(keptRow))
      const many = keysOf(asked, rows.map(keptRow))
      if (few === undefined || many === undefined) return
      expect(
        [...few].filter(key => !many.has(key)),
        query
      ).toEqual([])
      kept += few.size
      gained += many.size - few.size
    }),
    { numRuns: 20_000 }
  )
  expect(kept).toBeGreaterThan(200)
  expect(gained).toBeGreaterThan(200)
})

function keptRow({ agent, code }: { agent: string; code: number }): KeptRow {
  return { line: '{}', labels: { agent_id: agent, region: 'eu', code: String(code) }, time: start, readTime: start }
}

/** The series that a query gives; undefined: it has no result. */
function keysOf(asked: Metric, rows: readonly KeptRow[]): Set<string> | undefined {
  try {
    return new Set(valueAt(asked, rows, start).map(({ labels }) => keyOf(labels)))
  } catch {
    return undefined
  }
}
