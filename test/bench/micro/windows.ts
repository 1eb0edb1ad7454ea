// What the windows of 10,000 groups take, and what they cost the thread that evaluates: `node test/bench/micro/windows.ts`.
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MetricCollector, MetricEvaluator } from '../../../src/logql/metrics.ts'
import { auto } from '../../../src/parsers/auto.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { Bench } from '../../fakes/rows.ts'

const groups = 10_000
const rowsOfBatch = 500
const startMs = Date.parse('2026-11-22T10:00:00Z')
const options = { intervalMs: 5000, rememberMs: 0, maxGroups: groups, maxBytes: 64 << 20 }
const queries: readonly (readonly [minutes: number, query: string])[] = [
  [5, 'sum by (agent_id) (count_over_time({service_name="mcp-agent"}[5m]))'],
  [30, 'sum by (agent_id) (count_over_time({service_name="mcp-agent"}[30m]))'],
  [5, 'avg_over_time({service_name="mcp-agent"} | unwrap took_ms [5m]) by (agent_id)'],
  [5, 'stddev_over_time({service_name="mcp-agent"} | unwrap took_ms [5m]) by (agent_id)'],
  [5, 'quantile_over_time(0.99, {service_name="mcp-agent"} | unwrap took_ms [5m]) by (agent_id)']
]

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const bench = new Bench()
const parser = auto.create(optionsOf(auto, {}), bench.context)
const normalizer = normalize.create(optionsOf(normalize, {}), bench.context)

console.log(`${groups} groups, each with a row in each interval of 5 s:`)
for (const [minutes, query] of queries) console.log(`${await costOf(minutes * 60, query)}  ${query}`)

async function costOf(seconds: number, query: string): Promise<string> {
  const before = await bytesInUse()
  const evaluator = new MetricEvaluator({ query, ...options })
  const collector = new MetricCollector([{ query, ...options }], bench.keys)
  let merge = Infinity
  for (let second = 1; second < seconds; second += 5) {
    for (let group = 0; group < groups; group += rowsOfBatch) {
      read(group, second)
      collector.collect(bench.batch)
    }
    const [delta] = collector.deltas()
    merge = Math.min(
      merge,
      timeOf(() => evaluator.merge(delta!))
    )
  }
  const evaluate = Math.min(
    ...Array.from({ length: 5 }, () => timeOf(() => check(evaluator.at(startMs + seconds * 1000))))
  )
  const mebibytes = ((await bytesInUse()) - before) / 2 ** 20
  const buckets = seconds / 5
  const store = timeOf(() => evaluator.changes()) / buckets
  const times = `merge ${merge.toFixed(0)} ms, evaluate ${evaluate.toFixed(0)} ms, store a bucket ${store.toFixed(0)} ms`
  return `${mebibytes.toFixed(0).padStart(4)} MiB, ${times}`
}

function check({ length }: readonly unknown[]): void {
  if (length !== groups) throw new Error(`There are ${length} samples`)
}

function read(first: number, second: number): void {
  const { batch } = bench
  const time = new Date(startMs + second * 1000).toISOString()
  const line = (_: unknown, i: number): string =>
    `{"time":"${time}","service":"mcp-agent","agent_id":"agent-${first + i}","took_ms":${((first + i) * second) % 3001}}\n`
  bench.fill(Buffer.from(Array.from({ length: rowsOfBatch }, line).join('')))
  batch.readTime = startMs + second * 1000
  parser.parse(batch)
  normalizer.apply(batch)
}

function timeOf(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

async function bytesInUse(): Promise<number> {
  collectGarbage()
  // buffers are given back behind it
  await setTimeout(100)
  collectGarbage()
  await setTimeout(100)
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
