// What queries that compute numbers cost a row of W1, beside what the row costs anyway (path.ts): `node test/bench/micro/rules.ts`.
// The best of many short rounds, since others may use the machine as well.
import { MetricCollector } from '../../../src/logql/metrics.ts'
import { auto } from '../../../src/parsers/auto.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { Bench } from '../../fakes/rows.ts'
import { bytesOf, LineMaker } from '../generate.ts'
import { typicalRules as typical } from '../typical-rules.ts'

const rounds = 300
const bench = new Bench()
const { batch } = bench
const maker = new LineMaker('json')
const lines = Array.from({ length: Math.floor(131_072 / bytesOf.json) }, () => `${maker.next()}\n`)
bench.fill(Buffer.from(lines.join('')))
auto.create(optionsOf(auto, {}), bench.context).parse(batch)
normalize.create(optionsOf(normalize, {}), bench.context).apply(batch)
batch.readTime = batch.time[batch.rows - 1]!

const options = { intervalMs: 5000, rememberMs: 0, maxGroups: 10_000, maxBytes: 64 << 20 }
const costs = typical.map(query => costOf([query]))
for (const [i, query] of typical.entries()) console.log(`${costs[i]!.toFixed(1).padStart(6)} ns/row  ${query}`)
console.log(`${costOf(typical).toFixed(1).padStart(6)} ns/row  all of them`)

function costOf(queries: readonly string[]): number {
  const collector = new MetricCollector(
    queries.map(query => ({ query, ...options })),
    bench.keys
  )
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    for (let pass = 0; pass < 4; pass++) collector.collect(batch)
    best = Math.min(best, performance.now() - start)
    collector.deltas()
  }
  return (best * 1e6) / batch.rows / 4
}
