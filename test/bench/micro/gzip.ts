// What gzip takes a document of a bulk body, beside zlib's level 1: `node test/bench/micro/gzip.ts [json|text] [body KiB]`. Turns
// alternate, since others may use the machine as well. A body is made once, of documents as the path makes them from such lines.
import { gunzipSync, gzipSync } from 'node:zlib'
import { fastGzip } from '../../../src/outputs/gzip.ts'
import { type LineKind, LineMaker } from '../generate.ts'

const kind = (process.argv[2] ?? 'json') as LineKind
const bodyBytes = Number(process.argv[3] ?? 4096) * 1024
const rounds = Math.ceil(2e8 / bodyBytes)
const stream = '"data_stream":{"type":"logs","dataset":"mcp.agent","namespace":"default"}'
const place = '"host.name":"vm","log.file.path":"/var/log/mcp-agent.log"'

function bodyOf(maker: LineMaker): { body: Buffer; documents: number } {
  const parts: string[] = []
  let documents = 0
  for (let bytes = 0; bytes < bodyBytes; documents++) {
    const part = documentOf(maker.next(), documents)
    parts.push(part)
    bytes += part.length
  }
  return { body: Buffer.from(parts.join('')), documents }
}

function documentOf(line: string, row: number): string {
  const id = Buffer.alloc(15)
  id.writeUIntBE(row * 259, 3, 6)
  id.writeUInt32BE(Math.imul(row, 0x9e3779b1) >>> 0, 11)
  const action = `{"create":{"_id":"bench-bench-1234${id.toString('base64url')}"}}\n`
  const common = `${stream},${place},"log.offset":${row * 259}`
  if (kind === 'text') {
    return `${action}{"@timestamp":"${line.slice(0, 24)}","log.level":"info",${common},"message":${JSON.stringify(line)}}\n`
  }
  const fields = JSON.parse(line) as Record<string, string>
  return `${action}{"@timestamp":"${fields.timestamp}","log.level":"${fields.level}",${common},"service.name":"${fields.service_name}","trace.id":"${fields.trace_id}","message":${JSON.stringify(fields.message)}}\n`
}

const { body, documents } = bodyOf(new LineMaker(kind))
const ways = { kernel: () => fastGzip(body), zlib: () => gzipSync(body, { level: 1, memLevel: 9, chunkSize: 2 ** 18 }) }
const times = Object.keys(ways).map(() => [] as number[])
for (let round = 0; round < rounds; round++) {
  for (const [i, way] of Object.values(ways).entries()) {
    const began = performance.now()
    way()
    times[i]!.push(((performance.now() - began) * 1e6) / documents)
  }
}
if (!gunzipSync(fastGzip(body)).equals(body)) throw new Error('Cannot read back what gzip made')
console.log(`${documents} documents of ${(body.length / documents).toFixed(0)} bytes`)
for (const [i, [name, way]] of Object.entries(ways).entries()) {
  const sorted = times[i]!.toSorted((a, b) => a - b)
  const figures = [sorted[0]!, sorted[sorted.length >> 1]!].map(time => time.toFixed(0).padStart(5))
  console.log(
    `${name.padEnd(8)} best ${figures[0]} median ${figures[1]} ns, ${(way().length / documents).toFixed(1)} bytes a document`
  )
}
