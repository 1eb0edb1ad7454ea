import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Meter, type MetricDefinition, metrics } from '../../src/core/metrics.ts'

const src = resolve(import.meta.dirname, '../../src')
const table: [string, MetricDefinition][] = Object.entries(metrics)

describe('meter', () => {
  it('gives the same sample for the same labels, and another for others', () => {
    const meter = new Meter()
    const one = meter.of('collector_input_rows_total', 'a')
    one.value += 2
    meter.of('collector_input_rows_total', 'b').value++
    expect(meter.of('collector_input_rows_total', 'a')).toBe(one)
    expect(meter.samples()).toEqual([
      { name: 'collector_input_rows_total', labels: ['a'], value: 2 },
      { name: 'collector_input_rows_total', labels: ['b'], value: 1 }
    ])
  })

  it('does not mix labels up that join to the same text', () => {
    const meter = new Meter()
    meter.of('collector_rows_total', 'a b', 'c').value = 1
    expect(meter.of('collector_rows_total', 'a', 'b c').value).toBe(0)
  })
})

describe('table of metrics', () => {
  it('has what the code counts, and nothing else', () => {
    const used = new Set<string>()
    for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file === join('core', 'metrics.ts')) continue
      for (const [name] of readFileSync(join(src, file), 'utf8').matchAll(/\bcollector_\w+/g)) used.add(name)
    }
    expect([...used].toSorted()).toEqual(Object.keys(metrics).toSorted())
  })

  it.each(table)('%s is named as Prometheus wants it', (name, { type, help, labels }) => {
    expect(name).toMatch(/^collector_[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(help).toMatch(/^[A-Z1].*[^.]$/)
    expect(labels.every(label => /^[a-z]+(_[a-z]+)*$/.test(label))).toBe(true)
  })
})

it('forgets what a label names, and nothing else', () => {
  const meter = new Meter()
  const lag = meter.of('collector_input_lag_bytes', 'a', 'default/a')
  meter.of('collector_input_rows_total', 'b').value = 1
  meter.of('collector_input_rows_total', 'a').value = 2
  meter.of('collector_output_pending_rows', 'a').value = 3
  meter.forget('input', 'a')
  lag.value = 9
  expect(meter.samples()).toEqual([
    { name: 'collector_input_rows_total', labels: ['b'], value: 1 },
    { name: 'collector_output_pending_rows', labels: ['a'], value: 3 }
  ])
  expect(meter.of('collector_input_rows_total', 'a').value).toBe(0)
})
