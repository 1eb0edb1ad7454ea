import { expect, test } from 'vitest'
import { type Family, mergeFamilies, type Series } from '../../src/core/families.ts'

function seriesOf(values: string, more: Partial<Series> = {}): Series {
  return { values: [values], value: 1, counts: [], exemplars: [], readAt: 10, ...more }
}

function familyOf(type: Family['type'], series: readonly Series[], more: Partial<Family> = {}): Family {
  return { name: 'a', help: 'A', type, labels: ['l'], bounds: [], series, ...more }
}

test('counters and histograms of several threads add up, each series by itself', () => {
  const one = familyOf('counter', [seriesOf('x'), seriesOf('y', { value: 5 })])
  const other = familyOf('counter', [seriesOf('y', { value: 7 }), { ...seriesOf(''), values: undefined }])
  const [merged, ...more] = mergeFamilies([one, other])
  expect(more).toEqual([])
  expect(merged!.series.map(({ values, value }) => [values?.[0], value])).toEqual([
    ['x', 1],
    ['y', 12],
    [undefined, 1]
  ])
  const counts = familyOf('histogram', [seriesOf('x', { value: 3, counts: [1, 2] })], { bounds: [1] })
  expect(mergeFamilies([counts, counts])[0]!.series).toEqual([seriesOf('x', { value: 6, counts: [2, 4] })])
})

test('of gauges the one that was read last counts, and of exemplars the youngest', () => {
  const old = seriesOf('x', { value: 1, readAt: 5 })
  const young = seriesOf('x', { value: 2, readAt: 6 })
  expect(mergeFamilies([familyOf('gauge', [young]), familyOf('gauge', [old])])[0]!.series).toEqual([young])
  const told = (at: number): Series => seriesOf('x', { exemplars: [{ traceId: 't', value: 1, at }] })
  const none = seriesOf('x', { exemplars: [undefined] })
  const merged = mergeFamilies([none, told(7), told(6)].map(series => familyOf('counter', [series])))
  expect(merged[0]!.series[0]!.exemplars).toEqual([{ traceId: 't', value: 1, at: 7 }])
})

test('two metrics of one name that differ do not mix', () => {
  const counter = familyOf('counter', [seriesOf('x')])
  expect(mergeFamilies([counter, familyOf('gauge', [seriesOf('x')])])).toEqual([counter])
})
