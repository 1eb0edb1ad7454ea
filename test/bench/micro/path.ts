// What each step of the path costs a row, from the chunk to the encoded document: `node test/bench/micro/path.ts [json|text|cri] [multiline|otlp]`.
// The best of many short rounds, since others may use the machine as well. `read` is a copy here, not a system call.
import { Keys } from '../../../src/core/keys.ts'
import { Meter, type MetricName } from '../../../src/core/metrics.ts'
import { Body } from '../../../src/core/output.ts'
import type { Source } from '../../../src/core/source.ts'
import { framerOf } from '../../../src/inputs/framing/framer.ts'
import { multilineOf } from '../../../src/inputs/framing/groupings.ts'
import { HeldBudget } from '../../../src/inputs/framing/held.ts'
import { DocumentEncoder } from '../../../src/outputs/elasticsearch/encode.ts'
import { fastGzip } from '../../../src/outputs/gzip.ts'
import { access } from '../../../src/parsers/access.ts'
import { RecordEncoder } from '../../../src/outputs/otlp/encode.ts'
import { RequestWriter } from '../../../src/outputs/otlp/request.ts'
import { auto } from '../../../src/parsers/auto.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import { Arena } from '../../../src/scan/arena.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { bytesOf, type LineKind, LineMaker } from '../generate.ts'

const chunks = 40
const rounds = 120
const kind = (process.argv[2] ?? 'json') as LineKind
const maker = new LineMaker(kind)
/** Of a chunk. */
const rowsOfChunk = Math.floor(131_072 / bytesOf[kind])
const chunkBytes = rowsOfChunk * bytesOf[kind]
const lines = Array.from({ length: rowsOfChunk * chunks }, () => `${maker.next()}\n`)
const input = Buffer.from(lines.join(''))

const source: Source = {
  id: 'bench-bench-1234',
  input: 'bench',
  resource: { 'host.name': 'vm', 'log.file.path': '/var/log/mcp-agent.log' },
  dataset: 'mcp.agent',
  service: '',
  agent: '',
  repeatsUntil: 0,
  marks: { nextCut: () => Infinity, addCut: () => 0, parser: undefined, choose: () => 0 },
  read: () => -1,
  marker: () => ''
}
const arena = new Arena()
const batch = arena.newBatch()
const keys = new Keys()
const context = { keys, now: () => Date.now(), sample: (name: MetricName) => new Meter().of(name) }
const definition = kind === 'access' ? access : auto
const parser = definition.create(optionsOf(definition, {}), context)
const normalizer = normalize.create(optionsOf(normalize, {}), context)
const groups = { preset: 'auto', negate: false, maxLines: 500, maxBytes: 1 << 20, timeoutMs: 5000 }
const framing = kind === 'cri' ? 'containers' : 'lines'
const plan = {
  framing,
  maxLineBytes: 1 << 20,
  ...(process.argv[3] === 'multiline' ? { multiline: await multilineOf(groups) } : {})
} as const
const framer = framerOf(plan, { arena, budget: new HeldBudget() })
const names = {
  schema: 'ecs',
  namespace: 'default',
  stream: 'logs-mcp.agent-default',
  hostName: 'vm',
  hasAction: true
} as const
const isOtlp = process.argv[3] === 'otlp'
const encoder = isOtlp ? new RecordEncoder({ hostName: 'vm', resource: {} }, keys) : new DocumentEncoder(names, keys)
const requests = new RequestWriter()
const body = new Body(8 << 20)

const steps = ['read', 'index', 'frame', 'parse', 'normalize', 'encode', 'request', 'gzip'] as const
const best = Object.fromEntries(steps.map(step => [step, Infinity])) as Record<(typeof steps)[number], number>
let bytesPerRow = 0
let wirePerRow = 0

for (let round = 0; round < rounds; round++) {
  const took = Object.fromEntries(steps.map(step => [step, 0])) as typeof best
  let rows = 0
  body.clear()
  for (let at = 0; at + chunkBytes <= input.length; at += chunkBytes) {
    let then = performance.now()
    const lap = (step: (typeof steps)[number]): void => {
      const now = performance.now()
      took[step] += now - then
      then = now
    }
    batch.bytes = arena.bytes
    batch.size = input.copy(arena.bytes, 0, at, at + chunkBytes)
    lap('read')
    batch.source = source
    batch.clear()
    arena.index(batch)
    lap('index')
    framer.frame(batch, arena.lines, Infinity, false)
    lap('frame')
    parser.parse(batch)
    lap('parse')
    normalizer.apply(batch)
    lap('normalize')
    encoder.encode(batch, body)
    lap('encode')
    rows += batch.rows
  }
  let began = performance.now()
  const request = isOtlp ? requests.write(body) : body.bytes.subarray(0, body.at)
  took.request = performance.now() - began
  if (round % 10 === 0) {
    began = performance.now()
    wirePerRow = fastGzip(request).length / rows
    took.gzip = performance.now() - began
  } else took.gzip = Infinity
  bytesPerRow = request.length / rows
  for (const step of steps) best[step] = Math.min(best[step], (took[step] * 1e6) / rows)
}
let total = 0
for (const step of steps) {
  if (step !== 'gzip') total += best[step]
  console.log(`${step.padEnd(10)} ${best[step].toFixed(0).padStart(5)} ns/row`)
}
console.log(
  `together   ${total.toFixed(0).padStart(5)} ns/row without gzip; ${bytesPerRow.toFixed(0)} bytes a document, ${wirePerRow.toFixed(0)} on the wire`
)
