import { describe, expect, it } from 'vitest'
import { Flag, Kind } from '../../src/core/row.ts'
import { Keys } from '../../src/core/keys.ts'
import { DocumentEncoder } from '../../src/outputs/elasticsearch/encode.ts'
import type { schemas } from '../../src/outputs/elasticsearch/stream.ts'
import { type Row, linesOf, newBatch, newBody, newSource, plain } from './rows.ts'

const options = {
  schema: 'ecs',
  namespace: 'default',
  stream: 'logs-mcp.agent-default',
  hostName: 'node-1',
  hasAction: true
} as const

function encode(
  rows: readonly Row[],
  more: { schema?: (typeof schemas)[number]; source?: ReturnType<typeof newSource> } = {}
) {
  const { batch, keys } = newBatch(rows, more.source === undefined ? {} : { source: more.source })
  const body = newBody(64)
  new DocumentEncoder({ ...options, schema: more.schema ?? 'ecs' }, keys).encode(batch, body)
  const lines = linesOf(body)
  return { lines, body, document: JSON.parse(lines[1]!) as Record<string, unknown> }
}

describe('elasticsearch encoder', () => {
  it('writes the ECS document', () => {
    const { document } = encode([
      {
        line: 'x',
        nanos: 456_789,
        severity: 17,
        service: plain('svc'),
        traceId: plain('ab'.repeat(16)),
        spanId: plain('cd'.repeat(8)),
        agentId: plain('a-1'),
        body: [Kind.jsonText, 'said \\"hi\\"']
      }
    ])
    expect(document).toEqual({
      '@timestamp': '2026-11-22T10:00:00.123456789Z',
      'log.level': 'error',
      data_stream: { type: 'logs', dataset: 'mcp.agent', namespace: 'default' },
      'host.name': 'node-1',
      'log.file.path': '/var/log/agent.log',
      'log.offset': 0,
      'service.name': 'svc',
      'trace.id': 'ab'.repeat(16),
      'span.id': 'cd'.repeat(8),
      'agent.id': 'a-1',
      message: 'said "hi"'
    })
  })

  it('takes the row itself for the message where there is none', () => {
    expect(encode([{ line: 'tab\there "and" \\ \u0001' }]).document['message']).toBe('tab\there "and" \\ \u0001')
  })

  it('keeps ECS fields whose value fits on top and puts the rest under attributes', () => {
    const { document } = encode([
      {
        fields: [
          ['event.action', ...plain('login')],
          ['http.response.status_code', Kind.number, '200'],
          ['url.port', ...plain('none')],
          ['event.category', Kind.json, '["a","b"]'],
          ['tags', Kind.json, '[{"a":1}]'],
          ['session', ...plain('s')]
        ]
      }
    ])
    expect(document).toMatchObject({
      'event.action': 'login',
      'http.response.status_code': 200,
      'event.category': ['a', 'b'],
      attributes: { 'url.port': 'none', tags: [{ a: 1 }], session: 's' }
    })
  })

  it('lets no field of a row take the place of ours', () => {
    const names = [
      '@timestamp',
      'message',
      'log.level',
      'log.offset',
      'data_stream',
      'host.name',
      'trace.id',
      'attributes'
    ]
    const { document } = encode([{ line: 'l', fields: names.map(name => [name, ...plain('evil')] as const) }])
    expect(document['attributes']).toEqual(Object.fromEntries(names.map(name => [name, 'evil'])))
    expect(document['message']).toBe('l')
  })

  it('lets no field of a row repeat a constant field of its source', () => {
    const source = newSource({ resource: { 'cloud.region': 'eu' } })
    const { document } = encode([{ fields: [['cloud.region', ...plain('us')]] }], { source })
    expect(document).toMatchObject({ 'cloud.region': 'eu', attributes: { 'cloud.region': 'us' } })
  })

  it('names empty keys, renames repeated ones and quotes endless numbers', () => {
    const long = '9'.repeat(1001)
    const { document, lines } = encode([
      {
        fields: [
          ['', Kind.number, '1'],
          ['a', Kind.number, '1'],
          ['a', Kind.number, '2'],
          ['a_2', Kind.number, '3'],
          ['n', Kind.number, long],
          ['e', Kind.number, '1e999'],
          ['o', Kind.json, `{"":"\\"","_":{"":[""]},"n":${long},"t":true}`]
        ]
      }
    ])
    const { o, ...rest } = document['attributes'] as Record<string, unknown>
    expect(rest).toEqual({ _: 1, a: 1, a_3: 2, a_2: 3, n: long, e: Number.POSITIVE_INFINITY })
    expect(o).toEqual({ _2: '"', _: { _2: [''] }, n: long, t: true })
    expect(lines[1]).toContain('"e":1e999')
  })

  it('says what is known of the row', () => {
    const { document } = encode([{ line: 'l', flags: Flag.truncated | Flag.timeRead | Flag.stderr, error: 1 }])
    expect(document).toMatchObject({
      'log.flags': ['truncated', 'time_read'],
      'log.iostream': 'stderr',
      'error.type': 'json'
    })
  })

  it('takes the time of reading where a time can not be written', () => {
    expect(encode([{ time: Number.NaN, nanos: 1 }]).document['@timestamp']).toBe('2026-11-22T10:00:00.123Z')
    expect(encode([{ time: 1e15 }]).document['@timestamp']).toBe('2026-11-22T10:00:00.123Z')
    expect(encode([{ time: -1 }]).document['@timestamp']).toBe('1969-12-31T23:59:59.999Z')
    expect(encode([{ time: Date.parse('0001-01-01T00:00:00Z') }]).document['@timestamp']).toBe(
      '0001-01-01T00:00:00.000Z'
    )
  })

  it('names the data stream in rows of other datasets only', () => {
    expect(encode([{}]).lines[0]).not.toContain('_index')
    const source = newSource({ dataset: 'Nginx-Access' })
    expect(JSON.parse(encode([{}], { source }).lines[0]!)).toMatchObject({
      create: { _index: 'logs-nginx_access-default' }
    })
  })

  it('gives the same row the same id wherever it stands in a batch', () => {
    const row = { line: 'a line of more than thirty-two bytes, to be sampled' }
    const { batch, keys } = newBatch([{ line: 'first' }, row])
    const encoder = new DocumentEncoder(options, keys)
    const body = newBody()
    encoder.encode(batch, body)
    const other = newBatch([row]).batch
    other.positions[0] = 6
    const again = newBody()
    new DocumentEncoder(options, new Keys()).encode(other, again)
    expect(linesOf(again)[0]).toBe(linesOf(body)[2])
    expect(linesOf(body)[2]).toMatch(/^{"create":{"_id":"AbCdEfGhIjKlMnOp[\w-]{20}"}}$/)
  })

  it('writes the flat and the OpenTelemetry form', () => {
    const row: Row = {
      severity: 9,
      service: plain('s'),
      traceId: plain('t'),
      body: plain('m'),
      fields: [['k', Kind.number, '1']]
    }
    expect(encode([row], { schema: 'flat' }).document).toMatchObject({
      timestamp: '2026-11-22T10:00:00.123Z',
      level: 'info',
      service_name: 's',
      trace_id: 't',
      message: 'm',
      attributes: { k: 1 }
    })
    expect(encode([row], { schema: 'otel' }).document).toMatchObject({
      severity_number: 9,
      severity_text: 'info',
      data_stream: { dataset: 'mcp.agent.otel' },
      resource: { attributes: { 'host.name': 'node-1', 'service.name': 's' } },
      attributes: { 'log.file.path': '/var/log/agent.log', 'log.offset': 0, k: 1 },
      trace_id: 't',
      body: { text: 'm' }
    })
  })
})
