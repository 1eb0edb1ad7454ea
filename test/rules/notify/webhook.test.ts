import { describe, expect, it } from 'vitest'
import type { WebhookConfig } from '../../../src/config/config.ts'
import { Addresses } from '../../../src/core/addresses.ts'
import type { Alert } from '../../../src/rules/alert.ts'
import type { Origin } from '../../../src/rules/notify/channel.ts'
import { Webhook } from '../../../src/rules/notify/webhook.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { type Answer, type Received, Receiver } from '../../fakes/receiver.ts'
import { alertOf, ended, receiverAt } from './alerts.ts'

const nowhere: Origin = { externalUrl: undefined, externalLabels: {} }
const clock = new FakeClock(Date.UTC(2026, 0, 1))
const signal = new AbortController().signal
const parts = { addresses: new Addresses({ allow: [], deny: [] }), clock }
const groups: WebhookConfig['groups'] = {
  groupBy: ['alertname'],
  groupWaitMs: 0,
  groupIntervalMs: 0,
  repeatIntervalMs: 0,
  sendResolved: true,
  maxPerMinute: 20
}

type Options = Partial<WebhookConfig> & { readonly path?: string; readonly origin?: Origin; readonly answer?: Answer }

/** A webhook and the server that it posts to. */
async function start(type: WebhookConfig['type'], { path = '/hook', origin = nowhere, answer, ...more }: Options = {}) {
  const server = await Receiver.start()
  server.answer = answer ?? { body: accepted[type] }
  const config = { name: 'ops', type, secret: '', groups, receiver: receiverAt(server.url + path), ...more }
  return { server, webhook: new Webhook(config, origin, parts) }
}

/** What each platform answers to a message that it takes. */
const accepted = {
  generic: '',
  slack: 'ok',
  dingtalk: '{"errcode":0,"errmsg":"ok"}',
  feishu: '{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
  wecom: '{"errcode":0,"errmsg":"ok"}'
}

const silent = (agent: string, more: Partial<Alert> = {}) =>
  alertOf('AgentSilent', {
    labels: { agent_id: agent, alertname: 'AgentSilent', severity: 'critical' },
    annotations: { summary: `No heartbeat of ${agent}` },
    ...more
  })
const two = [silent('a1'), ended(silent('a2'))]

async function tell(type: WebhookConfig['type'], alerts: readonly Alert[], options: Options = {}) {
  const { server, webhook } = await start(type, options)
  await webhook.send(alerts, signal)
  expect(server.received).toHaveLength(1)
  const [request] = server.received
  return { ...request!, body: JSON.parse(request!.body) as Record<string, unknown>, text: request!.body }
}

describe('generic', () => {
  it('has the form of Alertmanager, version 4', async () => {
    const origin = { externalUrl: 'https://logs.example', externalLabels: { cluster: 'eu' } }
    const { body, path, headers } = await tell('generic', two, { path: '/hook?x=1', origin })
    expect(path).toBe('/hook?x=1')
    expect(headers['content-type']).toBe('application/json')
    expect(body).toMatchObject({
      version: '4',
      groupKey: '{}:{alertname="AgentSilent"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'ops',
      groupLabels: { alertname: 'AgentSilent' },
      commonLabels: { alertname: 'AgentSilent', cluster: 'eu', severity: 'critical' },
      commonAnnotations: {},
      externalURL: 'https://logs.example',
      title: '[FIRING:1] AgentSilent (severity=critical)',
      alerts: [
        {
          status: 'firing',
          labels: { agent_id: 'a1', alertname: 'AgentSilent', cluster: 'eu', severity: 'critical' },
          annotations: { summary: 'No heartbeat of a1' },
          startsAt: '2026-01-01T00:00:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: expect.stringContaining('https://logs.example/') as string,
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string
        },
        { status: 'resolved', endsAt: '2026-01-01T00:00:30.000Z' }
      ]
    })
    const fingerprints = (body['alerts'] as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint)
    expect(new Set(fingerprints).size).toBe(2)
  })

  it('is resolved when all alerts are', async () => {
    const { body } = await tell('generic', [ended(silent('a1'))])
    expect(body).toMatchObject({ status: 'resolved', title: '[RESOLVED] AgentSilent (agent_id=a1 severity=critical)' })
  })
})

describe('slack', () => {
  it('is an attachment in colour, in which nothing is markup', async () => {
    const alert = silent('<!channel> & <http://evil|x>')
    const { body } = await tell('slack', [alert])
    expect(body).toEqual({
      attachments: [
        {
          color: 'danger',
          fallback: '[FIRING:1] AgentSilent (agent_id=&lt;!channel&gt; &amp; &lt;http://evil|x&gt; severity=critical)',
          title: '[FIRING:1] AgentSilent (agent_id=&lt;!channel&gt; &amp; &lt;http://evil|x&gt; severity=critical)',
          text: 'No heartbeat of &lt;!channel&gt; &amp; &lt;http://evil|x&gt;',
          mrkdwn_in: []
        }
      ]
    })
  })

  it('says what is told of each alert', async () => {
    const { body } = await tell('slack', two)
    expect(body).toMatchObject({
      attachments: [{ text: 'No heartbeat of a1\nagent_id=a1\n\nresolved: No heartbeat of a2\nagent_id=a2' }]
    })
  })
})

describe('dingtalk', () => {
  it('is signed as its documentation says', async () => {
    const { path, body } = await tell('dingtalk', two, {
      path: '/robot/send?access_token=abc',
      secret: 'this is secret'
    })
    const url = new URL(path, 'http://a')
    expect(url.pathname).toBe('/robot/send')
    // Made with Python's hmac from the example in the documentation.
    expect(Object.fromEntries(url.searchParams)).toEqual({
      access_token: 'abc',
      timestamp: '1767225600000',
      sign: 'Ihwj8FyPJfT4YIXi/adIQljYfR8hNknkj4tQ+v3VTqM='
    })
    expect(path).toContain('&sign=Ihwj8FyPJfT4YIXi%2FadIQljYfR8hNknkj4tQ%2Bv3VTqM%3D')
    expect(body).toEqual({
      msgtype: 'text',
      text: {
        content:
          '[FIRING:1] AgentSilent (severity=critical)\n\nNo heartbeat of a1\nagent_id=a1\n\nresolved: No heartbeat of a2\nagent_id=a2'
      }
    })
  })

  it('is not signed without a secret', async () => {
    expect((await tell('dingtalk', two, { path: '/robot/send?access_token=abc' })).path).toBe(
      '/robot/send?access_token=abc'
    )
  })
})

describe('feishu', () => {
  it('is a card of plain text, signed as its documentation says', async () => {
    const { body } = await tell('feishu', [silent('<at id=all></at>')], { secret: 'this is secret' })
    expect(body).toEqual({
      timestamp: '1767225600',
      sign: 'q8xWyNXHvqn7YYAaw34SRO/YwNPlURLNM5zbE7HsH3s=',
      msg_type: 'interactive',
      card: {
        header: {
          title: { tag: 'plain_text', content: '[FIRING:1] AgentSilent (agent_id=<at id=all></at> severity=critical)' },
          template: 'red'
        },
        elements: [{ tag: 'div', text: { tag: 'plain_text', content: 'No heartbeat of <at id=all></at>' } }]
      }
    })
  })

  it('is green when all is well, and not signed without a secret', async () => {
    const { body } = await tell('feishu', [ended(silent('a1'))])
    expect(Object.keys(body)).toEqual(['msg_type', 'card'])
    expect(body['card']).toMatchObject({ header: { template: 'green' } })
  })
})

it('wecom is text, of at most 2048 bytes', async () => {
  const many = Array.from({ length: 100 }, (_, i) => silent(`агент-${i}`))
  const { body } = await tell('wecom', many)
  expect(body).toMatchObject({ msgtype: 'text' })
  const { content } = body['text'] as { content: string }
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(2048)
  expect(content).toMatch(/^\[FIRING:100\] AgentSilent \(severity=critical\)\n\nNo heartbeat of агент-0\n/)
  expect(content).toMatch(/\n\n… and \d+ more$/)
})

describe('templates', () => {
  it('put in what alerts have, as it is', async () => {
    const alert = silent('{{ $value }} ${HOME}', { value: 0.1234 })
    const { body } = await tell('dingtalk', [alert], {
      title: '{{ $status | toUpper }}: {{ $labels.alertname }} {{ $labels.nothing }}',
      text: '{{ $annotations.summary }} at {{ $value | humanizePercentage }}, {{ $status }}'
    })
    expect(body['text']).toEqual({
      content: 'FIRING: AgentSilent \n\nNo heartbeat of {{ $value }} ${HOME} at 12.34%, firing'
    })
  })
})

describe('answers', () => {
  it.each<[WebhookConfig['type'], Answer, string, string]>([
    ['slack', { status: 404, body: 'no_service' }, 'pause', 'no_service'],
    ['slack', { status: 400, body: 'invalid_payload' }, 'split', 'invalid_payload'],
    ['slack', { status: 429, headers: { 'retry-after': '30' } }, 'retry', 'status 429'],
    ['dingtalk', { body: '{"errcode":310000,"errmsg":"sign not match"}' }, 'pause', 'code 310000 (sign not match)'],
    ['dingtalk', { body: '{"errcode":130101,"errmsg":"send too fast"}' }, 'retry', 'code 130101'],
    ['dingtalk', { body: '{"errcode":40035,"errmsg":"bad params"}' }, 'split', 'code 40035'],
    ['dingtalk', { body: '{"errcode":-1,"errmsg":"busy"}' }, 'retry', 'code -1 (busy)'],
    ['dingtalk', { body: '{"errcode":400106,"errmsg":"robot not found"}' }, 'pause', 'code 400106'],
    ['dingtalk', { body: '{"errcode":430102,"errmsg":"improper text"}' }, 'split', 'code 430102'],
    ['feishu', { body: '{"code":9499,"msg":"Bad Request"}' }, 'split', 'code 9499 (Bad Request)'],
    ['feishu', { body: '{"code":19002,"msg":"params error, msg_type need"}' }, 'split', 'code 19002'],
    ['wecom', { body: '{"errcode":93004,"errmsg":"robot is disabled"}' }, 'pause', 'code 93004'],
    ['wecom', { body: '{"errcode":40008,"errmsg":"invalid message type"}' }, 'split', 'code 40008'],
    ['feishu', { body: '{"code":19021,"msg":"sign match fail"}' }, 'pause', 'code 19021 (sign match fail)'],
    ['feishu', { body: '{"code":11232,"msg":"frequency limited"}' }, 'retry', 'code 11232'],
    ['wecom', { body: '{"errcode":93000,"errmsg":"invalid webhook url"}' }, 'pause', 'code 93000'],
    ['wecom', { body: '{"errcode":45009,"errmsg":"api freq out of limit"}' }, 'retry', 'code 45009'],
    ['wecom', { body: '<html>' }, 'pause', 'check the URL'],
    ['feishu', { body: 'null' }, 'pause', 'check the URL']
  ])('of %s: %j is "%s"', async (type, answer, fault, said) => {
    const { webhook } = await start(type, { answer })
    await expect(webhook.send(two, signal)).rejects.toMatchObject({
      fault,
      message: expect.stringContaining(said) as string
    })
  })

  it('never show what is secret, also where the receiver repeats it', async () => {
    const path = '/services/T000/B000/hunter2hunter2?access_token=swordfish'
    const body = `no such page: ${path}; code hunter2hunter2, token swordfish`
    const { webhook, server } = await start('slack', { path, answer: { status: 404, body } })
    const error = await webhook.send(two, signal).catch((thrown: unknown) => thrown)
    expect(String(error)).toMatch(/^SendError: Cannot send to "http:\/\/127.0.0.1:\d+": status 404/)
    expect(String(error)).not.toMatch(/hunter2|swordfish/)
    await server.stop()
    const away = await webhook.send(two, signal).catch((thrown: unknown) => thrown)
    expect(String(away)).not.toMatch(/hunter2|swordfish/)
    expect(webhook.name).toBe('ops')
  })

  /** What somebody may say who repeats what he was sent. */
  const echoes: readonly [how: string, said: (request: Received) => string][] = [
    ['as it is', ({ path, body }) => `${path} ${body}`],
    ['decoded', ({ path, body }) => `${decodeURIComponent(path)} ${body}`],
    ['with small letters', ({ path, body }) => `${path.replaceAll(/%../g, code => code.toLowerCase())} ${body}`],
    ['encoded again', ({ path, body }) => encodeURIComponent(path + body)],
    ['with slashes escaped', ({ path, body }) => (path + body).replaceAll('/', '\\/').replaceAll('&', '\\u0026')],
    [
      'as HTML',
      ({ path, body }) => (path + body).replaceAll('&', '&amp;').replaceAll('/', '&#x2F;').replaceAll('+', '&#43;')
    ],
    ['its headers', ({ headers }) => JSON.stringify(headers)]
  ]
  const keyed: readonly [WebhookConfig['type'], path: string][] = [
    ['dingtalk', '/robot/send?access_token=5f2c9e8a77'],
    ['feishu', '/open-apis/bot/v2/hook/5f2c9e8a77'],
    ['wecom', '/cgi-bin/webhook/send?key=5f2c9e8a77'],
    ['slack', '/services/T00000000/B00000000/5f2c9e8a77'],
    ['generic', '/hooks/abcdefghijklmnop?k=5f2c9e8a77']
  ]

  it.each(keyed.flatMap(([type, path]) => echoes.map(([how, said]) => ({ type, path, how, said }))))(
    'of $type hold no secret that comes back $how, whether refused or with a code',
    async ({ type, path, said }) => {
      const server = await Receiver.start()
      const url = `${server.url.replace('//', '//user:p%40ss%2Fword@')}${path}`
      const receiver = receiverAt(url, { headers: { 'x-key': 'swordfish' } })
      const config = { name: 'ops', type, secret: 'SEC/+&top', groups, receiver }
      const webhook = new Webhook(config, nowhere, parts)
      const shown: string[] = []
      for (const status of [200, 400, 500]) {
        // The whole of it, and so long that what is shown ends within a secret.
        for (const before of ['', 'x'.repeat(196), 'x'.repeat(290)]) {
          server.answer = request => {
            const text = before + said(request)
            const reply = { errcode: 7, code: 7, errmsg: text, msg: text }
            return { status, body: status === 400 ? text : JSON.stringify(reply) }
          }
          const thrown: unknown = await webhook.send(two, signal).catch((error: unknown) => error)
          shown.push(thrown instanceof Error ? thrown.message : '')
        }
      }
      const [{ path: sentPath, body }] = server.received as [Received]
      const sign =
        new URL(sentPath, 'http://a').searchParams.get('sign') ?? (JSON.parse(body) as { sign?: string }).sign
      const secrets = [
        '5f2c',
        '9e8a77',
        'swordfish',
        'word@',
        'p@ss',
        'p%40ss',
        'dXNlcjpwQHNzL3dvcmQ',
        'abcdefgh',
        'SEC/'
      ]
      if (type === 'dingtalk') secrets.push('1767225')
      if (sign !== undefined) secrets.push(sign.slice(0, 8), encodeURIComponent(sign).slice(-12))
      for (const text of shown)
        for (const secret of secrets) expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
      expect(shown.join()).toContain(`Cannot send to "${server.url}"`)
    }
  )
})
