import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hungThreads } from '../../src/core/hung-threads.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { systemClock } from '../../src/core/clock.ts'
import { type Check, look, targetOf } from '../../src/inputs/probe/checks.ts'
import { FedFile } from '../../src/inputs/probe/fed-file.ts'
import { readPidFile } from '../../src/inputs/probe/pid-file.ts'
import { startProber, type Target } from '../../src/inputs/probe/prober.ts'
import { tempFolder } from '../fakes/folder.ts'

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function serving(listener: RequestListener): Promise<string> {
  const server = createHttp(listener)
  onTestFinished(() => server.closeAllConnections())
  return `http://127.0.0.1:${await listening(server)}`
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise(resolve => server.close(resolve))
  return port
}

function found(check: Check, ms = 10_000) {
  return look(check, AbortSignal.timeout(ms))
}

test('a server answers, or with which status it does not; where it redirects to is not looked at', async () => {
  let other = 0
  const elsewhere = await serving((_, response) => {
    other++
    response.end()
  })
  const url = await serving((request, response) => {
    response.writeHead(Number(request.url!.slice(1)), { location: elsewhere }).end('x'.repeat(100_000))
  })
  expect(await found({ type: 'http', url: `${url}/200` })).toEqual({ error: '', status: 200 })
  expect(await found({ type: 'http', url: `${url}/302` })).toEqual({ error: '', status: 302 })
  expect(await found({ type: 'http', url: `${url}/404` })).toEqual({ error: 'status', status: 404 })
  expect(await found({ type: 'http', url: `${url}/503` })).toEqual({ error: 'status', status: 503 })
  expect(other).toBe(0)
})

test('why there is no answer', async () => {
  const port = await closedPort()
  expect(await found({ type: 'http', url: `http://127.0.0.1:${port}` })).toEqual({ error: 'refused' })
  expect(await found({ type: 'tcp', host: '127.0.0.1', port })).toEqual({ error: 'refused' })
  expect(await found({ type: 'http', url: await serving(() => {}) }, 50)).toEqual({ error: 'timeout' })
  expect(await found({ type: 'http', url: await serving(request => request.socket.destroy()) })).toEqual({
    error: 'reset'
  })
  const talker = await listening(createServer(socket => void socket.on('error', () => {}).end('SSH-2.0\r\n')))
  expect(await found({ type: 'http', url: `http://127.0.0.1:${talker}` })).toEqual({ error: 'protocol' })
  expect(await found({ type: 'http', url: `https://127.0.0.1:${talker}` })).toMatchObject({ error: 'tls' })
  expect(await found({ type: 'tcp', host: '127.0.0.1', port: talker })).toEqual({ error: '' })
})

test('a process is there, or why that is not known', async () => {
  const file = join(tempFolder(), 'agent.pid')
  expect(await found({ type: 'pid', pid: process.pid })).toEqual({ error: '' })
  expect(await found({ type: 'pid', pid: 4_194_304 })).toEqual({ error: 'not_running' })
  expect(await found({ type: 'pid', file })).toEqual({ error: 'pid_file_missing' })
  for (const text of ['', 'x', '-1', '0', '99999999', '1;2']) {
    writeFileSync(file, text)
    expect(await found({ type: 'pid', file })).toEqual({ error: 'pid_file_invalid' })
  }
  writeFileSync(file, `${process.pid}\n`)
  // what nobody writes to would have all of the collector wait
  const pipe = `${file}.pipe`
  execFileSync('mkfifo', [pipe])
  expect(await found({ type: 'pid', file: pipe })).toEqual({ error: 'pid_file_invalid' })
  expect(await found({ type: 'pid', file: tempFolder() })).toEqual({ error: 'pid_file_invalid' })
  expect(await found({ type: 'pid', file })).toEqual({ error: '' })
})

test('a file of a process on a mount that hangs is asked for once, and holds up nobody', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  let asked = 0
  const read = () => {
    asked++
    return promise
  }
  for (let i = 0; i < 3; i++)
    await expect(readPidFile('/far/agent.pid', AbortSignal.timeout(20), read)).rejects.toThrow('no answer')
  expect(asked).toBe(1)
  // So that the end of the program does not wait for it.
  expect(hungThreads.size).toBe(1)
  resolve('17')
  await vi.waitFor(() => expect(hungThreads.size).toBe(0))
  const stop = new AbortController()
  expect(await readPidFile('/far/agent.pid', stop.signal, () => Promise.resolve('18'))).toBe('18')
  // An answer that came is not waited for.
  await new Promise(done => setImmediate(done))
  stop.abort()
  expect(hungThreads.size).toBe(0)
})

test('a target is shown without its password and what is asked there', () => {
  expect(targetOf({ type: 'http', url: 'http://me:secret@h:1/p?key=secret' })).toBe('http://h:1/p')
  expect(targetOf({ type: 'tcp', host: '::1', port: 80 })).toBe('[::1]:80')
})

test('each look is a row, also where another target hangs', async () => {
  const stateDir = tempFolder()
  const targets: Target[] = [
    { name: 'hangs', check: { type: 'http', url: await serving(() => {}) }, agent: '' },
    { name: 'self', check: { type: 'pid', pid: process.pid }, agent: 'agent-7' }
  ]
  const waiting = new Set<() => void>()
  const after = (ms: number, run: () => void): (() => void) => {
    const cancel = systemClock.after(ms, () => (waiting.delete(run), run()))
    waiting.add(run)
    return () => (waiting.delete(run), cancel())
  }
  const clock = { ...systemClock, after }
  const context = { name: 'health', stateDir, clock, log: silentLog, meter: new Meter() }
  const feed = startProber({ targets, intervalMs: 100, timeoutMs: 80 }, context)
  onTestFinished(() => feed.stop())
  const path = join(stateDir, 'fed', 'health.log')
  const rowsOf = (name: string): Record<string, unknown>[] => {
    const rows = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    return rows.filter(row => row['probe.name'] === name)
  }
  await vi.waitFor(() => expect([rowsOf('hangs').length > 2, rowsOf('self').length > 2]).toEqual([true, true]), 60_000)
  const { url } = targets[0]!.check as { url: string }
  expect(rowsOf('hangs')[0]).toEqual({
    '@timestamp': expect.stringMatching(/^\d{4}-.*Z$/) as string,
    level: 'warn',
    message: `Probe hangs: http "${url}/" fails: timeout`,
    event: 'probe',
    'probe.name': 'hangs',
    'probe.type': 'http',
    'probe.target': `${url}/`,
    'probe.outcome': 'failure',
    'probe.duration_ms': expect.any(Number) as number,
    'error.type': 'timeout'
  })
  expect(rowsOf('self')[0]).toMatchObject({ level: 'info', agent_id: 'agent-7', 'probe.outcome': 'success' })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  feed.stop()
  const { length } = readFileSync(path)
  // looks that were under way end, and none begins
  await vi.waitFor(() => expect(waiting.size).toBe(0), 60_000)
  expect(readFileSync(path)).toHaveLength(length)
})

test('rows that can not be written are counted, told once, and nothing ends', async () => {
  const stateDir = tempFolder()
  mkdirSync(join(stateDir, 'fed', 'health.log'), { recursive: true })
  const warnings: string[] = []
  const meter = new Meter()
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) }
  const target: Target = { name: 'self', check: { type: 'pid', pid: process.pid }, agent: '' }
  const context = { name: 'health', stateDir, clock: systemClock, log, meter }
  const feed = startProber({ targets: [target], intervalMs: 20, timeoutMs: 20 }, context)
  onTestFinished(() => feed.stop())
  const { labels } = meter.of('collector_input_errors_total', 'health', 'write')
  await vi.waitFor(() => expect(meter.of('collector_input_errors_total', ...labels).value).toBeGreaterThan(2), 60_000)
  expect(warnings).toEqual(['Cannot write what a probe found: it is lost'])
})

test('the file of rows is rotated at a mebibyte, and one old one is kept', () => {
  const folder = tempFolder()
  const path = join(folder, 'fed', 'a.log')
  const row = { text: 'x'.repeat(10_000) }
  for (let i = 0; i < 300; i++) new FedFile(path).append({ ...row, i })
  const file = new FedFile(path)
  for (let i = 300; i < 400; i++) file.append({ ...row, i })
  expect(readdirSync(join(folder, 'fed')).toSorted()).toEqual(['a.log', 'a.log.1'])
  for (const one of ['a.log', 'a.log.1']) expect(statSync(join(folder, 'fed', one)).size).toBeLessThan(1_100_000)
  const last = readFileSync(path, 'utf8').trim().split('\n').at(-1)
  expect(JSON.parse(last ?? '')).toMatchObject({ i: 399 })
})
