import { expect, test } from 'vitest'
import type { Sample } from '../../src/core/metrics.ts'
import { mergeSamples, mergeStatus, statusWithout } from '../../src/pipeline/merge.ts'
import type { ShardStatus } from '../../src/pipeline/messages.ts'
import type { Plan } from '../../src/pipeline/plan.ts'

type Output = ShardStatus['outputs'][number]

const idle: Output = {
  name: 'default/es',
  type: 'elasticsearch',
  state: 'idle',
  since: 50,
  startedAt: 20,
  inFlightRequests: 0,
  inFlightBytes: 0,
  retriedRows: 1
}
const plan = {
  inputs: ['a', 'b'].map(name => ({ name, type: 'file', follow: { paths: [`/${name}`] } })),
  pipelines: [{ name: 'default', outputs: ['audit', 'es'] }]
} as unknown as Plan

function part(input: string, outputs: readonly Output[]): ShardStatus {
  const problem = { input, path: '/x', reason: 'EACCES' }
  const { inputs } = statusWithout({ ...plan, inputs: plan.inputs.filter(({ name }) => name === input) })
  return { inputs, outputs, problems: [problem] }
}

test('inputs and outputs come in the order of the plan, and an output that several send to is one', () => {
  const audit = { ...idle, name: 'default/audit' }
  const kept = { bytes: 1, maxBytes: 2, segments: 1, sources: 1, damagedBlocks: 0 }
  const merged = mergeStatus([part('b', [idle]), { ...part('a', [idle, audit]), kept }], plan)
  expect(merged.inputs.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(merged.outputs.map(({ name }) => name)).toEqual(['default/audit', 'default/es'])
  expect(merged.outputs[1]).toEqual({ ...idle, retriedRows: 2 })
  expect(merged.problems).toHaveLength(2)
  expect(merged.kept).toEqual(kept)
})

test('of an output that several send to, the one in trouble says why', () => {
  const paused: Output = { ...idle, state: 'paused', reason: 'unreachable', tryEveryMs: 9, since: 10, startedAt: 30 }
  const one: Output = {
    ...paused,
    inFlightRequests: 2,
    inFlightBytes: 7,
    waitingMs: 5000,
    backlog: { bytes: 10, ageMs: 5, leftMs: 100 },
    undecided: { rows: 1, types: ['x'] },
    lastError: { message: 'new', at: 9 }
  }
  const other: Output = {
    ...idle,
    state: 'sending',
    inFlightRequests: 1,
    backlog: { bytes: 5, ageMs: 50, leftMs: 20 },
    undecided: { rows: 2, types: ['x', 'y'] },
    lastError: { message: 'old', at: 3 }
  }
  const merged = [
    mergeStatus([part('a', [one]), part('b', [other])], plan),
    mergeStatus([part('a', [other]), part('b', [one])], plan)
  ]
  for (const { outputs } of merged) {
    expect(outputs).toEqual([
      {
        ...paused,
        startedAt: 20,
        inFlightRequests: 3,
        inFlightBytes: 7,
        retriedRows: 2,
        waitingMs: 5000,
        backlog: { bytes: 15, ageMs: 50, leftMs: 100 },
        undecided: { rows: 3, types: expect.arrayContaining(['x', 'y']) as unknown },
        lastError: { message: 'new', at: 9 }
      }
    ])
  }
})

test('how long a backlog takes is not known where one part of it does not shrink', () => {
  const one: Output = { ...idle, backlog: { bytes: 10, leftMs: 100 } }
  const stuck: Output = { ...idle, backlog: { bytes: 5 } }
  expect(mergeStatus([part('a', [one]), part('b', [stuck])], plan).outputs[0]?.backlog).toEqual({ bytes: 15 })
  expect(mergeStatus([part('a', [one]), part('b', [idle])], plan).outputs[0]?.backlog).toEqual({
    bytes: 10,
    leftMs: 100
  })
})

test('samples of one name and labels add up, or the worst counts', () => {
  const samples: Sample[] = [
    { name: 'collector_rows_total', labels: ['default/es', 'delivered'], value: 3 },
    { name: 'collector_rows_total', labels: ['default/es', 'duplicate'], value: 4 },
    { name: 'collector_rows_total', labels: ['default/es', 'delivered'], value: 5 },
    { name: 'collector_output_paused', labels: ['default/es', 'unreachable'], value: 1 },
    { name: 'collector_output_paused', labels: ['default/es', 'unreachable'], value: 1 },
    { name: 'collector_output_backlog_left_seconds', labels: ['default/es'], value: 4 },
    { name: 'collector_output_backlog_left_seconds', labels: ['default/es'], value: NaN }
  ]
  const before = structuredClone(samples)
  expect(mergeSamples(samples)).toEqual([
    { ...samples[0], value: 8 },
    samples[1],
    samples[3],
    { ...samples[5], value: NaN }
  ])
  expect(samples).toEqual(before)
})
