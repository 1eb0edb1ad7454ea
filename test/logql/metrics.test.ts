import { expect, test } from 'vitest'
import { MetricStream } from './metric-stream.ts'

const start = Date.parse('2026-11-22T10:00:00Z')
const line = (second: number, fields: object): string =>
  JSON.stringify({ time: new Date(start + second * 1000).toISOString(), ...fields })

test('rows are counted by label, in the window that ends now', () => {
  const stream = new MetricStream('sum by (service_name) (count_over_time({level="error"}[10s])) > 1')
  const rows = [
    line(0, { level: 'error', service: 'a' }),
    line(0.001, { level: 'error', service: 'a' }),
    line(3, { level: 'info', service: 'a' }),
    line(4, { level: 'error', service: 'b' }),
    line(9, { level: 'error', service: 'a' }),
    line(10, { level: 'error', service: 'b' })
  ]
  stream.read(rows, start + 10_000)
  expect(stream.at(start + 10_000)).toEqual([
    { labels: { service_name: 'a' }, value: 2 },
    { labels: { service_name: 'b' }, value: 2 }
  ])
  expect(stream.at(start + 15_000)).toEqual([])
})
