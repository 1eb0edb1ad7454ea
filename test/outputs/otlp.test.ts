import { describe, expect, it, onTestFinished } from 'vitest'
import type { SendError } from '../../src/core/errors.ts'
import { Keys } from '../../src/core/keys.ts'
import type { Log } from '../../src/core/log.ts'
import type { Shipment, Verdicts } from '../../src/core/output.ts'
import { Verdict } from '../../src/core/outcome.ts'
import { otlp } from '../../src/outputs/otlp/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { FakeOtlp, type OtlpFakeOptions } from '../fakes/otlp.ts'
import { newContext } from './context.ts'
import { newBatch, newBody, shipmentOf } from './rows.ts'

const neverAborted = new AbortController().signal

/** A server, an output that sends to it, and what that logged. */
async function stage(options: object = {}, fakeOptions: OtlpFakeOptions = {}) {
  const fake = await FakeOtlp.start(fakeOptions)
  const keys = new Keys()
  const warnings: string[] = []
  const log = { warn: (message: string) => void warnings.push(message) } as unknown as Log
  const output = await otlp.create(
    optionsOf(otlp, { endpoint: fake.url, ...options }),
    newContext(new Map(), { keys, log })
  )
  onTestFinished(async () => {
    await output.close?.()
    await fake.stop()
  })
  const send = (rows = 3, more: Partial<Shipment> = {}): Promise<Verdicts> => {
    const { batch } = newBatch(
      Array.from({ length: rows }, (_, i) => ({ line: `line ${i}` })),
      { keys }
    )
    const body = newBody()
    output.encode(batch, body)
    return output.send(shipmentOf(body, more), neverAborted)
  }
  const fault = (rows?: number): Promise<SendError> =>
    send(rows).then(
      () => expect.fail(),
      (error: SendError) => error
    )
  return { fake, send, fault, warnings }
}

describe('otlp', () => {
  it.each(['gzip', 'zstd', 'none'])('sends records, compression %s', async compression => {
    const { fake, send } = await stage({ compression })
    expect(await send()).toMatchObject({ rejected: 0 })
    expect(fake.records.map(({ body }) => body)).toEqual([0, 1, 2].map(i => ({ stringValue: `line ${i}` })))
    expect(fake.headers[0]).toMatchObject({ 'content-type': 'application/x-protobuf' })
    expect(fake.headers[0]!['content-encoding']).toBe(compression === 'none' ? undefined : compression)
    expect(fake.paths).toEqual(['/v1/logs'])
  })

  it.each(['gzip', 'zstd', 'none'])('sends JSON, compression %s', async compression => {
    const { fake, send } = await stage({ protocol: 'http/json', compression })
    await send()
    expect(fake.headers[0]).toMatchObject({ 'content-type': 'application/json' })
    expect(fake.headers[0]!['content-encoding']).toBe(compression === 'none' ? undefined : compression)
    expect(fake.records.map(({ body }) => body?.stringValue)).toEqual(['line 0', 'line 1', 'line 2'])
  })

  it('goes below the path of the endpoint, or to the whole path', async () => {
    const { fake, send } = await stage()
    await send()
    const addresses = [
      { endpoint: `${fake.url}/otlp/` },
      { endpoint: `${fake.url}/otlp?key=1` },
      { logs_endpoint: `${fake.url}/ingest?key=1` },
      { logs_endpoint: `${fake.url}/ingest/` },
      { logs_endpoint: `${fake.url}?key=1` },
      { logs_endpoint: fake.url }
    ]
    for (const address of addresses) {
      const output = await otlp.create(optionsOf(otlp, address), newContext())
      await output.send(shipmentOf(newBody()), neverAborted)
      await output.close?.()
    }
    const below = ['/v1/logs', '/otlp/v1/logs', '/otlp/v1/logs?key=1']
    expect(fake.paths).toEqual([...below, '/ingest?key=1', '/ingest/', '/?key=1', '/'])
  })

  it('has the headers of its options, which can not change what the body is', async () => {
    const { fake, send } = await stage({ headers: { 'x-tenant': 'a', authorization: 'Bearer b', 'content-type': 'x' } })
    await send()
    expect(fake.headers[0]).toMatchObject({
      'x-tenant': 'a',
      authorization: 'Bearer b',
      'content-type': 'application/x-protobuf'
    })
  })

  it.each(['http/protobuf', 'http/json'])(
    'counts rows that were rejected, and tells it once in a while, %s',
    async protocol => {
      const { send, warnings } = await stage({ protocol }, { rejected: 2, message: 'too old: "line 0"' })
      const verdicts = await send()
      expect(verdicts).toMatchObject({ rejected: 2 })
      expect(verdicts.each).toBeUndefined()
      await send()
      expect(warnings).toEqual(['The server behind output "main/out" has rejected 2 of the rows it got'])
    }
  )

  it('counts no more rows as rejected than it has sent', async () => {
    const { send, warnings } = await stage({}, { rejected: 7 })
    expect(await send()).toMatchObject({ rejected: 3 })
    expect(warnings).toEqual(['The server behind output "main/out" has rejected 3 of the rows it got'])
  })

  it('tells a warning of the server, too', async () => {
    const { send, warnings } = await stage({}, { message: 'deprecated' })
    expect(await send()).toMatchObject({ rejected: 0 })
    expect(warnings).toEqual(['The server behind output "main/out" says: deprecated'])
  })

  it.each<[number, string | undefined, Partial<SendError>]>([
    [429, '3', { fault: 'retry', unknown: false, retryAfterMs: 3000 }],
    [429, undefined, { fault: 'retry', unknown: false, retryAfterMs: undefined }],
    [502, undefined, { fault: 'retry', unknown: true }],
    [503, '7', { fault: 'retry', unknown: true, retryAfterMs: 7000 }],
    [503, 'Thu, 01 Jan 2099 00:00:00 GMT', { fault: 'retry', unknown: true, retryAfterMs: 3_600_000 }],
    [504, '0', { fault: 'retry', unknown: true, retryAfterMs: 0 }],
    [413, undefined, { fault: 'split' }],
    [400, undefined, { fault: 'split' }],
    [422, undefined, { fault: 'split' }],
    [500, undefined, { fault: 'split' }],
    [501, undefined, { fault: 'split' }],
    [401, undefined, { fault: 'pause' }],
    [405, undefined, { fault: 'pause' }],
    [415, undefined, { fault: 'pause' }],
    [302, undefined, { fault: 'pause' }]
  ])('of status %i with Retry-After %s does what the specification says', async (status, retryAfter, expected) => {
    const { fake, fault } = await stage({}, retryAfter === undefined ? {} : { retryAfter })
    fake.failNext(status)
    expect(await fault()).toMatchObject({ status, ...expected })
  })

  it.each([400, 500])('refuses a single row of status %i, with the reason', async status => {
    const { fake, send } = await stage()
    fake.failNext(status)
    const { each } = await send(1)
    expect([...each!.verdict]).toEqual([Verdict.refused])
    expect(each!.refusals.get(0)).toEqual({ status, type: 'refused', reason: 'as it was told' })
  })

  it('quotes no answer that may quote rows', async () => {
    const { fake, fault } = await stage({}, { text: '{"message":"bad record hunter2"}' })
    fake.failNext(400, 401)
    expect((await fault()).message).toBe(`Cannot send to "${fake.url}": status 400`)
    expect((await fault()).message).toBe(
      `Cannot send to "${fake.url}": status 401 (bad record hunter2): check "headers"`
    )
  })
})
