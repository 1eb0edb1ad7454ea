import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { SendError } from '../../src/core/errors.ts'
import { Keys } from '../../src/core/keys.ts'
import type { Verdicts } from '../../src/core/output.ts'
import { Verdict } from '../../src/core/outcome.ts'
import { otlp } from '../../src/outputs/otlp/index.ts'
import { Authority } from '../e2e/certificates.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { tempFolder } from '../fakes/folder.ts'
import { FakeOtlpGrpc, type GrpcFakeOptions } from '../fakes/otlp-grpc.ts'
import { newContext } from './context.ts'
import { newBatch, newBody, shipmentOf } from './rows.ts'

const neverAborted = new AbortController().signal

async function stage(options: object = {}, fakeOptions: GrpcFakeOptions = {}) {
  const fake = await FakeOtlpGrpc.start(fakeOptions)
  const keys = new Keys()
  const config = optionsOf(otlp, { endpoint: fake.url, protocol: 'grpc', ...options })
  const output = await otlp.create(config, newContext(new Map(), { keys }))
  onTestFinished(async () => {
    await output.close?.()
    await fake.stop()
  })
  const send = (rows = 3, signal = neverAborted): Promise<Verdicts> => {
    const lines = Array.from({ length: rows }, (_, i) => ({ line: `line ${i}` }))
    const body = newBody()
    output.encode(newBatch(lines, { keys }).batch, body)
    return output.send(shipmentOf(body), signal)
  }
  const fault = (rows?: number): Promise<SendError> =>
    send(rows).then(
      () => expect.fail('it was taken'),
      (error: SendError) => error
    )
  return { fake, send, fault }
}

describe('otlp over gRPC', () => {
  it.each(['gzip', 'none'])('sends records on one connection, compression %s', async compression => {
    const { fake, send } = await stage({ compression, headers: { 'X-Tenant': 'a' } })
    await Promise.all([send(), send()])
    expect(fake.records).toHaveLength(6)
    expect(fake.connections).toBe(1)
    expect(fake.headers[0]).toMatchObject({
      ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
      'content-type': 'application/grpc',
      'grpc-timeout': '10000m',
      te: 'trailers',
      'x-tenant': 'a'
    })
    expect(fake.headers[0]!['grpc-encoding']).toBe(compression === 'gzip' ? 'gzip' : undefined)
  })

  it('counts rows that were rejected', async () => {
    const { send } = await stage({}, { rejected: 2, message: 'too old' })
    expect(await send()).toMatchObject({ rejected: 2 })
  })

  it.each<[number, string, Partial<SendError>]>([
    [1, 'CANCELLED', { fault: 'retry', unknown: true }],
    [2, 'UNKNOWN', { fault: 'split' }],
    [3, 'INVALID_ARGUMENT', { fault: 'split', status: 400 }],
    [4, 'DEADLINE_EXCEEDED', { fault: 'retry', unknown: true }],
    [5, 'NOT_FOUND', { fault: 'pause', status: 404 }],
    [6, 'ALREADY_EXISTS', { fault: 'split' }],
    [7, 'PERMISSION_DENIED', { fault: 'pause', status: 403 }],
    [8, 'RESOURCE_EXHAUSTED', { fault: 'split', status: 413 }],
    [9, 'FAILED_PRECONDITION', { fault: 'split' }],
    [10, 'ABORTED', { fault: 'retry', unknown: true }],
    [11, 'OUT_OF_RANGE', { fault: 'retry', unknown: true }],
    [12, 'UNIMPLEMENTED', { fault: 'pause' }],
    [13, 'INTERNAL', { fault: 'split' }],
    [14, 'UNAVAILABLE', { fault: 'retry', unknown: true, retryAfterMs: undefined }],
    [15, 'DATA_LOSS', { fault: 'retry', unknown: true }],
    [16, 'UNAUTHENTICATED', { fault: 'pause', status: 401 }]
  ])('does what the specification says of status %i, %s', async (code, name, expected) => {
    const { fake, fault } = await stage()
    fake.failNext(-code)
    const error = await fault()
    expect(error).toMatchObject(expected)
    expect(error.message).toContain(`Cannot send to "${fake.url}": gRPC status ${name}`)
  })

  it.each([8, 14])('waits as RetryInfo says, status %i', async code => {
    const { fake, fault } = await stage({}, { retryAfter: '7' })
    fake.failNext(-code)
    expect(await fault()).toMatchObject({ fault: 'retry', retryAfterMs: 7500 })
  })

  it.each([200, 202, 204])('takes status %i without a gRPC status for no answer of the server', async status => {
    const { fake, fault } = await stage()
    fake.failNext(status)
    expect(await fault()).toMatchObject({ fault: 'retry', unknown: true })
  })

  it.each(['x', '', '0, 0'])('takes no "%s" for a gRPC status', async grpcStatus => {
    const { fake, fault } = await stage({}, { grpcStatus })
    const error = await fault()
    expect(error).toMatchObject({ fault: 'retry', unknown: true })
    expect(error.message).toBe(`Cannot send to "${fake.url}": status 200 without a gRPC status`)
  })

  it('refuses a single row, with the reason', async () => {
    const { fake, send } = await stage()
    fake.failNext(-3)
    const { each } = await send(1)
    expect([...each!.verdict]).toEqual([Verdict.refused])
    expect(each!.refusals.get(0)).toEqual({ status: 400, type: 'invalid_argument', reason: 'as it was told' })
  })

  it('has a new connection where the former one is lost', async () => {
    const { fake, send, fault } = await stage()
    await send()
    fake.failNext('cut-before')
    expect(await fault()).toMatchObject({ fault: 'retry', unknown: true })
    // the end of the stream may be known before that of its connection
    const isTaken = (): Promise<boolean> =>
      send().then(
        () => true,
        () => false
      )
    while (!(await isTaken())) expect(fake.connections).toBe(1)
    expect(fake.connections).toBe(2)
    expect(fake.records).toHaveLength(6)
  })

  it('gives up a request without an answer', async () => {
    const { fake, fault } = await stage({ timeout: '3s' })
    fake.failNext('hang')
    const error = await fault()
    expect(error).toMatchObject({ fault: 'retry', unknown: true })
    expect(error.message).toContain('no answer within 3000 ms')
  })

  it('leaves the new connection be when a call of the one before has no answer', async () => {
    const { fake, send, fault } = await stage({ timeout: '2s' })
    fake.failNext('hang', 'hang')
    const first = fault()
    await sleep(700)
    const second = fault()
    await first
    await send()
    await second
    await send()
    expect(fake.connections).toBe(2)
  })

  it('speaks TLS, with a certificate of its own', async () => {
    const authority = new Authority('Test CA')
    const folder = tempFolder()
    const client = authority.issue('client')
    const files = { 'ca.pem': authority.cert, 'cert.pem': client.cert, 'key.pem': client.key }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const tls = {
      ca_file: join(folder, 'ca.pem'),
      cert_file: join(folder, 'cert.pem'),
      key_file: join(folder, 'key.pem')
    }
    const server = { ...authority.issue('server'), ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    const { fake, send } = await stage({ tls }, { tls: server })
    await send()
    expect(fake.records).toHaveLength(3)
    const { fault } = await stage({}, { tls: server })
    expect(await fault()).toMatchObject({ fault: 'pause', unknown: false })
  })
})
