// What steps behind normalize cost a row of W1, beside what the row costs anyway (path.ts): `node test/bench/micro/processors.ts`.
// The best of many short rounds, since others may use the machine as well.
import { components } from '../../../src/components.ts'
import type { ProcessorDefinition } from '../../../src/config/define.ts'
import { auto } from '../../../src/parsers/auto.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { Bench } from '../../fakes/rows.ts'
import { bytesOf, LineMaker } from '../generate.ts'

const rounds = 300
const passes = 4
const steps: readonly (readonly [title: string, name: keyof typeof components.processors, options: object])[] = [
  ['redact, all presets', 'redact', { presets: ['secrets', 'cards', 'emails', 'ips'] }],
  ['redact, secrets', 'redact', {}],
  ['drop', 'drop', { if: '{level="debug"}' }],
  ['sample, half of it', 'sample', { rate: 0.5 }],
  ['sample of one service', 'sample', { rate: 0.5, if: '{service_name="gateway"}' }],
  ['throttle, all pass', 'throttle', { rate: 100_000, burst: 1e9 }],
  ['throttle, one in ten passes', 'throttle', { rate: 1000, burst: 1 }],
  ['throttle by two fields', 'throttle', { rate: 100_000, burst: 1e9, key: ['service_name', 'level'] }],
  ['dedupe, all repeat', 'dedupe', {}],
  ['dedupe of short keys', 'dedupe', { key: ['service_name', 'level'] }],
  ['metrics, a counter without labels', 'metrics', { name: 'a', help: 'a' }],
  ['metrics, a counter by two labels', 'metrics', { name: 'a', help: 'a', labels: ['service_name', 'level'] }],
  ['metrics, a gauge of a field that no row has', 'metrics', { name: 'a', help: 'a', type: 'gauge', value: 'took_ms' }]
]

const bench = new Bench()
const { batch } = bench
const maker = new LineMaker('json')
const lines = Array.from({ length: Math.floor(131_072 / bytesOf.json) }, () => `${maker.next()}\n`)
bench.fill(Buffer.from(lines.join('')))
auto.create(optionsOf(auto, {}), bench.context).parse(batch)
normalize.create(optionsOf(normalize, {}), bench.context).apply(batch)
batch.readTime = batch.time[batch.rows - 1]!

for (const [title, name, options] of steps) {
  const definition = (await components.processors[name]()) as ProcessorDefinition
  const processor = definition.create(optionsOf(definition, options), bench.context)
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    for (let pass = 0; pass < passes; pass++) {
      batch.fate.fill(0, 0, batch.rows)
      processor.apply(batch)
    }
    best = Math.min(best, performance.now() - start)
  }
  console.log(`${((best * 1e6) / batch.rows / passes).toFixed(1).padStart(6)} ns/row  ${title}`)
}
