import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Addresses } from '../../../src/core/addresses.ts'
import { SendError } from '../../../src/core/errors.ts'
import { Alertmanager } from '../../../src/rules/notify/alertmanager.ts'
import type { Origin } from '../../../src/rules/notify/channel.ts'
import { Authority } from '../../e2e/certificates.ts'
import { tempFolder } from '../../fakes/folder.ts'
import { type Answer, Receiver } from '../../fakes/receiver.ts'
import { alertOf, ended, receiverAt } from './alerts.ts'

const nowhere: Origin = { externalUrl: undefined, externalLabels: {} }
const addresses = new Addresses({ allow: [], deny: [] })
const signal = new AbortController().signal

function alertmanagerAt(url: string, more: Parameters<typeof receiverAt>[1] = {}, origin = nowhere): Alertmanager {
  return new Alertmanager(receiverAt(url, more), origin, addresses)
}

async function failure(answer: Answer): Promise<SendError> {
  const server = await Receiver.start()
  server.answer = answer
  const error = await alertmanagerAt(server.url)
    .send([alertOf('A')], signal)
    .catch((error: unknown) => error)
  expect(error).toBeInstanceOf(SendError)
  return error as SendError
}

describe('what an Alertmanager is told', () => {
  it('has the form of the specification: started when it fired, ends when it is no longer valid, or when it ended', async () => {
    const server = await Receiver.start()
    const firing = alertOf('Silent', { annotations: { summary: 'a' }, labels: { alertname: 'Silent', agent_id: 'a1' } })
    await alertmanagerAt(server.url).send([firing, ended(alertOf('Gone'))], signal)
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/api/v2/alerts' })
    expect(server.received[0]!.headers['content-type']).toBe('application/json')
    expect(server.bodies).toEqual([
      [
        {
          labels: { alertname: 'Silent', agent_id: 'a1' },
          annotations: { summary: 'a' },
          startsAt: '2026-01-01T00:00:00.000Z',
          endsAt: '2026-01-01T00:04:00.000Z'
        },
        {
          labels: { alertname: 'Gone' },
          annotations: {},
          startsAt: '2026-01-01T00:00:00.000Z',
          endsAt: '2026-01-01T00:00:30.000Z'
        }
      ]
    ])
  })

  it('has labels of the collector, which give way to those of the alert, and a link to the rule', async () => {
    const server = await Receiver.start()
    const origin = { externalUrl: 'https://logs.example/c1', externalLabels: { cluster: 'eu', host: 'outer' } }
    const alert = alertOf('A', { labels: { alertname: 'A b&c', host: 'inner' } })
    await alertmanagerAt(server.url, {}, origin).send([alert], signal)
    const [[posted]] = server.bodies as [[{ labels: object; generatorURL: string }]]
    expect(posted.labels).toEqual({ cluster: 'eu', host: 'inner', alertname: 'A b&c' })
    const link = new URL(posted.generatorURL)
    expect(link.origin + link.pathname).toBe('https://logs.example/c1/api/v1/rules')
    expect(link.searchParams.get('rule_name[]')).toBe('A b&c')
  })

  it.each([
    ['token', { token: 't0ken' }, 'Bearer t0ken'],
    ['user', { user: 'größe', password: 'p:w' }, `Basic ${Buffer.from('größe:p:w').toString('base64')}`]
  ])('goes below a path, with headers and a %s', async (_, more, authorization) => {
    const server = await Receiver.start()
    const alertmanager = alertmanagerAt(`${server.url}/am/`, { ...more, headers: { 'x-scope-orgid': 'team' } })
    await alertmanager.send([alertOf('A')], signal)
    expect(server.received[0]).toMatchObject({ path: '/am/api/v2/alerts' })
    expect(server.received[0]!.headers).toMatchObject({ authorization, 'x-scope-orgid': 'team' })
    expect(alertmanager.name).toBe(`${server.url}/am`)
  })

  it('goes with user and password of the URL, which no name shows', async () => {
    const server = await Receiver.start()
    const alertmanager = alertmanagerAt(server.url.replace('://', '://me:s%3Acret@'))
    await alertmanager.send([alertOf('A')], signal)
    expect(server.received[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:s:cret').toString('base64')}`)
    expect(alertmanager.name).toBe(server.url)
  })

  it('goes over TLS to a server of its authority, with a client certificate', async () => {
    const authority = new Authority('Test CA')
    const server = await Receiver.start({
      ...authority.issue('server'),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true
    })
    const folder = tempFolder()
    const client = authority.issue('collector')
    const tls = {
      caFile: write(folder, 'ca.pem', authority.cert),
      certFile: write(folder, 'cert.pem', client.cert),
      keyFile: write(folder, 'key.pem', client.key),
      skipVerify: false
    }
    await alertmanagerAt(server.url, { tls }).send([alertOf('A')], signal)
    expect(server.received).toHaveLength(1)
    await expect(alertmanagerAt(server.url).send([alertOf('A')], signal)).rejects.toMatchObject({ fault: 'pause' })
    expect(server.received).toHaveLength(1)
  })
})

describe('where alerts go', () => {
  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433'])(
    'not to %s, where private addresses are denied: nothing is even connected to',
    async host => {
      const server = await Receiver.start()
      const closed = new Addresses({ allow: [], deny: ['private'] })
      const url = `http://${host}:${server.port}`
      const alertmanager = new Alertmanager(receiverAt(url), nowhere, closed)
      await expect(alertmanager.send([alertOf('A')], signal)).rejects.toMatchObject({
        fault: 'pause',
        message: expect.stringMatching(/the address .* is refused: name it in "rules.network.allow"/) as string
      })
      expect(server.connections).toBe(0)
      const open = new Addresses({ allow: ['127.0.0.1'], deny: ['private'] })
      if (host !== '[::ffff:127.0.0.1]')
        await new Alertmanager(receiverAt(url), nowhere, open).send([alertOf('A')], signal)
    }
  )
})

describe('what an Alertmanager answers', () => {
  it.each<[number, SendError['fault']]>([
    [400, 'split'],
    [413, 'split'],
    [401, 'pause'],
    [404, 'pause'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry']
  ])('status %i: %s', async (status, fault) => {
    expect(await failure({ status, body: 'because\nof that' })).toMatchObject({
      fault,
      status,
      message: expect.stringMatching(
        /^Cannot send to "http:\/\/127.0.0.1:\d+": status \d+.* \(because of that\)$/
      ) as string
    })
  })

  it('how long to wait', async () => {
    expect(await failure({ status: 429, headers: { 'retry-after': '7' } })).toMatchObject({ retryAfterMs: 7000 })
    const hour = { status: 503, headers: { 'retry-after': '3600' } }
    expect(await failure(hour)).toMatchObject({ fault: 'retry', retryAfterMs: 60_000 })
  })

  it('to ask elsewhere: that is not done', async () => {
    const other = await Receiver.start()
    const error = await failure({ status: 307, headers: { location: `${other.url}/api/v2/alerts` } })
    expect(error).toMatchObject({
      fault: 'pause',
      message: expect.stringContaining('redirects are not followed') as string
    })
    expect(other.received).toEqual([])
  })

  it('nothing, as it is not there', async () => {
    const server = await Receiver.start()
    const { url } = server
    await server.stop()
    await expect(alertmanagerAt(url).send([alertOf('A')], signal)).rejects.toMatchObject({ fault: 'retry' })
  })
})

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
