import * as fc from 'fast-check'
import type { Metric, Range } from './metric-text.ts'
import type { LabelTest, Query, Test, TextTest } from './naive.ts'

const content = fc.record(
  {
    service: fc.constantFrom('a', 'a', 'b', 'x y'),
    level: fc.constantFrom('info', 'error'),
    agent_id: fc.constantFrom('1', '2'),
    code: fc.constantFrom<string | number>(0, 1, 2, -1, 7.5, 'x', '2'),
    took: fc.constantFrom('250ms', '2s', '1s', 'soon', '4', ''),
    size: fc.constantFrom<string | number>('2KB', 512, '1', 'much')
  },
  { requiredKeys: ['service', 'code'] }
)

const rowTime = fc.oneof(
  fc.integer({ min: -40_000, max: 1000 }),
  fc.integer({ min: -9, max: 0 }).map(five => five * 5000),
  fc.constantFrom(-2000, -1000, -999, 0)
)
const row = fc.record({ content, before: rowTime, nanos: fc.constantFrom(0, 0, 1, 2, 999_999) })
export const turn = fc.record({
  shard: fc.integer({ min: 0, max: 1 }),
  source: fc.integer({ min: 0, max: 1 }),
  /** Since the turn before. */
  later: fc.constantFrom(1, 100, 900, 5000, 2500, 12_000),
  rows: fc.array(row, { maxLength: 12 }),
  next: fc.constantFrom('nothing' as const, 'merge' as const, 'store' as const, 'restart' as const)
})

const name = fc.constantFrom(
  'service_name',
  'level',
  'agent_id',
  'code',
  'took',
  'region',
  'host',
  'file',
  'team_name',
  'missing'
)
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
const log: fc.Arbitrary<Query> = fc.record({
  matchers,
  stages: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Test[]>([]) },
    { weight: 3, arbitrary: fc.array(stage, { maxLength: 2 }) }
  )
})
const seconds = fc.constantFrom(5, 10, 15, 30)
const offset = fc.constantFrom(0, 0, 0, 5, 20)

export const counted: fc.Arbitrary<Range> = fc.record({
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
export const unwrapped = (...operations: string[]): fc.Arbitrary<Range> =>
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

export const grouping = fc.option(fc.record({ isBy: fc.boolean(), labels: names }), { nil: undefined })
const matching = fc.option(fc.record({ isOn: fc.boolean(), labels: names }), { nil: undefined, freq: 1 })
export const number: fc.Arbitrary<Metric> = fc.record({
  kind: fc.constant('number' as const),
  value: fc.constantFrom(0, 1, 2, 0.5)
})
export const metric = fc.letrec<{ metric: Metric; series: Metric }>(tie => ({
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
