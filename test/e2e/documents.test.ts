import { afterEach, describe, expect, inject, test } from 'vitest'
import { eachOnce, Stage } from './stage.ts'

const url = inject('elasticsearch')
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const json = [
  `{"timestamp":"2026-01-02T03:04:05.678901234Z","level":"WARN","service":"chat","traceId":"${traceId}","spanId":"00f067aa0ba902b7","agent_id":"a-7","msg":"tool call","user_id":"u1","duration":12.5,"retried":true,"http":{"response":{"status_code":503}}}`
]
const logfmt = [`time=2026-01-02T03:04:06Z level=error service=chat trace_id=${traceId} msg="no answer" tries=3`]
const text = ['plain words without any key']

const lines = json.length + logfmt.length + text.length

let stage: Stage
function write(): void {
  stage.write('agent', json)
  stage.write('tools', logfmt)
  stage.write('words', text)
}
afterEach(() => stage.remove())

describe('documents', () => {
  test('ecs: a search by trace.id finds the lines of a trace, in fields of the mapped types', async () => {
    stage = new Stage({ url })
    write()
    stage.site.start()
    await stage.holds(lines)
    const { client, stream } = stage
    const found = await client.search<Record<string, unknown>>({
      index: 'logs-mcp.agent-*',
      query: { bool: { filter: [{ term: { 'trace.id': traceId } }, { term: { _index: stream } }] } },
      sort: '@timestamp'
    })
    expect(found.hits.hits.map(hit => hit._source?.['message'])).toEqual(['tool call', 'no answer'])
    expect(found.hits.hits[0]?._source).toMatchObject({
      '@timestamp': '2026-01-02T03:04:05.678901234Z',
      'log.level': 'warn',
      'service.name': 'chat',
      'span.id': '00f067aa0ba902b7',
      'agent.id': 'a-7',
      'log.offset': 0,
      'user.id': 'u1',
      data_stream: { type: 'logs', dataset: 'mcp.agent' }
    })
    const { fields } = await client.fieldCaps({ index: stream, fields: '*' })
    const types = Object.fromEntries(Object.entries(fields).map(([name, caps]) => [name, Object.keys(caps).join()]))
    expect(types).toMatchObject({
      '@timestamp': 'date',
      'log.level': 'keyword',
      'log.offset': 'long',
      'log.file.path': 'keyword',
      'service.name': 'keyword',
      'trace.id': 'keyword',
      'span.id': 'keyword',
      'agent.id': 'keyword',
      message: 'text',
      'attributes.duration': 'double',
      'attributes.retried': 'boolean',
      'data_stream.dataset': expect.stringMatching(/keyword/)
    })
    const inMessage = await client.count({ index: stream, query: { match: { message: 'words' } } })
    expect(inMessage.count).toBe(1)
    const { index_templates: templates } = await client.indices.getIndexTemplate({ name: 'logs-mcp' })
    expect(templates[0]?.index_template.index_patterns).toEqual(['logs-mcp.agent-*'])
  })

  test('flat: plain names, also for the trace', async () => {
    stage = new Stage({ url, output: 'schema: flat' })
    write()
    stage.site.start()
    await stage.holds(lines)
    const found = await stage.client.search<Record<string, unknown>>({
      index: stage.stream,
      query: { term: { trace_id: traceId } },
      sort: '@timestamp'
    })
    expect(found.hits.hits).toHaveLength(2)
    expect(found.hits.hits[0]?._source).toMatchObject({
      timestamp: '2026-01-02T03:04:05.678901234Z',
      level: 'warn',
      service_name: 'chat',
      trace_id: traceId,
      message: 'tool call'
    })
  })

  test('otel: the form of the OpenTelemetry exporter, found by trace.id and by trace_id', async () => {
    stage = new Stage({ url, output: 'schema: otel', isOtel: true })
    write()
    stage.site.start()
    await stage.holds(lines)
    for (const field of ['trace_id', 'trace.id']) {
      const found = await stage.client.search<Record<string, unknown>>({
        index: stage.stream,
        query: { term: { [field]: traceId } },
        sort: '@timestamp'
      })
      expect(found.hits.hits).toHaveLength(2)
      expect(found.hits.hits[0]?._source).toMatchObject({
        severity_text: 'warn',
        severity_number: 13,
        body: { text: 'tool call' },
        resource: { attributes: { 'service.name': 'chat' } }
      })
    }
    const inMessage = await stage.client.count({ index: stage.stream, query: { match: { message: 'words' } } })
    expect(inMessage.count).toBe(1)
  })

  test('without a namespace, rows go to logs-mcp.agent-default', async () => {
    stage = new Stage({ url, namespace: 'default' })
    const before = await stage.count()
    write()
    stage.site.start()
    await stage.holds(before + lines)
    expect(stage.stream).toBe('logs-mcp.agent-default')
    expect((await stage.stop()).delivered).toBe(lines)
  })

  test('everything read again after the state is lost: the server knows each line already', async () => {
    const count = 60_000 // more than the output may have in flight
    stage = new Stage({ url })
    stage.writeJournal('j0', 0, count)
    stage.site.start()
    await stage.holds(count)
    expect(await stage.stop()).toMatchObject({ read: count, delivered: count, duplicate: 0 })
    stage.forgetState()
    stage.site.start()
    await stage.settles(count)
    const second = await stage.stop()
    expect(second).toMatchObject({ read: count, delivered: 0, duplicate: count, dead_lettered: 0 })
    expect(await stage.count()).toBe(count)
    expect(await stage.journal('j0', count)).toEqual(eachOnce)
  })
})
