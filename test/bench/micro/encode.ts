// How long a row takes to encode: `node test/bench/micro/encode.ts`. Rows are those of W1 (259 bytes: five fields, all consumed).
import { DocumentEncoder } from '../../../src/outputs/elasticsearch/encode.ts'
import { type Row, newBatch, newBody, plain, someTime } from '../../outputs/rows.ts'

const rows = 500
const rounds = 4000

const message =
  'Tool call finished: search_documents returned 17 results in 342 ms for session 8f2c61d0, cache hit ratio 0.83, retries 0'
const service = 'mcp-agent-orchestrator'

function w1(i: number): Row {
  const trace = i.toString(16).padStart(32, '4bf92f3577b34da6a3ce929d0e0e4736')
  const time = new Date(someTime + i * 7)
  const line = JSON.stringify({ timestamp: time, level: 'INFO', service_name: service, trace_id: trace, message })
  return {
    line,
    time: time.getTime(),
    severity: 9,
    service: plain(service),
    traceId: plain(trace),
    body: plain(message)
  }
}

function withAttributes(i: number): Row {
  return {
    ...w1(i),
    fields: [
      ['session', ...plain('8f2c61d0')],
      ['duration_ms', 4, '342'],
      ['http.response.status_code', 4, '200'],
      ['cached', 5, 'true']
    ]
  }
}

const raw = (i: number): Row => ({
  line: `${new Date(someTime + i).toISOString()} INFO ${message} ${i}`.padEnd(212),
  flags: 8
})

for (const [name, make] of Object.entries({ w1, withAttributes, raw })) {
  const made = Array.from({ length: rows }, (_, i) => make(i))
  const { batch, keys } = newBatch(made)
  if (name === 'raw') batch.body.kind.fill(2).fill(2)
  if (name === 'raw')
    for (let i = 0; i < rows; i++) [batch.body.start[i], batch.body.end[i]] = [batch.starts[i]!, batch.ends[i]!]
  const encoder = new DocumentEncoder(
    { schema: 'ecs', namespace: 'default', stream: 'logs-mcp.agent-default', hostName: 'node-17', hasAction: true },
    keys
  )
  const body = newBody(5 << 20)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    if (round % 20 === 0) body.clear()
    const start = performance.now()
    encoder.encode(batch, body)
    best = Math.min(best, ((performance.now() - start) * 1e6) / rows)
  }
  body.clear()
  const start = performance.now()
  for (let round = 0; round < 2000; round++) {
    if (round % 20 === 0) body.clear()
    encoder.encode(batch, body)
  }
  const mean = ((performance.now() - start) * 1e6) / rows / 2000
  const lineBytes = Math.round(batch.size / rows)
  console.log(
    `${name.padEnd(16)} line ${lineBytes} B  document ${Math.round(body.at / body.rows)} B  mean ${mean.toFixed(0)} ns  best ${best.toFixed(0)} ns`
  )
}
