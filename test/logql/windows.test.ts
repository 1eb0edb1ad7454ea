import { describe, expect, test } from 'vitest'
import { MetricStream } from './metric-stream.ts'

const start = Date.parse('2026-11-22T10:00:00Z')
const at = (second: number): number => start + second * 1000
const line = (second: number, fields: object): string =>
  JSON.stringify({ time: new Date(at(second)).toISOString(), ...fields })

function idsAt(stream: MetricStream, second: number): (string | undefined)[] {
  const ids = stream.at(at(second)).map(({ labels }) => labels['agent_id'])
  return ids.toSorted((a, b) => Number(a) - Number(b))
}

const count = (range: string): MetricStream => new MetricStream(`sum(count_over_time({region="eu"}[${range}]))`)

describe('time', () => {
  test('a row stands in the windows that end at its time or later, to the nanosecond', () => {
    const stream = count('10s')
    stream.read(['{"time":"2026-11-22T10:00:05Z"}', '{"time":"2026-11-22T10:00:05.000000001Z"}'], at(6))
    expect([5, 10, 15, 20].map(second => stream.at(at(second))[0]?.value)).toEqual([1, 2, 1, undefined])
  })

  test('rows that are late enter windows that are still to come, others are counted', () => {
    const stream = count('10s')
    stream.read([line(8, {}), line(2, {})], at(9))
    expect(stream.at(at(10))[0]?.value).toBe(2)
    stream.read([line(4, {}), line(9, {}), line(-30, {})], at(14))
    expect(stream.at(at(15))[0]?.value).toBe(2)
    expect(stream.evaluator.counts).toEqual({ late: 1, failed: 0, refused: 0, ahead: 0 })
  })

  test('rows are counted when the clock was set back, and not again when it is where it was', () => {
    const stream = new MetricStream('sum by (agent_id) (count_over_time({region="eu"}[10s]))', { rememberMs: 60_000 })
    stream.read([line(3600, { agent_id: '1' })], at(3601))
    stream.merge()
    expect(stream.at(at(3605))[0]?.value).toBe(1)
    stream.evaluator.turnBack(at(2))
    stream.read([line(3, { agent_id: '2' })], at(4))
    stream.merge()
    expect(stream.at(at(5)).map(({ value }) => value)).toEqual([1])
    expect(stream.at(at(10)).map(({ value }) => value)).toEqual([1, 0])
    expect(stream.at(at(3605))).toEqual([])
  })

  test('a row is never ahead of its reading', () => {
    const stream = count('5s')
    stream.read([line(3600, {}), line(9.5, {})], at(9))
    expect(stream.at(at(10))[0]?.value).toBe(2)
    expect(stream.evaluator.counts).toEqual({ late: 0, failed: 0, refused: 0, ahead: 1 })
  })

  test.each([
    ['absent_over_time({region="eu"}[30s])', [undefined, undefined, 1]],
    ['sum(count_over_time({region="eu"}[30s])) < 2', [1, 1, undefined]],
    ['sum(count_over_time({region="eu"}[30s])) == 0', [undefined, undefined, undefined]],
    ['2 > sum(rate({region="eu"}[30s])) * 30', [1, 1, undefined]],
    ['(sum(count_over_time({region="eu"}[30s])) or vector(0)) == 0', [undefined, undefined, 0]],
    ['((sum(count_over_time({region="eu"}[30s])) or vector(0)) > bool 0) < 1', [undefined, undefined, 0]],
    [
      'sum(count_over_time({region="eu"}[24h])) unless sum(count_over_time({region="eu"}[30s]))',
      [undefined, undefined, 1]
    ],
    ['vector(7) unless sum(count_over_time({region="eu"}[30s])) > 0', [undefined, undefined, 7]],
    [
      'sum(count_over_time({region="eu"}[24h])) and sum(count_over_time({region="eu"}[30s]))',
      [undefined, undefined, undefined]
    ],
    ['sum(count_over_time({region="eu"}[30s])) > 0', [undefined, undefined, undefined]],
    ['100 - sum(count_over_time({region="eu"}[30s])) > 50', [99, 99, undefined]],
    ['100 - sum(count_over_time({region="eu"}[30s])) < 100', [undefined, undefined, undefined]],
    ['sum(rate({region="eu"}[30s])) * -1 > -1', [-1 / 30, -1 / 30, undefined]],
    ['1 / sum(count_over_time({region="eu"}[30s])) >= 1', [1, 1, undefined]],
    ['sum(count_over_time({region="eu"}[30s])) + sum(count_over_time({host="node-1"}[30s])) < 5', [2, 2, undefined]],
    ['count(count by (host) (count_over_time({region="eu"}[30s]))) < 3', [1, 1, undefined]],
    [
      'sum(count_over_time({region="eu"}[30s])) < sum(count_over_time({region!="eu"}[30s])) + 2',
      [undefined, undefined, undefined]
    ]
  ])('whether there is little is asked by the time of reading: %s', (query, wanted) => {
    const stream = new MetricStream(query)
    stream.read([line(-3000, {})], at(1))
    expect([5, 30, 35].map(second => stream.at(at(second))[0]?.value)).toEqual(wanted)
  })

  test.each([
    ['absent_over_time({region="eu"}[30s])', false],
    ['sum(count_over_time({region="eu"}[20s] offset 10s)) < 5', false],
    ['sum(count_over_time({region="eu"}[24h])) unless sum(count_over_time({region="eu"}[30s]))', true],
    ['sum(count_over_time({region="eu"}[30s])) > 5', true]
  ])('what was there before rows were seen is not missed: %s, %s', (query, isWhole) => {
    const { evaluator } = new MetricStream(query)
    evaluator.begin(at(0))
    evaluator.begin(at(20))
    expect([29, 30].map(second => evaluator.isWhole(at(second)))).toEqual([isWhole, true])
  })

  test.each([
    ['first', 2],
    ['last', 5]
  ])('the %s row is so by nanoseconds, then by when it came', (which, wanted) => {
    const stream = new MetricStream(`${which}_over_time({region="eu"} | unwrap took [10s]) by ()`)
    const rows = [
      [100, 1],
      [3, 2],
      [3, 3],
      [500_000, 4],
      [500_000, 5],
      [499_999, 6]
    ]
    const lines = rows.map(
      ([nanos, took]) => `{"time":"2026-11-22T10:00:01.001${String(nanos).padStart(6, '0')}Z","took":${took}}`
    )
    stream.read(lines.slice(0, 3), at(2))
    stream.merge()
    stream.read(lines.slice(3), at(2))
    expect(stream.at(at(5))[0]?.value).toBe(wanted)
  })

  test('old rows may be played again', () => {
    const stream = new MetricStream('sum(count_over_time({region="eu"}[10s])) < 2', { isReplay: true })
    stream.read([line(1, {}), line(2, {}), line(14, {})], at(14))
    expect([5, 15].map(second => stream.at(at(second))[0]?.value)).toEqual([undefined, 1])
  })

  test('a long window has wider buckets, and may begin as much earlier', () => {
    const stream = count('2h')
    const wide = 20
    stream.read([line(-7200 + wide, {}), line(-7200 + wide + 0.001, {})], at(0))
    expect(stream.at(at(wide))[0]?.value).toBe(1)
    const other = count('2h')
    other.read([line(-7200 + wide, {}), line(-7200 + wide + 0.001, {})], at(0))
    expect(other.at(at(wide + 5))[0]?.value).toBe(1)
    expect(other.at(at(2 * wide))).toEqual([])
  })
})

describe('groups', () => {
  const lines = Array.from({ length: 10 }, (_, i) => line(i, { agent_id: `${i % 4}` }))
  const query = 'sum by (agent_id) (count_over_time({region="eu"}[30s]))'

  test('those that are too many are refused, and counted', () => {
    const stream = new MetricStream(query, { maxGroups: 3 }, 2)
    stream.read(lines, at(10))
    stream.read([line(9, { agent_id: 'other' })], at(10), { shard: 1 })
    expect(stream.at(at(10)).map(({ labels, value }) => [labels['agent_id'], value])).toEqual([
      ['0', 3],
      ['1', 3],
      ['2', 2]
    ])
    expect(stream.evaluator.counts.refused).toBe(3)
    // once some are gone, there is room again
    stream.at(at(45))
    stream.read([line(44, { agent_id: 'other' })], at(45), { shard: 1 })
    expect(stream.at(at(45))).toEqual([{ labels: { agent_id: 'other' }, value: 1 }])
  })

  test('numbers that are too many are refused, and counted', () => {
    // an entry of a quantile takes a group, a bin and a count: 16 bytes
    const quantile = 'quantile_over_time(1, {region="eu"} | unwrap took [30s]) by ()'
    const stream = new MetricStream(quantile, { maxBytes: 3 * 16 })
    stream.read(
      [1, 2, 3, 4, 1, 2].map(took => line(1, { took })),
      at(2)
    )
    expect(stream.at(at(5))[0]?.value).toBeCloseTo(3, 1)
    expect(stream.evaluator.counts.refused).toBe(6)
    stream.read([line(6, { took: 9 }), line(1, { took: 3 })], at(7))
    expect(stream.at(at(10))[0]?.value).toBeCloseTo(3, 1)
    // once some are gone, there is room again
    stream.at(at(40))
    stream.read([line(41, { took: 9 })], at(41))
    expect(stream.at(at(45))[0]?.value).toBeCloseTo(9, 0)
  })

  test('each row finds its own among many', () => {
    const stream = new MetricStream('sum by (agent_id, user_id) (count_over_time({region="eu"}[30s]))', {
      maxGroups: 5000
    })
    const wanted = new Map<string, number>()
    for (let second = 1; second < 30; second++) {
      const users = Array.from({ length: 400 }, (_, i) => (i * i * 31 + second * 97) % 1999)
      stream.read(
        users.map(user => line(second, { agent_id: `${user % 7}`, 'user.id': `u${user}` })),
        at(second)
      )
      for (const user of users) wanted.set(`${user % 7} u${user}`, (wanted.get(`${user % 7} u${user}`) ?? 0) + 1)
      if (second % 10 === 0) stream.merge()
    }
    const found = stream
      .at(at(30))
      .map(({ labels, value }) => [`${labels['agent_id']} ${labels['user_id']}`, value] as const)
    expect(new Map(found)).toEqual(wanted)
    expect(found.length).toBe(wanted.size)
    expect(wanted.size).toBeGreaterThan(1000)
  })

  test('labels that are too long are refused', () => {
    const stream = new MetricStream(query)
    stream.read([line(1, { agent_id: 'x'.repeat(5000) })], at(2))
    expect(stream.at(at(5))).toEqual([])
    expect(stream.evaluator.counts.refused).toBe(1)
  })

  test('values that are equal once they are text are one', () => {
    const stream = new MetricStream('sum by (msg_id) (count_over_time({region="eu"}[30s]))')
    const ids = ['é', '\\u00e9', '\\ud800', '\\udfff', '']
    const lines = ids.map(id => `{"time":"2026-11-22T10:00:01Z","msg.id":"${id}"}`)
    stream.read(lines, at(2))
    const broken = ['\xff', '\xfe'].map(id => Buffer.from(`time=2026-11-22T10:00:01Z msg.id=${id}`, 'latin1'))
    stream.read(broken, at(2))
    expect(stream.at(at(5))).toEqual([
      { labels: { msg_id: 'é' }, value: 2 },
      { labels: { msg_id: '\ufffd' }, value: 4 },
      { labels: {}, value: 1 }
    ])
  })

  test('those that were seen are remembered', () => {
    const stream = new MetricStream(`${query} == 0`, { rememberMs: 3_600_000 })
    stream.read(lines, at(10))
    expect(stream.at(at(10))).toEqual([])
    stream.read([line(30, { agent_id: '1' })], at(35))
    expect(idsAt(stream, 45)).toEqual(['0', '2', '3'])
    stream.restart()
    expect(idsAt(stream, 50)).toEqual(['0', '2', '3'])
    stream.evaluator.forget([{ agent_id: '4' }, { agent_id: '' }, { agent_id: '3', host: 'h' }, { agent_id: '2' }])
    expect(idsAt(stream, 55)).toEqual(['0', '3'])
    stream.restart()
    expect(idsAt(stream, 100)).toEqual(['0', '1', '3'])
    stream.read([line(101, { agent_id: '2' })], at(101))
    expect(idsAt(stream, 150)).toEqual(['0', '1', '2', '3'])
    expect(idsAt(stream, 3700)).toEqual(['2'])
    expect(stream.at(at(3705))).toEqual([])
  })
})

test('a group is not 0 before it was there', () => {
  const stream = new MetricStream('sum by (agent_id) (count_over_time({region="eu"}[10s] offset 30s))', {
    rememberMs: 3_600_000
  })
  stream.read([line(99, { agent_id: 'new' })], at(100))
  expect([100, 125, 130, 135, 145].map(second => stream.at(at(second))[0]?.value)).toEqual([
    undefined,
    undefined,
    1,
    1,
    0
  ])
})

test('an hour of old lines makes no spike', () => {
  const stream = new MetricStream('sum(count_over_time({region="eu"}[1m])) > 70')
  for (let minute = -60; minute < 0; minute++) {
    stream.read(
      Array.from({ length: 60 }, (_, i) => line(minute * 60 + i, {})),
      at(minute / 1000)
    )
  }
  expect(stream.at(at(0))).toEqual([])
})

test('rows with an error are left out and counted', () => {
  const stream = new MetricStream('sum(avg_over_time({region="eu"} | unwrap took [1m]))')
  stream.read([line(1, { took: 5 }), line(2, { took: 'x' }), line(3, { took: 'NaN' }), line(4, {})], at(5))
  expect(stream.at(at(5))[0]?.value).toBe(5)
  expect(stream.evaluator.counts).toEqual({ late: 0, failed: 2, refused: 0, ahead: 0 })
})
