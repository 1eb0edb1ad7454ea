import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { SendError } from '../../src/core/errors.ts'
import type { Shipment, Verdicts } from '../../src/core/output.ts'
import { Verdict } from '../../src/core/outcome.ts'
import { ElasticsearchOutput, type ElasticsearchOptions } from '../../src/outputs/elasticsearch/index.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeElasticsearch, type FakeOptions } from '../fakes/elasticsearch.ts'
import { newContext } from './context.ts'
import { newBatch, newBody, newSource, shipmentOf } from './rows.ts'

const never = new AbortController().signal
const stream = 'logs-mcp.agent-default'
const defaults: Omit<ElasticsearchOptions, 'endpoints'> = {
  apiKey: '',
  user: '',
  password: '',
  tls: { caFile: '', certFile: '', keyFile: '', skipVerify: false },
  namespace: 'default',
  schema: 'ecs',
  template: 'install',
  gzipLevel: 1,
  timeout: 60_000
}

let fake: FakeElasticsearch
const outputs: ElasticsearchOutput[] = []
const notes = new Map<string, string>()

async function restart(options: FakeOptions): Promise<void> {
  await fake.stop()
  fake = await FakeElasticsearch.start(options)
}
function newOutput(options: Partial<ElasticsearchOptions> = {}, clock: Clock = systemClock): ElasticsearchOutput {
  const output = new ElasticsearchOutput(
    { ...defaults, endpoints: [fake.url], ...options },
    newContext(notes, { clock })
  )
  outputs.push(output)
  return output
}
function encoded(
  output: ElasticsearchOutput,
  lines: readonly string[],
  more: Partial<Shipment> = {},
  dataset = 'mcp.agent'
): Shipment {
  const body = newBody()
  output.encode(
    newBatch(
      lines.map(line => ({ line })),
      { source: newSource({ dataset }) }
    ).batch,
    body
  )
  return shipmentOf(body, more)
}
const failed = (promise: Promise<unknown>): Promise<SendError> =>
  promise.then(
    () => {
      throw new Error('it was sent')
    },
    (error: SendError) => error
  )
const verdicts = ({ each }: Verdicts): number[] => [...each!.verdict]

beforeEach(async () => {
  fake = await FakeElasticsearch.start()
  notes.clear()
})
afterEach(async () => {
  for (const output of outputs.splice(0)) await output.close()
  await fake.stop()
})

describe('elasticsearch output', () => {
  it('stores each row once, with the headers and the filter that old and new servers take', async () => {
    const output = newOutput()
    await output.send(encoded(output, ['one', 'two']), never)
    expect(fake.documents().map(({ source }) => (JSON.parse(source) as { message: string }).message)).toEqual([
      'one',
      'two'
    ])
    const { path, headers } = fake.lastBulk!
    expect(path).toMatch(/^\/logs-mcp.agent-default\/_bulk\?filter_path=errors,items\.\*\.status,/)
    expect(headers).toMatchObject({
      'content-type': 'application/vnd.elasticsearch+x-ndjson; compatible-with=8',
      accept: 'application/vnd.elasticsearch+json; compatible-with=8',
      'content-encoding': 'gzip'
    })
  })

  it('finds rows that are there already', async () => {
    const output = newOutput({ gzipLevel: 0 })
    await output.send(encoded(output, ['one']), never)
    const answer = await output.send(encoded(output, ['one', 'two']), never)
    expect(verdicts(answer)).toEqual([Verdict.exists, Verdict.delivered])
  })

  it('gives a row another id after a collision', async () => {
    const output = newOutput()
    const { bytes, rowEnds } = encoded(output, ['one'])
    const row = Buffer.from(bytes.subarray(0, rowEnds[0]))
    await output.send(encoded(output, ['one']), never)
    const twin = output.salt(row)
    expect(output.salt(row)).toEqual(twin)
    const answer = await output.send({ ...encoded(output, ['one']), bytes: twin }, never)
    expect(answer.each).toBeUndefined()
    expect(fake.documents()).toHaveLength(2)
  })

  it('says what was refused and tries again what was not', async () => {
    const output = newOutput()
    fake.store.judge = source => {
      if (source.includes('poison')) return { status: 400, type: 'document_parsing_exception', reason: 'bad' }
      return source.includes('busy')
        ? { status: 429, type: 'es_rejected_execution_exception', reason: 'full' }
        : undefined
    }
    const answer = await output.send(encoded(output, ['good', 'poison', 'busy']), never)
    expect(verdicts(answer)).toEqual([Verdict.delivered, Verdict.refused, Verdict.retry])
    expect([...answer.each!.refusals.keys()]).toEqual([1])
  })

  it('pauses when nothing is taken because of a block, and waits where something is', async () => {
    const output = newOutput()
    fake.store.judge = source =>
      source.includes('good') ? undefined : { status: 403, type: 'cluster_block_exception', reason: 'read-only' }
    expect(await failed(output.send(encoded(output, ['a', 'b']), never))).toMatchObject({
      fault: 'pause',
      status: 403,
      unknown: false
    })
    const answer = await output.send(encoded(output, ['good', 'b']), never)
    expect(verdicts(answer)).toEqual([Verdict.delivered, Verdict.retry])
    expect(answer.retryAfterMs).toBeGreaterThan(0)
  })

  it('splits after two resets while a large body is written', async () => {
    await restart({ maxBody: 1 << 20, overMaxBody: 'cut' })
    const output = newOutput({ gzipLevel: 0 })
    const shipment = encoded(output, ['a'.repeat(1 << 20), 'b'])
    expect(await failed(output.send(shipment, never))).toMatchObject({ fault: 'retry', unknown: true })
    expect(await failed(output.send(shipment, never))).toMatchObject({ fault: 'split', unknown: true })
    expect(await failed(output.send(shipment, never))).toMatchObject({ fault: 'retry' })
  })

  it('authenticates by key, by password and by what the address holds', async () => {
    await restart({ authorization: 'ApiKey abc' })
    const keyed = newOutput({ apiKey: 'abc' })
    await keyed.send(encoded(keyed, ['a']), never)
    fake.options = { authorization: `Basic ${Buffer.from('u:p@').toString('base64')}` }
    const user = newOutput({ user: 'u', password: 'p@' })
    await user.send(encoded(user, ['b']), never)
    const address = newOutput({ endpoints: [fake.url.replace('//', '//u:p%40@')] })
    await address.send(encoded(address, ['c']), never)
    const error = await failed(keyed.send(encoded(keyed, ['d']), never))
    expect(error).toMatchObject({ fault: 'pause', status: 401 })
    expect(error.message).not.toContain('abc')
  })

  it('goes to the next node when one is away, and leaves that one alone', async () => {
    const gone = await FakeElasticsearch.start()
    const { url } = gone
    await gone.stop()
    const output = newOutput({ endpoints: [url, fake.url] })
    for (let i = 0; i < 4; i++) await output.send(encoded(output, [`line ${i}`]), never)
    expect(fake.stats.bulkRequests).toBe(4)
  })

  it('pauses on names and certificates', async () => {
    const output = newOutput({ endpoints: ['http://no-such-host.invalid:9200'] })
    expect(await failed(output.prepare(never))).toMatchObject({ fault: 'pause' })
    expect(await failed(output.send(encoded(output, ['a']), never))).toMatchObject({ fault: 'pause', unknown: false })
  })
})

describe('elasticsearch template', () => {
  it('is installed once, for each dataset before its first row', async () => {
    const output = newOutput()
    await output.prepare(never)
    expect([...fake.templates]).toMatchObject([
      ['logs-mcp', { version: 1, priority: 150, index_patterns: ['logs-mcp.agent-*'] }]
    ])
    await output.send(encoded(output, ['a'], {}, 'nginx.access'), never)
    expect(fake.documents()[0]).toMatchObject({ stream: 'logs-nginx.access-default' })
    expect([...fake.templates.keys()]).toEqual(['logs-mcp', 'logs-mcp@nginx.access'])
    const before = fake.stats.requests
    await output.send(encoded(output, ['b']), never)
    expect(fake.stats.requests).toBe(before + 1)
  })

  it('does without types that the server lacks', async () => {
    await restart({ isBare: true })
    await newOutput().prepare(never)
    expect(JSON.stringify(fake.templates.get('logs-mcp'))).not.toMatch(/match_only_text|constant_keyword/)
  })

  it('never replaces a newer one', async () => {
    fake.templates.set('logs-mcp', { version: 99 })
    await newOutput().prepare(never)
    expect(fake.templates.get('logs-mcp')).toEqual({ version: 99 })
    fake.templates.set('logs-mcp', { version: 0 })
    await newOutput().prepare(never)
    expect(fake.templates.get('logs-mcp')).toMatchObject({ version: 1 })
  })

  it('is only looked at in mode check, and not even that in mode off', async () => {
    expect(await failed(newOutput({ template: 'check' }).prepare(never))).toMatchObject({ fault: 'pause' })
    expect(fake.templates.size).toBe(0)
    fake.templates.set('logs-mcp', { version: 1 })
    await newOutput({ template: 'check' }).prepare(never)
    const before = fake.stats.requests
    await newOutput({ template: 'off' }).prepare(never)
    // for the write index and the version
    expect(fake.stats.requests).toBe(before + 2)
  })

  it('is left to others where the key must not see it', async () => {
    await restart({ forbidden: ['template'] })
    const output = newOutput()
    await output.prepare(never)
    await output.send(encoded(output, ['a']), never)
    expect(fake.documents()).toHaveLength(1)
  })

  it('is left to Elasticsearch for OpenTelemetry documents where it has one', async () => {
    fake.templates.set('logs-otel@template', { version: 1 })
    await newOutput({ schema: 'otel' }).prepare(never)
    expect(fake.templates.size).toBe(1)
    fake.templates.clear()
    await newOutput({ schema: 'otel' }).prepare(never)
    expect([...fake.templates.keys()]).toEqual(['logs-mcp@mcp.agent.otel'])
  })
})

describe('elasticsearch rollover', () => {
  it('between commit and retry repeats nothing', async () => {
    const output = newOutput()
    await output.prepare(never)
    const shipment = encoded(output, ['one', 'two'])
    fake.failNext('cut-after')
    expect(await failed(output.send(shipment, never))).toMatchObject({ unknown: true })
    fake.store.rollover(stream)
    const answer = await output.send({ ...shipment, attempt: 1, unknown: true }, never)
    expect(verdicts(answer)).toEqual([Verdict.exists, Verdict.exists])
    expect(fake.documents()).toHaveLength(2)
  })

  it('sends the rows that were not accepted', async () => {
    const output = newOutput()
    await output.send(encoded(output, ['one']), never)
    const shipment = encoded(output, ['one', 'two'])
    fake.failNext('cut-before')
    await failed(output.send(shipment, never))
    fake.store.rollover(stream)
    const answer = await output.send({ ...shipment, unknown: true }, never)
    expect(verdicts(answer)).toEqual([Verdict.exists, Verdict.delivered])
    expect(fake.documents()).toHaveLength(2)
  })

  it('while the collector was away repeats nothing of what it had sent', async () => {
    const before = newOutput()
    await before.prepare(never)
    await before.send(encoded(before, ['one', 'two']), never)
    fake.store.rollover(stream)
    const output = newOutput()
    await output.prepare(never)
    const shipment = encoded(output, ['one', 'two', 'new'], { mayRepeat: Uint8Array.of(1, 1, 0) })
    expect(verdicts(await output.send(shipment, never))).toEqual([Verdict.exists, Verdict.exists, Verdict.delivered])
    expect(fake.documents()).toHaveLength(3)
  })

  it('looks at the indices once a second for rows of an earlier run, and anew for rows of unknown outcome', async () => {
    const clock = new FakeClock()
    const output = newOutput({}, clock)
    await output.prepare(never)
    const old = { mayRepeat: Uint8Array.of(1) }
    const before = fake.stats.looks
    for (const line of ['one', 'two', 'three']) await output.send(encoded(output, [line], old), never)
    expect(fake.stats.looks).toBe(before)
    await output.send(encoded(output, ['four'], { unknown: true }), never)
    expect(fake.stats.looks).toBe(before + 1)
    await clock.advance(1000)
    await output.send(encoded(output, ['five'], old), never)
    expect(fake.stats.looks).toBe(before + 2)
  })

  it('right behind the look is noticed in the answer, and looked at before the next rows', async () => {
    const before = newOutput()
    for (const line of ['one', 'two', 'three']) await before.send(encoded(before, [line]), never)
    const output = newOutput({}, new FakeClock())
    await output.prepare(never)
    const first = await output.send(encoded(output, ['one', 'new'], { mayRepeat: Uint8Array.of(1, 0) }), never)
    expect(verdicts(first)).toEqual([Verdict.exists, Verdict.delivered])
    expect(first.possiblyTwice).toBeUndefined()
    fake.store.rollover(stream)
    const old = { mayRepeat: Uint8Array.of(1, 0, 1) }
    expect(await output.send(encoded(output, ['two', 'new', 'old'], old), never)).toMatchObject({ possiblyTwice: 2 })
    const last = await output.send(encoded(output, ['three', 'last'], { mayRepeat: Uint8Array.of(1, 0) }), never)
    expect(verdicts(last)).toEqual([Verdict.exists, Verdict.delivered])
    expect(last.possiblyTwice).toBeUndefined()
  })

  it('right behind the look is noticed beside rows that are there already', async () => {
    const clock = new FakeClock()
    const output = newOutput({}, clock)
    const old = { mayRepeat: Uint8Array.of(1, 1) }
    await output.send(encoded(output, ['zero'], {}, 'other'), never)
    await clock.advance(1000)
    await output.send(encoded(output, ['a', 'b'], old), never)
    fake.store.rollover('logs-other-default')
    await output.send(encoded(output, ['new', 'two'], {}, 'other'), never)
    const answer = await output.send(encoded(output, ['one', 'two'], old, 'other'), never)
    expect(verdicts(answer)).toEqual([Verdict.delivered, Verdict.exists])
    expect(answer.possiblyTwice).toBe(1)
  })

  it('is nothing to rows that come before their data stream', async () => {
    const output = newOutput()
    const answer = await output.send(encoded(output, ['one'], { mayRepeat: Uint8Array.of(1) }), never)
    expect(answer.possiblyTwice).toBeUndefined()
  })

  it('repeats nothing in a data stream that an earlier run had no time to note', async () => {
    const before = newOutput()
    await before.prepare(never)
    const noted = notes.get('write_indices')!
    await before.send(encoded(before, ['one'], {}, 'other'), never)
    notes.set('write_indices', noted)
    fake.store.rollover('logs-other-default')
    const output = newOutput()
    const shipment = encoded(output, ['one'], { mayRepeat: Uint8Array.of(1) }, 'other')
    await output.prepare(never)
    expect(verdicts(await output.send(shipment, never))).toEqual([Verdict.exists])
  })

  it('is only counted where the key must not look', async () => {
    for (const forbidden of ['data_stream', 'mget'] as const) {
      await restart({ forbidden: [forbidden] })
      const output = newOutput()
      await output.prepare(never)
      const shipment = encoded(output, ['one', 'two'])
      await output.send(encoded(output, ['one', 'two']), never)
      fake.store.rollover(stream)
      const first = await output.send({ ...shipment, unknown: true }, never)
      expect(first).toMatchObject({ possiblyTwice: 2 })
    }
  })
})
