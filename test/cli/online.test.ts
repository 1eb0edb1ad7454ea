import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { controlPath } from '../../src/server/control.ts'
import { openServer, type RunningServer } from '../../src/server/server.ts'
import { FakeCollector } from '../fakes/collector.ts'
import { tempFolder } from '../fakes/folder.ts'
import { command } from './command.ts'

let stateDir: string
let emptyDir: string
let collector: FakeCollector
let server: RunningServer

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'cli-'))
  emptyDir = mkdtempSync(join(tmpdir(), 'cli-'))
  collector = new FakeCollector(stateDir)
  collector.outputs.push({ name: 'default/audit', type: 'null', state: 'idle', since: 0, startedAt: 0 })
  collector.problems = [{ input: 'agent', path: '/var/log/secure', reason: 'Permission denied' }]
  collector.start()
  const listen = { host: '127.0.0.1', port: 0 }
  server = await openServer(collector, { listen, metricsListen: undefined, token: undefined, stateDir, log: silentLog })
})

afterAll(async () => {
  await server.close()
  for (const dir of [stateDir, emptyDir]) rmSync(dir, { recursive: true })
})

describe('agents', () => {
  const texts = { role: 'planner', service: 'mcp', host: 'node-1', version: '1.4' }
  const row = { id: 'agent\u001b[31m', state: 'offline', ...texts, firstSeenAt: 0, lastSeenAt: Date.now() } as const
  const learnt = { heartbeatIntervalMs: 30_123, heartbeatIntervalFrom: 'learnt' } as const
  const lastConnection = { at: 0, isOk: false, errorCode: 'ECONNREFUSED' }

  test('lists them, and forgets one', async () => {
    collector.agentRows = []
    expect((await command(['agents', '--state-dir', stateDir])).out).toMatch(/^No agent yet/)
    collector.agentRows = [{ ...row, ...learnt, lastHeartbeatAt: Date.now() - 3_600_000, lastConnection }]
    const { code, out } = await command(['agents', '--state-dir', stateDir])
    expect(code).toBe(0)
    const [title, line] = out.split('\n')
    expect(title).toMatch(/^agent +state +service +host +role +version +seen +heartbeat +every +connection$/)
    expect(line).toMatch(
      /^agent\\x1b\[31m +offline +mcp +node-1 +planner +1\.4 +\d+s +1h 0m +~30s +failed ECONNREFUSED$/
    )
    const json = await command(['agents', 'list', '--json', '--state-dir', stateDir])
    expect(JSON.parse(json.out)).toEqual({ agents: collector.agentRows })
    const forget = ['agents', 'forget', row.id, '--state-dir', stateDir]
    expect(await command(forget)).toEqual({ code: 0, out: 'forgot agent agent\\x1b[31m\n', err: '' })
    expect(collector.agentRows).toEqual([])
    expect(await command(forget)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no agent "agent\\x1b')
    })
    const nameless = {
      code: 2,
      err: expect.stringMatching(/^error: Cannot forget the agent "": name one that .* shows/)
    }
    expect(await command(['agents', 'forget', '', '--state-dir', stateDir])).toMatchObject(nameless)
  })

  test('need a running collector', async () => {
    expect(await command(['agents', '--state-dir', emptyDir])).toMatchObject({ code: 1, out: '' })
  })
})

describe('reload', () => {
  const reload = ['reload', '--state-dir']

  afterAll(() => void (collector.lastReload = undefined))

  test('tells what has changed', async () => {
    collector.reloads = 'changed'
    const { code, out, err } = await command([...reload, stateDir])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe('Reloaded in 12 ms\n  input pods added\n  log.level changed\n')
    expect(collector.calls.at(-1)).toBe('reload control.sock')
    collector.reloads = 'unchanged'
    expect(await command([...reload, stateDir])).toEqual({ code: 0, out: 'Nothing has changed (12 ms)\n', err: '' })
  })

  test('tells all mistakes and exits 2, as check does; the status tells them, too', async () => {
    collector.reloads = 'refused'
    const { code, out, err } = await command([...reload, stateDir])
    expect({ code, out, err }).toEqual({
      code: 2,
      out: 'Not reloaded: the configuration from before goes on\n',
      err: 'a.yaml:3:5: Unknown key "path"\n'
    })
    const json = await command([...reload, stateDir, '--json'])
    expect(json).toMatchObject({ code: 2, err: '' })
    expect(JSON.parse(json.out)).toMatchObject({
      result: 'refused',
      problems: [{ file: 'a.yaml', line: 3, column: 5 }]
    })
    const status = await command(['status', '--state-dir', stateDir])
    expect(status.out).toMatch(
      /\nnot reloaded .* ago \(by control\.sock\), the configuration of .* ago goes on:\n {2}a\.yaml:3:5: Unknown key "path"\n/
    )
    collector.reloads = 'changed'
    await command([...reload, stateDir])
    expect((await command(['status', '--state-dir', stateDir])).out).not.toContain('not reloaded')
  })

  test('exits 1 where it failed, and where no collector runs', async () => {
    collector.reloads = 'failed'
    expect((await command([...reload, stateDir])).code).toBe(1)
    const { code, err } = await command([...reload, emptyDir])
    expect(code).toBe(1)
    expect(err).toContain(`No collector runs on "${emptyDir}"`)
  })
})

describe('status', () => {
  test('shows outputs, sources and what can not be read', async () => {
    const { code, out } = await command(['status', '--state-dir', stateDir])
    expect(code).toBe(0)
    expect(out).toMatch(/^mcp-collector 0.1.0, process 7, ready, up 1m 1s · output es is paused\n/)
    expect(out).toMatch(/\nes +elasticsearch +paused .*\n {2}paused for \d+d \d+h: status_401\n/)
    expect(out).toMatch(/\n\/var\/log\/a.log +agent +2.0 KiB +1.0 KiB +1.0 KiB\n/)
    expect(out).toContain('cannot read /var/log/secure: Permission denied')
    expect(out).toContain('alerts go to http://am:9093: 12 told\n')
    expect(out).toContain(
      'alerts do not reach ops: 3 told, 2 wait, 1 dropped; Cannot send to "https://chat": status 503\n'
    )
    const kept = '5.0 MiB of 1.0 GiB (hold_deleted); 1 block could not be read'
    expect(out).toContain(`keeps what was not sent of 2 deleted files: ${kept}`)
  })

  test('prints JSON', async () => {
    const { out } = await command(['status', '--state-dir', stateDir, '--json'])
    expect(JSON.parse(out)).toMatchObject({ stateDir, outputs: [{ state: 'paused' }, { state: 'idle' }] })
  })

  test('says what to start where no collector runs', async () => {
    const { code, out, err } = await command(['status', '--state-dir', emptyDir])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toBe(
      `error: No collector runs on "${emptyDir}": start one with "mcp-collector run", or name its --state-dir\n`
    )
  })
})

describe('ledger', () => {
  test('shows an account a source, without control characters of its name', async () => {
    const { code, out } = await command(['ledger', '--state-dir', stateDir])
    expect(code).toBe(0)
    const [title, row] = out.split('\n')
    expect(title!.split(/ {2,}/)).toEqual([
      'source',
      'output',
      'read',
      'delivered',
      'duplicate',
      'dead_lettered',
      'pending'
    ])
    expect(row!.split(/ {2,}/)).toEqual(['/var/log/a\\x1b[31m.log', 'es', '10', '7', '1', '1', '1'])
  })

  test('tells outputs that are not there from those that have no rows', async () => {
    const at = ['--state-dir', stateDir]
    const unknown = await command(['ledger', '--output', 'nope', ...at])
    expect(unknown).toEqual({ code: 1, out: '', err: 'error: There is no output "nope": known are "es", "audit"\n' })
    expect(await command(['ledger', '--output', 'audit', ...at])).toMatchObject({ code: 0, out: 'No rows yet\n' })
    expect((await command(['ledger', '--output', 'es', ...at])).out).toContain('/var/log/a')
    expect((await command(['ledger', '--source', 'log/a', ...at])).out).toContain('/var/log/a')
    expect(await command(['ledger', '--source', 'nope', ...at])).toMatchObject({
      code: 1,
      err: 'error: There is no source with "nope" in its path: "mcp-collector ledger" lists all\n'
    })
  })

  test('says what to start where there is no state', async () => {
    expect(await command(['ledger', '--state-dir', emptyDir])).toMatchObject({
      code: 1,
      err: expect.stringContaining('No collector runs')
    })
  })
})

describe('dlq', () => {
  test('lists, filters and shows letters', async () => {
    const { out } = await command(['dlq', 'list', '--state-dir', stateDir])
    expect(
      out
        .split('\n')
        .slice(1, 4)
        .map(line => line.trim().split(/ +/)[0])
    ).toEqual(['3', '2', '1'])
    const json = await command(['dlq', 'list', '--state-dir', stateDir, '--output', 'audit', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({ letters: [{ id: 3 }] })
    const limited = await command(['dlq', 'list', '--state-dir', stateDir, '--limit', '2', '--json'])
    expect((JSON.parse(limited.out) as { letters: unknown[] }).letters).toHaveLength(2)
    const shown = await command(['dlq', 'show', '2', '--state-dir', stateDir])
    expect(shown.out).toContain(
      'status 400, document_parsing_exception: failed to parse\n{"create":{}}\n{"message":"row 2"}\n'
    )
    expect(await command(['dlq', 'show', '9', '--state-dir', stateDir])).toMatchObject({ code: 1 })
  })

  test('says where there are none yet', async () => {
    const { outputs } = collector
    const undecided = { rows: 1, types: ['mapping'] }
    collector.outputs = [
      { name: 'default/metrics', type: 'elasticsearch', state: 'sending', since: 0, startedAt: 0, undecided }
    ]
    const list = await command(['dlq', 'list', '--output', 'metrics', '--state-dir', stateDir])
    collector.outputs = outputs
    const sentence = '1 row was refused, what becomes of it is decided within 10 s: mapping'
    expect(list.out).toBe(`No dead letters\nmetrics: ${sentence}\n`)
  })

  test.each([['list'], ['replay', '--all'], ['drop', '--all']])(
    'does not take a wrong name for one without letters (%s)',
    async (...args) => {
      const outcome = await command(['dlq', ...args, '--output', 'other', '--state-dir', stateDir])
      expect(outcome).toEqual({ code: 1, out: '', err: 'error: There is no output "other": known are "es", "audit"\n' })
    }
  )

  test('says that the collector ended before it answered', async () => {
    const folder = tempFolder()
    const server = createServer(socket => socket.destroy()).listen(controlPath(folder))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    expect(await command(['dlq', 'replay', '1', '--state-dir', folder])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: Cannot reach the collector at ".*": it ended before it answered\n$/)
    })
  })

  test('replays and drops what was named', async () => {
    const replay = await command(['dlq', 'replay', '--all', '--output', 'es', '--state-dir', stateDir])
    expect(replay).toMatchObject({ code: 0, out: 'delivered 2, refused again 0, not sent 0\n' })
    const drop = await command(['dlq', 'drop', '1', '7', '--json', '--state-dir', stateDir])
    expect(drop).toMatchObject({ code: 1, out: '{"dropped":1,"missing":[7]}\n' })
    expect(collector.calls.slice(-2)).toEqual(['replay 1,2', 'delete 1,7'])
  })

  test('names ids that no letter has, after the others were done', async () => {
    const at = ['--state-dir', stateDir]
    const drop = await command(['dlq', 'drop', '98', '99', ...at])
    expect(drop).toEqual({ code: 1, out: 'dropped 0\n', err: expect.stringContaining('are no dead letters 98, 99\n') })
    const replay = await command(['dlq', 'replay', '99', ...at])
    expect(replay).toMatchObject({ code: 1, err: 'error: There is no dead letter 99\n' })
    expect(await command(['dlq', 'show', '99', ...at])).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no dead letter 99\n')
    })
  })

  test.each([[['drop']], [['drop', '1', '--all']], [['replay', 'x']], [['drop', '1', '--output', 'es']]])(
    'refuses %j',
    async args => {
      expect((await command(['dlq', ...args, '--state-dir', stateDir])).code).toBe(2)
    }
  )

  test('replays only where a collector runs', async () => {
    expect(await command(['dlq', 'replay', '--all', '--state-dir', emptyDir])).toMatchObject({
      code: 1,
      err: expect.stringContaining('mcp-collector run')
    })
  })
})
