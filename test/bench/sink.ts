/**
 * A stand-in for Elasticsearch, and for a receiver of OTLP, that counts the documents of bulk requests and answers one status for each, as the real one does
 * with `filter_path` (which also takes out `took`). It keeps nothing. Its own CPU time is in its report, which shows that it was not the bottleneck.
 * With AGES=1 the report tells how old documents were when they came, by their own time.
 *
 * Prints `ready <port>`, and `reached <documents>` as soon as it holds TARGET documents.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'

const target = Number(process.env['TARGET'] ?? Infinity)
const ages: number[] | undefined = process.env['AGES'] === undefined ? undefined : []
const report = { documents: 0, bodyBytes: 0, wireBytes: 0, requests: 0, cpuSeconds: 0 }
let hasReached = false
const item = '{"create":{"status":201}}'
const itemWithIndex = '{"create":{"_index":".ds-logs-mcp.agent-default-2026.11.20-000001","status":201}}'
const longItem =
  '{"create":{"_index":".ds-logs-mcp.agent-default-2026.11.20-000001","_id":"0123456789abcdef0123456789abcdef012","_version":1,' +
  '"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'
const recordId = 'log.record.uid'
const replies = new Map<string, Buffer>()

const server = createServer((request, response) => {
  if (request.url?.startsWith('/report')) answer(response, 200, JSON.stringify(whole()))
  else if (request.url === '/v1/logs') void records(request, response)
  else if (request.url?.includes('_bulk')) void bulk(request, response)
  else other(request, response)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(`ready ${typeof address === 'object' ? address?.port : address}`)
})
process.on('SIGTERM', () => process.exit(0))

async function bulk(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const isGzip = request.headers['content-encoding'] === 'gzip'
  let documents = 0
  if (isGzip) {
    const body = await unpacked(request)
    documents = lineEnds(body) / 2
    if (ages !== undefined) takeAges(ages, body)
  } else {
    let lines = 0
    for await (const part of request) {
      lines += lineEnds(part as Buffer)
      report.wireBytes += (part as Buffer).length
      report.bodyBytes += (part as Buffer).length
    }
    documents = lines / 2
  }
  answer(response, 200, replyFor(documents, request.url!))
  count(documents)
}

/** OTLP: each record has one id. */
async function records(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await unpacked(request)
  let found = 0
  for (let at = body.indexOf(recordId); at >= 0; at = body.indexOf(recordId, at + recordId.length)) found++
  answer(response, 200, '')
  count(found)
}

async function unpacked(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const wire = Buffer.concat(parts)
  const body = gunzipSync(wire)
  report.wireBytes += wire.length
  report.bodyBytes += body.length
  return body
}

function count(documents: number): void {
  report.requests++
  report.documents += documents
  if (report.documents < target || hasReached) return
  hasReached = true
  console.log(`reached ${report.documents}`)
}

function takeAges(into: number[], body: Buffer): void {
  const now = Date.now()
  const key = '"@timestamp":"'
  for (let at = body.indexOf(key); at >= 0; at = body.indexOf(key, at + 1)) {
    into.push(now - Date.parse(body.latin1Slice(at + key.length, at + key.length + 24)))
  }
}

function lineEnds(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}

function replyFor(documents: number, url: string): Buffer {
  const isShort = url.includes('filter_path=errors,items.*.status')
  const hasIndex = url.includes('items.*._index')
  const key = `${isShort} ${hasIndex} ${documents}`
  let reply = replies.get(key)
  if (reply === undefined) {
    if (replies.size > 200) replies.clear()
    const items = Array(documents).fill(!isShort ? longItem : hasIndex ? itemWithIndex : item)
    reply = Buffer.from(`{"errors":false,${isShort ? '' : '"took":1,'}"items":[${items.join(',')}]}`)
    replies.set(key, reply)
  }
  return reply
}

function other(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  if (request.method === 'GET' && request.url === '/') {
    answer(response, 200, '{"version":{"number":"9.5.3"},"tagline":"You Know, for Search"}')
  } else if (request.method === 'PUT' || request.method === 'POST') answer(response, 200, '{"acknowledged":true}')
  else answer(response, 404, '{"error":{"type":"resource_not_found_exception"},"status":404}')
}

function answer(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, {
    'x-elastic-product': 'Elasticsearch',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body)
  })
  response.end(body)
}

/** Ages in ms, of the last three quarters: what comes before warms up. */
function whole(): typeof report & { ageP50?: number; ageP99?: number; ageMax?: number } {
  const { user, system } = process.cpuUsage()
  const counts = { ...report, cpuSeconds: (user + system) / 1e6 }
  if (ages === undefined || ages.length === 0) return counts
  const sorted = ages.slice(ages.length >> 2).toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)]!
  return { ...counts, ageP50: at(0.5), ageP99: at(0.99), ageMax: at(1) }
}
