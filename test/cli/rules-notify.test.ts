import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../fakes/folder.ts'
import { Receiver } from '../fakes/receiver.ts'
import { readRequest, unsnappy } from '../rules/notify/remote-write-reader.ts'
import { command } from './command.ts'

function configWith(rules: string): string {
  const file = join(tempFolder(), 'collector.yaml')
  const rest = 'version: 1\ninputs: { a: { type: file, paths: [/a] } }\noutputs: { o: { type: "null" } }\n'
  writeFileSync(file, rest + rules)
  return file
}

test('rules notify: everybody gets a test alert', async () => {
  const [one, two] = [await Receiver.start(), await Receiver.start()]
  const file = configWith(`rules: { alertmanagers: ["${one.url}", { url: "${two.url}/am", token: "\${TOKEN}" }] }\n`)
  const { code, out, err } = await command(['rules', 'notify', file], { TOKEN: 's3cret' })
  expect({ code, out, err }).toEqual({ code: 0, out: `ok: ${one.url}\nok: ${two.url}/am\n`, err: '' })
  expect(one.bodies).toMatchObject([[{ labels: { alertname: 'CollectorTest', severity: 'info' } }]])
  expect(two.received[0]!.headers.authorization).toBe('Bearer s3cret')
})

test('rules notify: webhooks get a message at once, and their names stand for them', async () => {
  const [slack, wecom] = [await Receiver.start(), await Receiver.start()]
  wecom.answer = { body: '{"errcode":93000,"errmsg":"invalid webhook url, key hunter2"}' }
  const file = configWith(`rules:
  webhooks:
    chat: { type: slack, url: "${slack.url}/services/hunter2" }
    group: { type: wecom, url: "${wecom.url}/cgi-bin/webhook/send?key=hunter2" }
`)
  const { code, out, err } = await command(['rules', 'notify', file])
  expect({ code, out, err }).toEqual({
    code: 1,
    out: `ok: chat\nfailed: group: Cannot send to "${wecom.url}": code 93000 (invalid webhook url, key …)\n`,
    err: ''
  })
  expect(slack.bodies).toMatchObject([
    { attachments: [{ title: expect.stringContaining('[FIRING:1] CollectorTest') }] }
  ])
})

test('rules notify: the test alert is written remotely, too', async () => {
  const server = await Receiver.start()
  const file = configWith(`rules: { remote_write: ["${server.url}/api/v1/write"] }\n`)
  expect(await command(['rules', 'notify', file])).toMatchObject({ code: 0, out: `ok: ${server.url}/api/v1/write\n` })
  const written = server.received.flatMap(({ bytes }) => readRequest(unsnappy(bytes)))
  expect(written.map(({ isStale }) => isStale)).toEqual([false, false, true, true])
})

test('rules notify: says who does not get it, and why', async () => {
  const [well, ill] = [await Receiver.start(), await Receiver.start()]
  ill.answer = { status: 401 }
  const file = configWith(
    `rules: { alertmanagers: ["${well.url}", { url: "${ill.url}", user: me, password: hunter2 }] }\n`
  )
  const { code, out } = await command(['rules', 'notify', file])
  expect(code).toBe(1)
  expect(out).toBe(
    `ok: ${well.url}\nfailed: ${ill.url}: Cannot send to "${ill.url}": status 401: check "user" and "password", or "token"\n`
  )
  const json = await command(['rules', 'notify', '--json', file])
  expect(json.code).toBe(1)
  expect(JSON.parse(json.out)).toMatchObject([
    { name: well.url, sent: 1 },
    { name: ill.url, sent: 0, error: expect.stringContaining('status 401') as string }
  ])
  expect(out + json.out).not.toContain('hunter2')
})

test('rules notify: says where nobody is named, and what is wrong with a configuration', async () => {
  expect(await command(['rules', 'notify', configWith('')])).toMatchObject({
    code: 2,
    err: 'error: Nobody is told about alerts: name "alertmanagers", "webhooks" or "remote_write" under "rules"\n'
  })
  const wrong = configWith('rules: { alertmanagers: ["http://169.254.169.254"] }\n')
  const { code, err } = await command(['rules', 'notify', wrong])
  expect(code).toBe(2)
  expect(err).toContain('Cannot send alerts to "169.254.169.254"')
})
