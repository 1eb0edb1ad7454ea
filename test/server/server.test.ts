import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/client.ts'
import { silentLog } from '../../src/core/log.ts'
import { openServer, type RunningServer, type ServerOptions } from '../../src/server/server.ts'
import { FakeCollector } from '../fakes/collector.ts'

const token = 'a-token-of-the-test'
const free = { host: '127.0.0.1', port: 0 }

let stateDir: string
let collector: FakeCollector
const servers: RunningServer[] = []

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'server-'))
  collector = new FakeCollector(stateDir)
  collector.start()
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.close()))
  rmSync(stateDir, { recursive: true })
})

describe('server probes', () => {
  test('readyz is 503 only while starting and draining', async () => {
    const { address } = await open()
    for (const [ready, status] of [
      ['starting', 503],
      ['ready', 200],
      ['draining', 503]
    ] as const) {
      collector.ready = ready
      expect(await get(address, '/readyz')).toMatchObject({ status, json: { status: ready } })
      expect((await get(address, '/livez')).status).toBe(200)
    }
  })

  test('readyz stays 200 while an output is paused and the state directory is full', async () => {
    const { address } = await open()
    collector.degraded = ['Cannot write']
    expect((await get(address, '/readyz')).status).toBe(200)
  })

  test('health is UP with a paused output, and says so', async () => {
    const { address } = await open()
    const { status, json } = await get(address, '/actuator/health')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      status: 'UP',
      components: {
        outputs: { status: 'UP', details: { 'default/es': 'paused: status 401' } },
        state: { status: 'UP' }
      }
    })
  })

  test('health is DOWN while the state directory can not be written, OUT_OF_SERVICE while draining', async () => {
    const { address } = await open()
    collector.degraded = ['Cannot write']
    expect(await get(address, '/actuator/health')).toMatchObject({
      status: 503,
      json: { status: 'DOWN', components: { state: { status: 'DOWN', details: { problems: ['Cannot write'] } } } }
    })
    collector.degraded = []
    collector.ready = 'draining'
    expect(await get(address, '/actuator/health')).toMatchObject({ status: 503, json: { status: 'OUT_OF_SERVICE' } })
  })

  test('probes take HEAD and refuse other methods', async () => {
    const { address } = await open()
    expect(await call(address, '/livez', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect((await call(address, '/livez', { method: 'POST' })).status).toBe(405)
  })
})

describe('server metrics', () => {
  test('are the samples in Prometheus format, labels escaped', async () => {
    collector.sampleRows = [
      { name: 'collector_input_read_bytes_total', labels: ['a"b\\c\nd'], value: 42 },
      { name: 'collector_input_sources', labels: ['agent'], value: 3 },
      { name: 'collector_rows_total', labels: ['es', 'delivered'], value: Number.NaN },
      { name: 'collector_rows_total', labels: ['es', 'duplicate'], value: 5 }
    ]
    const { address } = await open()
    const { status, headers, body } = await call(address, '/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toContain('# TYPE collector_input_read_bytes_total counter\n')
    expect(body).toContain('collector_input_read_bytes_total{input="a\\"b\\\\c\\nd"} 42\n')
    expect(body).toContain('# TYPE collector_input_sources gauge\ncollector_input_sources{input="agent"} 3\n')
    expect(body).toContain('collector_rows_total{output="es",end="duplicate"} 5\n')
    expect(body).not.toContain('NaN')
    expect(body).toMatch(/^process_cpu_seconds_total \d/m)
    expect(body).toMatch(/^process_resident_memory_bytes \d/m)
  })

  test('follow the samples from scrape to scrape', async () => {
    const { address } = await open()
    for (const value of [1, 2, 7]) {
      collector.sampleRows = [{ name: 'collector_state_dead_letters', labels: ['es'], value }]
      expect((await call(address, '/metrics')).body).toContain(`collector_state_dead_letters{output="es"} ${value}\n`)
    }
  })

  test('listener of their own has no API and no details', async () => {
    const { metricsAddress } = await open({ metricsListen: free, token })
    expect((await get(metricsAddress!, '/metrics')).status).toBe(200)
    expect((await get(metricsAddress!, '/readyz')).status).toBe(200)
    const health = await get(metricsAddress!, '/actuator/health')
    expect(health.json).toEqual({
      status: 'UP',
      components: {
        collector: { status: 'UP' },
        state: { status: 'UP' },
        inputs: { status: 'UP' },
        outputs: { status: 'UP' }
      }
    })
    const authorization = `Bearer ${token}`
    expect((await call(metricsAddress!, '/api/v1/status', { headers: { authorization } })).status).toBe(404)
  })
})

describe('server api', () => {
  test('tells status and ledger', async () => {
    const { address } = await open()
    expect(await get(address, '/api/v1/status')).toMatchObject({ status: 200, json: { stateDir, ready: 'ready' } })
    expect(await get(address, '/api/v1/ledger')).toMatchObject({
      status: 200,
      json: { rows: [{ output: 'default/es' }] }
    })
  })

  test('lists dead letters in pages, newest first', async () => {
    const { address } = await open()
    const first = await get(address, '/api/v1/dead-letters?limit=2')
    expect(first.json).toMatchObject({ letters: [{ id: 3 }, { id: 2 }], next: 2 })
    const second = await get(address, '/api/v1/dead-letters?limit=2&before=2')
    expect(second.json).toMatchObject({ letters: [{ id: 1 }] })
    expect(second.json).not.toHaveProperty('next')
    expect((await get(address, '/api/v1/dead-letters?output=default/audit')).json).toMatchObject({
      letters: [{ id: 3 }]
    })
    expect((await get(address, '/api/v1/dead-letters/2')).json).toMatchObject({ row: expect.stringContaining('row 2') })
    expect((await get(address, '/api/v1/dead-letters/9')).status).toBe(404)
    for (const query of ['limit=0', 'limit=-1', 'limit=x', 'before=1.5']) {
      expect((await get(address, `/api/v1/dead-letters?${query}`)).status).toBe(400)
    }
  })

  test('replays and deletes named and all letters', async () => {
    await open()
    const body = { all: true, output: 'default/es' }
    expect(await ask(stateDir, { method: 'POST', path: '/api/v1/dead-letters/replay', body })).toMatchObject({
      delivered: 2
    })
    expect(await ask(stateDir, { method: 'DELETE', path: '/api/v1/dead-letters', body: { ids: [2, 9] } })).toEqual({
      dropped: 1
    })
    expect(collector.calls).toEqual(['start', 'replay 1,2', 'delete 2,9'])
  })

  test.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '{"ids":[1],"all":true}',
    '{"ids":["1"]}',
    '{"ids":[-1]}',
    '{"all":true,"output":1}'
  ])('refuses the selection %j and does nothing', async body => {
    const { address } = await open({ token })
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/dead-letters', { method: 'DELETE', headers, body })).status).toBe(400)
    expect(collector.calls).toEqual(['start'])
  })

  test('refuses a body over 1 MiB, with and without a length', async () => {
    const { address } = await open({ token })
    const body = `{"ids":[${'1,'.repeat(600_000)}1]}`
    for (const framing of [{}, { 'transfer-encoding': 'chunked' }]) {
      const headers = { authorization: `Bearer ${token}`, ...framing }
      const answer = await call(address, '/api/v1/dead-letters/replay', { method: 'POST', headers, body })
      expect(answer.status).toBe(413)
    }
  })

  test('does not tell a stranger why it failed', async () => {
    const { address } = await open()
    collector.ledgers = () => Promise.reject(new Error('row "secret-of-a-row"'))
    const { status, body } = await call(address, '/api/v1/ledger')
    expect(status).toBe(500)
    expect(body).not.toContain('secret')
    await expect(ask(stateDir, { path: '/api/v1/ledger' })).rejects.toThrow('secret-of-a-row')
  })
})

describe('server access', () => {
  const change = { method: 'DELETE', body: '{"ids":[1]}' }

  test('loopback lets look without a token, and change only with it', async () => {
    const { address } = await open({ token })
    expect((await get(address, '/api/v1/status')).status).toBe(200)
    expect((await call(address, '/api/v1/dead-letters', change)).status).toBe(401)
    const wrong = { authorization: 'Bearer wrong' }
    expect((await call(address, '/api/v1/dead-letters', { ...change, headers: wrong })).status).toBe(401)
    const right = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/dead-letters', { ...change, headers: right })).status).toBe(200)
  })

  test('without a token in the configuration nothing can be changed over TCP', async () => {
    const { address } = await open()
    const headers = { authorization: 'Bearer undefined' }
    expect((await call(address, '/api/v1/dead-letters', { ...change, headers })).status).toBe(403)
    expect(collector.calls).toEqual(['start'])
  })

  test('other addresses need the token for the whole API, and for nothing else', async () => {
    const { address } = await open({ listen: { host: '0.0.0.0', port: 0 }, token })
    for (const path of ['/api/v1/status', '/', '/%61pi/v1/status', '//api/v1/status']) {
      expect((await get(address, path)).status, path).toBe(401)
    }
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/status', { headers })).status).toBe(200)
    for (const path of ['/livez', '/readyz', '/metrics', '/actuator/health']) {
      expect((await get(address, path)).status, path).toBe(200)
    }
    expect((await get(address, '/actuator/health')).json).not.toHaveProperty('components.state.details')
  })

  test('loopback answers only to its own names', async () => {
    const { address } = await open()
    const port = address.split(':')[1]
    for (const host of [`localhost:${port}`, '127.0.0.1', '[::1]:8080', 'LOCALHOST']) {
      expect((await call(address, '/api/v1/status', { headers: { host } })).status, host).toBe(200)
    }
    for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`, 'localhost.evil', '[::2]', 'a@127.0.0.1']) {
      expect((await call(address, '/livez', { headers: { host } })).status, host).toBe(403)
    }
  })
})

describe('server sockets', () => {
  test('control.sock is for its owner alone and goes with the server', async () => {
    const server = await open()
    const path = join(stateDir, 'control.sock')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await server.close()
    expect(() => statSync(path)).toThrow('ENOENT')
    expect(await ask(stateDir, { path: '/api/v1/status' })).toBeUndefined()
  })

  test('a socket that nobody listens on is replaced, one that answers is not', async () => {
    writeFileSync(join(stateDir, 'control.sock'), '')
    await open()
    await expect(open()).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining('Another collector') })
    expect(await ask(stateDir, { path: '/api/v1/status' })).toMatchObject({ stateDir })
  })

  test('an address in use is told with the option to change, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const listening = open({ metricsListen: { host: '127.0.0.1', port } })
    await expect(listening).rejects.toThrow(
      `Cannot listen on "127.0.0.1:${port}": another program listens there, set metrics.listen to another port`
    )
    expect(() => statSync(join(stateDir, 'control.sock'))).toThrow('ENOENT')
    other.close()
  })

  test('goes on without control.sock where the path is too long or can not be written', async () => {
    const warnings: string[] = []
    const log = { ...silentLog, warn: (message: string) => warnings.push(message) }
    for (const dir of [join(stateDir, 'x'.repeat(200)), join(stateDir, 'missing')]) {
      const { address } = await open({ stateDir: dir, log })
      expect((await get(address, '/livez')).status).toBe(200)
    }
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('Cannot open control.sock')
  })

  test('malformed requests get 400 and harm nobody', async () => {
    const { address } = await open()
    const port = Number(address.split(':')[1])
    for (const bytes of ['GET\r\n\r\n', '\u0000\u0001\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`]) {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8')
      socket.write(bytes)
      expect(await text(socket)).toMatch(/^HTTP\/1.1 4\d\d/)
    }
    expect((await get(address, '/livez')).status).toBe(200)
  })
})

async function open(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const defaults = { listen: free, metricsListen: undefined, token: undefined, stateDir, log: silentLog }
  const server = await openServer(collector, { ...defaults, ...options })
  servers.push(server)
  return server
}

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

async function get(address: string, path: string): Promise<Answer & { json: unknown }> {
  const answer = await call(address, path)
  return { ...answer, json: answer.body.startsWith('{') ? JSON.parse(answer.body) : undefined }
}

/** `fetch` sets Host and the length by itself, so this one does not use it. */
function call(
  address: string,
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string } = {}
): Promise<Answer> {
  const [host, port] = address.replace('0.0.0.0', '127.0.0.1').split(':')
  return new Promise((resolve, reject) => {
    const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const all = { ...length, ...headers }
    const outgoing = request({ host, port: Number(port), path, method, headers: all, agent: false }, response => {
      const { statusCode = 0, headers } = response
      text(response).then(body => resolve({ status: statusCode, headers, body }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
