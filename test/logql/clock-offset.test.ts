import { expect, test } from 'vitest'
import { MetricStream } from './metric-stream.ts'

const start = Date.parse('2026-11-22T10:00:00Z')
const hour = 3_600_000
const query = 'max_over_time({region="eu"} | unwrap __clock_offset_ms__ [1m]) by (agent_id)'

function line(agent: string, at: number): string {
  return JSON.stringify({ time: new Date(at).toISOString(), agent_id: agent, message: 'x' })
}

/** Values by agent, of the minute behind the start. */
function offsets(stream: MetricStream): Record<string, number> {
  const samples = stream.at(start + 60_000)
  return Object.fromEntries(samples.map(({ labels, value }) => [labels['agent_id'] ?? '', value]))
}

test('how far clocks are ahead is told of rows that are read as they are written, however late or early they are', () => {
  const stream = new MetricStream(query)
  for (const [agent, offset] of [
    ['right', -20],
    ['behind', -hour],
    ['ahead', hour]
  ] as const)
    stream.read([line(agent, start + 30_000 + offset), line(agent, start + 29_000 + offset)], start + 30_000, {
      isLive: true
    })
  expect(offsets(stream)).toEqual({ right: -20, behind: -hour, ahead: hour })
})

test('nothing is told of a clock by rows that are caught up on, or have no time', () => {
  const stream = new MetricStream(query)
  const readTime = start + 30_000
  stream.read([line('old', start - hour)], readTime)
  stream.read(['plain text'], readTime, { isLive: true })
  expect(offsets(stream)).toEqual({})
})
