import { expect, test } from 'vitest'
import { MetricStream } from './metric-stream.ts'

const start = Date.parse('2026-11-22T10:00:00Z')
const at = (second: number): number => start + second * 1000
const line = (second: number, fields: object): string =>
  JSON.stringify({ time: new Date(at(second)).toISOString(), ...fields })

const query = 'sum by (agent_id) (count_over_time({region="eu"}[30s]))'
const filled = (): MetricStream => {
  const stream = new MetricStream(query)
  stream.read([line(1, { agent_id: 'a' }), line(6, { agent_id: 'b' })], at(7))
  stream.store()
  return stream
}

test('only what has changed is stored again, and goes with its window', () => {
  const stream = filled()
  expect(stream.stored.size).toBe(2)
  expect(stream.evaluator.changes()).toEqual({ stored: [], gone: [] })
  stream.read([line(7, { agent_id: 'a' })], at(8))
  stream.merge()
  expect(stream.evaluator.changes().stored.map(({ bucket }) => bucket)).toEqual([start / 5000 + 1])
  stream.at(at(35))
  expect(stream.evaluator.changes()).toEqual({ stored: [], gone: [{ range: 0, bucket: start / 5000 }] })
})

test('a blob is not taken back where it is broken, or of another query', () => {
  const [one] = filled().stored.values()
  const other = new MetricStream(query.replace('eu', 'us')).evaluator
  expect(other.restore(one!)).toBe(false)
  const wider = new MetricStream(query, { intervalMs: 3000 }).evaluator
  expect(wider.restore(one!)).toBe(false)
  // written in another way it is the same
  expect(new MetricStream(`(${query.replace('(agent_id)', ' ( agent_id ) ')})`).evaluator.restore(one!)).toBe(true)
  for (let i = 0; i < one!.blob.length; i++) {
    const blob = Uint8Array.from(one!.blob)
    blob[i]! ^= 1
    expect(new MetricStream(query).evaluator.restore({ ...one!, blob }), `byte ${i}`).toBe(false)
    expect(new MetricStream(query).evaluator.restore({ ...one!, blob: one!.blob.subarray(0, i) })).toBe(false)
  }
})
