import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadStream, WriteStream } from 'node:tty'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { TerminalScreen } from '../../src/cli/screen.ts'
import type { Screen } from '../../src/cli/terminal.ts'
import { Numbers, takeSample } from '../../src/cli/top/sample.ts'
import { topLines } from '../../src/cli/top/view.ts'
import { silentLog } from '../../src/core/log.ts'
import { openServer, type RunningServer } from '../../src/server/server.ts'
import { FakeCollector } from '../fakes/collector.ts'
import { command, recorder } from './command.ts'

let stateDir: string
let collector: FakeCollector
let server: RunningServer

async function serve(): Promise<RunningServer> {
  const listen = { host: '127.0.0.1', port: 0 }
  return openServer(collector, { listen, metricsListen: undefined, token: undefined, stateDir, log: silentLog })
}

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'top-'))
  collector = new FakeCollector(stateDir)
  collector.start()
  server = await serve()
})

afterAll(async () => {
  await server.close()
  rmSync(stateDir, { recursive: true })
})

const agent = { role: '', service: 'mcp', host: 'node-1', version: '', firstSeenAt: 0, lastSeenAt: 0 }

test('shows rates, outputs, agents and alerts', async () => {
  collector.agentRows = [
    { ...agent, id: 'agent-1', state: 'connected' },
    { ...agent, id: 'agent-2\u001b[2J', state: 'offline' }
  ]
  const stream = recorder()
  const sample = (await takeSample(stateDir))!
  const rows = 'collector_input_rows_total{input="agent"}'
  const before = { ...sample, numbers: new Numbers(`${rows} 100\nprocess_cpu_seconds_total 1\n`) }
  const alert = { labels: { alertname: 'A', agent_id: 'agent-2' }, annotations: {}, state: 'firing' }
  const numbers = new Numbers(`${rows} 3100\nprocess_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 1048576\n`)
  const now = { ...sample, at: sample.at + 2000, numbers, alerts: [alert] }
  const lines = topLines(stream, before, now)
  expect(lines.slice(0, 5)).toEqual([
    'mcp-collector 0.1.0, process 7, ready, up 1m 1s',
    'CPU 25.0 % · memory 1.0 MiB · 1,500 rows/s · 0 B/s',
    '1 alert fires',
    '  A: agent_id=agent-2',
    'agents: 1 connected, 1 offline (agent-2\\x1b[2J)'
  ])
  expect(lines.find(line => line.startsWith('agent '))).toMatch(/^agent +file +1 +1,500 /)
})

test('prints it once where no terminal is, or as JSON', async () => {
  const [text, json, none] = await Promise.all([
    command(['top', '--state-dir', stateDir]),
    command(['top', '--json', '--state-dir', stateDir]),
    command(['top', '--state-dir', join(stateDir, 'none')])
  ])
  expect(text).toMatchObject({ code: 0, err: '', out: expect.stringContaining('\noutput  type') })
  expect(JSON.parse(json.out)).toMatchObject({
    cpu_cores: expect.any(Number),
    inputs: [{ name: 'agent', rows: 0, bytes: 0 }],
    outputs: [{ name: 'default/es', state: 'paused' }]
  })
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('No collector runs') })
})

/** `top` on a screen that is left after the first samples, or never. */
async function watched(isLeft: boolean) {
  const left = Promise.withResolvers<void>()
  const shown: (readonly string[])[] = []
  let isClosed = false
  const screen: Screen = {
    left: left.promise,
    show(lines) {
      shown.push(lines)
      if (shown.length < 2) return
      if (isLeft) left.resolve()
      else void server.close()
    },
    close: () => void (isClosed = true)
  }
  const [out, err] = [recorder(true), recorder()]
  const terminal = { env: { HOME: '/nonexistent' }, out, err, openScreen: () => Promise.resolve(screen) }
  const code = await main(['top', '--state-dir', stateDir], terminal)
  return { code, shown, isClosed, err: err.text() }
}

test('draws it anew until somebody leaves, or the collector ends', async () => {
  const { shown, ...left } = await watched(true)
  expect(left).toEqual({ code: 0, isClosed: true, err: '' })
  expect(shown[1]).toEqual(expect.arrayContaining([expect.stringContaining('mcp-collector 0.1.0'), '<dim>q ends</>']))
  const { shown: _, ...ended } = await watched(false)
  expect(ended).toEqual({ code: 0, isClosed: true, err: 'The collector has ended\n' })
  server = await serve()
})

test('a screen shows what there is room for, and leaves the terminal as it was', async () => {
  let written = ''
  const modes: boolean[] = []
  const keys = Object.assign(new EventEmitter(), {
    setRawMode(isRaw: boolean) {
      modes.push(isRaw)
      return keys
    },
    resume: () => keys,
    pause: () => keys
  })
  const stream = Object.assign(new EventEmitter(), { rows: 3, write: (text: string) => void (written += text) })
  const screen = new TerminalScreen(keys as unknown as ReadStream, stream as unknown as WriteStream)
  screen.show(['1', '2', '3', '4'])
  expect(written.split('\u001b[H')[1]).toBe('1\u001b[K\n2\u001b[K\n… 2 more lines\u001b[K\u001b[J')
  stream.rows = 4
  stream.emit('resize')
  expect(written.split('\u001b[H')[2]).toContain('3\u001b[K\n4')
  keys.emit('data', Buffer.from('x'))
  keys.emit('data', Buffer.from('q'))
  await screen.left
  screen.close()
  expect(modes).toEqual([true, false])
  expect(written.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true)
  expect([keys.listenerCount('data'), stream.listenerCount('resize')]).toEqual([0, 0])
})
