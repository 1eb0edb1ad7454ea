import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type LookupFunction, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import type { Check } from '../../src/pipeline/probe/probe.ts'
import { proxyOf } from '../../src/pipeline/probe/proxies.ts'
import { reach } from '../../src/pipeline/probe/reach.ts'
import { Authority } from '../e2e/certificates.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { tempFolder } from '../fakes/folder.ts'
import { HostileServer, type Hostility } from '../fakes/hostile-server.ts'
import { FakeOtlpGrpc } from '../fakes/otlp-grpc.ts'
import { FakeOtlp } from '../fakes/otlp.ts'
import { command, type Finished, recorder } from './command.ts'

const authority = new Authority('Test CA')
const identity = authority.issue('server')
const secret = 'hunter2-of-the-test'

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const http = async (answer: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listening(createHttp(answer))}`
const https = async (answer: RequestListener): Promise<string> =>
  `https://127.0.0.1:${await listening(createHttps(identity, answer))}`

/** Does something to whoever connects. */
async function tcp(meet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  onTestFinished(() => sockets.forEach(socket => socket.destroy()))
  const port = await listening(
    createTcp(socket => {
      sockets.add(socket.on('error', () => undefined))
      meet(socket)
    })
  )
  return `127.0.0.1:${port}`
}

/** Elasticsearch, as far as it can be asked. */
function elasticsearch(rights: Record<string, boolean>, seen: string[] = [], ahead = 0): RequestListener {
  return (request, response) => {
    seen.push(`${request.method} ${request.url}`)
    const date = new Date(Date.now() + ahead).toUTCString()
    response.writeHead(200, { 'content-type': 'application/json', date })
    const index = { 'logs-mcp.agent-default': rights }
    response.end(JSON.stringify(request.method === 'GET' ? { version: { number: '9.5.3' } } : { index }))
  }
}

class Place {
  readonly folder = tempFolder()
  readonly config = join(this.folder, 'my.yaml')
  readonly ca = join(this.folder, 'ca.pem')

  constructor(yaml: (place: { ca: string }) => string) {
    writeFileSync(this.ca, authority.cert)
    writeFileSync(join(this.folder, 'a.log'), 'one\n')
    writeFileSync(this.config, `version: 1\ncollector: { state_dir: state }\n${yaml(this)}`)
  }

  text(...options: string[]): Promise<Finished> {
    return command(['check', this.config, '--probe', ...options])
  }

  /** What was found, as `name: state: text`. */
  async found(timeout = '30s'): Promise<Record<string, string[]>> {
    const { out, err } = await this.text('--json', '--timeout', timeout)
    if (out === '') throw new Error(err)
    expect(out + err).not.toContain(secret)
    const { checks, problems } = JSON.parse(out) as { checks: Check[]; problems?: unknown }
    expect(problems).toBeUndefined()
    const all: Record<string, string[]> = {}
    for (const { of, what, state, text } of checks) {
      ;(all[of.replaceAll('"', '')] ??= []).push(`${what}: ${state}: ${text}`)
    }
    return all
  }
}

const files = 'inputs: { app: { type: file, paths: [a.log] } }\n'
const outputs = (all: Readonly<Record<string, string>>): string =>
  `${files}outputs:\n${Object.entries(all)
    .map(([name, options]) => `  ${name}: { ${options} }\n`)
    .join('')}`

test('a table of what is well, and nothing is written anywhere', async () => {
  const seen: string[] = []
  const url = await https(elasticsearch({ create_doc: true, auto_configure: true }, seen))
  const otlp = await FakeOtlp.start()
  onTestFinished(() => otlp.stop())
  const place = new Place(({ ca }) =>
    outputs({
      es: `type: elasticsearch, endpoints: ["${url}"], api_key: ${secret}, tls: { ca_file: "${ca}" }`,
      otlp: `type: otlp, endpoint: "${otlp.url}"`,
      file: 'type: file, path: new/rows.ndjson',
      out: 'type: stdout'
    })
  )
  const { code, out, err } = await place.text()
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const shown = out
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(place.folder, '')
    .replaceAll(/ {2,}/g, '  ')
  const ends = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  expect(
    shown.replace(ends, 'END').replace('in 1 days', 'in 0 days')
  ).toBe(`The configuration is right: 1 input, 4 outputs, 1 pipeline
of  at  check  state  found
input "app"  /a.log  ok  1 file
output "es"  https://HOST  connection  ok  127.0.0.1 takes connections
output "es"  https://HOST  certificate  warning  for "server" by "Test CA", it ends END, in 0 days: renew it
output "es"  https://HOST  version  ok  Elasticsearch 9.5.3
output "es"  https://HOST  credentials  ok  accepted
output "es"  https://HOST  rights  ok  may write to "logs-mcp.agent-default"
output "es"  https://HOST  clock  ok  as ours
output "otlp"  http://HOST  connection  ok  127.0.0.1 takes connections
output "otlp"  http://HOST  request  ok  takes log records (http/protobuf, a request without rows was sent)
output "otlp"  http://HOST  clock  ok  as ours
output "file"  /new/rows.ndjson  ok  can be created
output "out"  stdout  ok  there is nothing to ask or to look at
12 checks: ok, 1 warning
`)
  expect(seen).toEqual([
    'GET /?filter_path=version.number,version.distribution',
    'POST /_security/user/_has_privileges'
  ])
  const colours = recorder(true)
  await main(['check', place.config, '--probe'], { env: { HOME: '/nonexistent' }, out: colours, err: recorder() })
  expect(colours.text()).toMatch(/\n<yellow>output "es" .* warning .*<\/>\n/)
})

const es = (url: string, more = ''): string => `type: elasticsearch, endpoints: ["${url}"]${more}`

test('says what fails, of each endpoint, and what to do', async () => {
  const fake = await FakeElasticsearch.start({ authorization: 'ApiKey another' })
  onTestFinished(() => fake.stop())
  const plain = await http((_, response) => response.end('<html>It works</html>'))
  const grpc = await FakeOtlpGrpc.start()
  onTestFinished(() => grpc.stop())
  const untrusted = await https(elasticsearch({}))
  const narrow = await http(elasticsearch({ create_doc: true, auto_configure: false }, [], 3_600_000))
  const place = new Place(() =>
    outputs({
      key: es(fake.url, `, api_key: ${secret}`),
      other: es(plain),
      untrusted: es(untrusted),
      skipped: es(untrusted, ', tls: { skip_verify: true }'),
      plain: es(plain.replace('http:', 'https:')),
      narrow: es(narrow.replace('//', `//me:${secret}@`)),
      nobody: es('http://127.0.0.1:1'),
      file: 'type: file, path: a.log/rows.ndjson',
      folder: 'type: file, path: .',
      path: `type: otlp, endpoint: "${fake.url}"`,
      grpc: `type: otlp, protocol: grpc, endpoint: "${grpc.url}"`
    })
  )
  const found = await place.found()
  expect(found['output key']!.slice(1)).toEqual([
    expect.stringMatching(/^answer: failed: .*status 401.*check "user" and "password", or "api_key"$/)
  ])
  expect(found['output other']![1]).toBe('version: failed: it does not answer as Elasticsearch does: check the address')
  expect(found['output untrusted']![1]).toMatch(
    /^certificate: failed: the certificate is not trusted .*set "tls.ca_file"; it is for "server" by "Test CA"/
  )
  expect(found['output skipped']![1]).toMatch(/^certificate: warning: .*not verified, as "tls.skip_verify" says$/)
  expect(found['output plain']![1]).toMatch(/^certificate: failed: the server does not speak TLS/)
  expect(found['output narrow']!.slice(-2)).toEqual([
    'rights: failed: no right to auto_configure in "logs-mcp.agent-default": grant it to the user or API key',
    expect.stringMatching(/^clock: warning: 3(599|600) s ahead of ours/)
  ])
  expect(found['output nobody']).toEqual(['connection: failed: connection refused, nothing listens there'])
  expect(found['output file']).toEqual([
    expect.stringMatching(/failed: .*a.log\/rows.ndjson" can not be written: ENOTDIR/)
  ])
  expect(found['output folder']).toEqual([expect.stringContaining('failed: it is no regular file')])
  expect(found['output path']![1]).toMatch(/^answer: failed: .*status 401/)
  expect(found['output grpc']![1]).toBe('request: ok: takes log records (grpc, a request without rows was sent)')
  expect((await place.text()).code).toBe(1)
})

test('hostile servers take no longer than they may, all at once', async () => {
  const fake = await FakeElasticsearch.start()
  onTestFinished(() => fake.stop())
  const before = async (mode: Hostility): Promise<string> => {
    const server = await HostileServer.before(fake.url)
    server.become(mode)
    onTestFinished(() => server.stop())
    return server.url
  }
  const modes = ['hang', 'trickle', 'endless-body', 'endless-headers', 'reset', 'redirect', 'garbage'] as const
  const silent = `https://${await tcp(() => undefined)}`
  const gone = `https://${await tcp(socket => socket.destroy())}`
  const urls = Object.fromEntries(await Promise.all(modes.map(async mode => [mode, await before(mode)] as const)))
  const lines = modes.flatMap(mode => [
    [`es-${mode}`, `type: elasticsearch, endpoints: ["${urls[mode]}"]`] as const,
    [`otlp-${mode}`, `type: otlp, endpoint: "${urls[mode]}"`] as const
  ])
  const all = {
    ...Object.fromEntries(lines),
    silent: `type: elasticsearch, endpoints: ["${silent}"]`,
    gone: `type: otlp, endpoint: "${gone}"`,
    grpc: `type: otlp, protocol: grpc, endpoint: "${urls['hang']}"`
  }
  const place = new Place(() => outputs(all))
  const began = performance.now()
  const found = await place.found('2s')
  expect(performance.now() - began).toBeLessThan(20_000)
  for (const name of Object.keys(all))
    expect([name, found[`output ${name}`]!.at(-1)]).toEqual([name, expect.stringContaining(': failed: ')])
  expect(found['output es-hang']!.at(-1)).toBe('answer: failed: no answer within 2000 ms')
  expect(found['output silent']!.at(-1)).toBe('certificate: failed: no answer in time')
})

const here: LookupFunction = (_name, { all }, answer) => {
  if (all) answer(null, [{ address: '127.0.0.1', family: 4 }])
  else answer(null, '127.0.0.1', 4)
}
const nowhere: LookupFunction = (_name, _options, answer) => {
  answer(Object.assign(new Error('queryA'), { code: 'ENOTFOUND' }), [])
}

test('says who a name is, whether the certificate is for it, and that it can not be found', async () => {
  const url = new URL(await https(elasticsearch({})))
  const caFile = join(tempFolder(), 'ca.pem')
  writeFileSync(caFile, authority.cert)
  const tls = { caFile, certFile: '', keyFile: '', skipVerify: false }
  const signal = AbortSignal.timeout(30_000)
  expect(await reach({ url: `https://es.test:${url.port}`, tls, lookup: here, signal })).toMatchObject([
    { what: 'name', state: 'ok', text: 'es.test is 127.0.0.1' },
    { what: 'connection', state: 'ok' },
    {
      what: 'certificate',
      state: 'failed',
      text: expect.stringContaining('the certificate is not for "es.test" but for "localhost, 127.0.0.1"')
    }
  ])
  expect(await reach({ url: 'http://es.test', tls, lookup: nowhere, signal })).toEqual([
    { what: 'name', state: 'failed', text: 'no such host' }
  ])
  const late = AbortSignal.timeout(1)
  expect(await reach({ url: 'http://es.test', tls, lookup: () => undefined, signal: late })).toEqual([
    { what: 'name', state: 'failed', text: 'no answer in time' }
  ])
  const missing = { ...tls, caFile: '/nonexistent' }
  expect((await reach({ url: `https://es.test:${url.port}`, tls: missing, lookup: here, signal }))[2]).toMatchObject({
    state: 'failed',
    text: expect.stringContaining('Cannot read "/nonexistent", the "ca_file" in "tls"')
  })
})

test('who is told about alerts is looked for, but not told', async () => {
  const seen: string[] = []
  const url = await http((request, response) => {
    seen.push(request.url!)
    response.end()
  })
  const place = new Place(
    () => `${outputs({ out: 'type: stdout' })}rules:
  alertmanagers: ["${url}/${secret}"]
  webhooks: { ops: { type: slack, url: "http://127.0.0.1:1/${secret}" } }
  remote_write: ["${url}/${secret}"]
`
  )
  expect(await place.found()).toMatchObject({
    alertmanager: [expect.stringContaining('connection: ok'), expect.stringContaining('answer: ok: not asked')],
    'webhook ops': ['connection: failed: connection refused, nothing listens there'],
    'remote write': [expect.stringContaining('connection: ok'), expect.stringContaining('answer: ok: not asked')]
  })
  expect(seen).toEqual([])
})

test('looks at the paths of inputs', async () => {
  const place = new Place(
    () => `inputs:
  app: { type: file, paths: ["*.log", "none/*.log", "${import.meta.filename}"], exclude: [b.log] }
  link: { type: file, paths: [link] }
  folder: { type: file, paths: [state.d] }
outputs: { out: { type: stdout } }
`
  )
  writeFileSync(join(place.folder, 'b.log'), 'one\n')
  symlinkSync(join(place.folder, 'a.log'), join(place.folder, 'link'))
  mkdirSync(join(place.folder, 'state.d'))
  const found = await place.found()
  expect(found['input app']).toEqual([
    `${place.folder}/*.log: ok: 1 file, 1 left out by "exclude"`,
    `${place.folder}/none/*.log: warning: no file: those that appear are followed at once`,
    `${import.meta.filename}: ok: 1 file`
  ])
  expect(found['input link']).toContain(
    `${place.folder}/link: failed: a symbolic link: set "follow_symlinks" to follow it`
  )
  expect(found['input folder']!.at(-1)).toMatch(/failed: a folder: name the files in it/)
})

test('a proxy is asked for where there is one', () => {
  const env = { HTTPS_PROXY: `http://me:${secret}@proxy:3128`, no_proxy: 'localhost, .example.org,es:9200' }
  expect(proxyOf('https://es.example.com', env)).toBe('http://proxy:3128')
  expect(proxyOf('https://es:9201', env)).toBe('http://proxy:3128')
  for (const url of ['http://es.example.com', 'https://es.example.org', 'https://es:9200', 'https://localhost:1']) {
    expect([url, proxyOf(url, env)]).toEqual([url, undefined])
  }
})

test.each([
  ['soon', ''],
  ['0s', ': expected more than 0s'],
  ['30d', ': expected more than 0s and not more than 1h']
])('refuses to wait for %s', async (time, why) => {
  const place = new Place(() => outputs({ out: 'type: stdout' }))
  expect(await place.text('--timeout', time)).toMatchObject({
    code: 2,
    err: expect.stringContaining(`Cannot use "${time}" for --timeout${why}`)
  })
})
