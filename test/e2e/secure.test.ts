import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { tempFolder } from '../fakes/folder.ts'
import { Authority } from './certificates.ts'
import { Proxy } from './proxy.ts'
import { eachOnce, Stage } from './stage.ts'

const url = inject('elasticsearch')
const lines = 3000
const authority = new Authority('Test CA')
const server = authority.issue('server')

let stage: Stage
let proxy: Proxy
afterEach(async () => {
  await stage.remove()
  await proxy.close()
})

describe('TLS', () => {
  test('with an API key: the server is known by its authority', async () => {
    const tls = filesOf({ ca_file: authority.cert })
    await run(`tls: { ${tls} }, api_key: c2VjcmV0`, request => request.headers.authorization === 'ApiKey c2VjcmV0')
  })

  test('with user and password', async () => {
    const tls = filesOf({ ca_file: authority.cert })
    const expected = `Basic ${Buffer.from('agent:größe:1').toString('base64')}`
    await run(
      `tls: { ${tls} }, user: agent, password: "größe:1"`,
      request => request.headers.authorization === expected
    )
  })

  test('with a client certificate', async () => {
    const client = authority.issue('collector')
    const tls = filesOf({ ca_file: authority.cert, cert_file: client.cert, key_file: client.key })
    await run(`tls: { ${tls} }`, request => (request.socket as TLSSocket).authorized)
  })

  test('a server of an unknown authority gets nothing: the output pauses, then delivers once the right server is there', async () => {
    const stranger = new Authority('Test CA').issue('server')
    proxy = await Proxy.listen(url, stranger)
    let requests = 0
    proxy.guard = () => void requests++
    stage = new Stage({ url, endpoint: proxy.url, output: `tls: { ${filesOf({ ca_file: authority.cert })} }` })
    stage.writeJournal('j0', 0, lines)
    stage.site.start()
    await stage.says(/certificate.*paused: unreachable/)
    expect(requests).toBe(0)
    proxy.use(server)
    await delivers()
  })

  test('a wrong key: the output pauses, then delivers once the key is valid', async () => {
    proxy = await Proxy.listen(url, server)
    proxy.guard = () => 401
    const tls = filesOf({ ca_file: authority.cert })
    stage = new Stage({ url, endpoint: proxy.url, output: `tls: { ${tls} }, api_key: c2VjcmV0` })
    stage.writeJournal('j0', 0, lines)
    stage.site.start()
    await stage.says(/status 401.*paused: unauthorized/)
    expect(stage.site.messages).not.toContain('c2VjcmV0')
    expect(await stage.letters()).toEqual([])
    proxy.guard = () => undefined
    await delivers()
  })
})

/** Delivers through a proxy that lets only those in who are allowed. */
async function run(output: string, isAllowed: (request: IncomingMessage) => boolean): Promise<void> {
  proxy = await Proxy.listen(url, { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: false })
  proxy.guard = request => (isAllowed(request) ? undefined : 401)
  stage = new Stage({ url, endpoint: proxy.url, output })
  stage.writeJournal('j0', 0, lines)
  stage.site.start()
  await delivers()
}

async function delivers(): Promise<void> {
  await stage.settles(lines)
  expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
  expect(await stage.journal('j0', lines)).toEqual(eachOnce)
}

/** Writes PEM files and returns the options that name them. */
function filesOf(texts: Readonly<Record<string, string>>): string {
  const folder = tempFolder()
  const options = Object.entries(texts).map(([option, text]) => {
    const path = join(folder, `${option}.pem`)
    writeFileSync(path, text, { mode: 0o600 })
    return `${option}: "${path}"`
  })
  return options.join(', ')
}
