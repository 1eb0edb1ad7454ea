// What it costs a row of W1 to see which agent it is of, beside what the row costs anyway (path.ts): `node test/bench/micro/agents.ts`.
// The best of many short rounds, since others may use the machine as well.
import { auto } from '../../../src/parsers/auto.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import { AgentWatch } from '../../../src/rules/agents/watch.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { Bench } from '../../fakes/rows.ts'
import { sourceOf } from '../../fakes/source.ts'
import { bytesOf, LineMaker } from '../generate.ts'

const rounds = 300
const passes = 4

for (const agents of [0, 1, 1000]) {
  const what = agents === 0 ? 'by service and host' : `${agents} by id`
  console.log(`${costOf(agents).toFixed(1).padStart(6)} ns/row  agents ${what}`)
}

function costOf(agents: number): number {
  const bench = new Bench()
  const { batch, keys } = bench
  const maker = new LineMaker('json')
  const lines = Array.from({ length: Math.floor(120_000 / bytesOf.json) }, (_, i) => {
    const line = maker.next()
    return agents === 0 ? `${line}\n` : `${line.slice(0, -1)},"agent_id":"agent-${i % agents}"}\n`
  })
  bench.fill(Buffer.from(lines.join('')))
  batch.source = sourceOf({ resource: { 'host.name': 'node-1' } })
  auto.create(optionsOf(auto, {}), bench.context).parse(batch)
  normalize.create(optionsOf(normalize, {}), bench.context).apply(batch)
  const watch = new AgentWatch(keys)
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    // a delta is taken about once a second, not once a round
    if (round % 100 === 0) watch.delta()
    const start = performance.now()
    for (let pass = 0; pass < passes; pass++) watch.observe(batch)
    best = Math.min(best, performance.now() - start)
  }
  return (best * 1e6) / batch.rows / passes
}
