import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/client.ts'
import { root } from './command.ts'

const program = join(root, 'test', 'fakes', 'session.ts')
let stateDir: string
const children: ChildProcess[] = []

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'session-'))
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(stateDir, { recursive: true })
})

describe('session', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('drains at %s and ends with the accounts', async signal => {
    const { child, ended } = await start('null')
    expect(await ask(stateDir, { path: '/api/v1/status' })).toMatchObject({ ready: 'ready' })
    child.kill(signal)
    const { code, out, err } = await ended
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const lines = err
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(line => line.message)).toEqual(['Following', 'Cannot read', 'Started', 'Draining', 'Stopped'])
    expect(lines[1]).toMatchObject({ level: 'warn', path: '/var/log/secure\u001b[2J', reason: 'Permission denied' })
    expect(lines[4]).toMatchObject({ output: 'default/es', read: 10, delivered: 7, duplicate: 1, pending: 1 })
    expect(err).not.toContain('\u001b')
  })

  test('counts a Ctrl-C that arrives twice at once as one, and a later one as stop now', async () => {
    const { child, ended, said } = await start('null', 'hangs')
    child.kill('SIGINT')
    child.kill('SIGINT')
    await said('Draining')
    expect(await ask(stateDir, { path: '/api/v1/status' })).toBeDefined()
    const again = setInterval(() => child.kill('SIGINT'), 100)
    expect((await ended).code).toBe(130)
    clearInterval(again)
  })

  test('reloads at SIGHUP and goes on', async () => {
    const { child, ended, asked } = await start('null')
    child.kill('SIGHUP')
    await asked('reload SIGHUP')
    child.kill('SIGHUP')
    await asked('reload SIGHUP,reload SIGHUP')
    expect(await ask(stateDir, { path: '/api/v1/status' })).toMatchObject({ ready: 'ready' })
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  test('ends with exit code 1 when the collector can not go on', async () => {
    const { ended } = await start('null', 'dies')
    expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining('shard 0 died') })
  })
})

async function start(use: string, stop = 'prompt') {
  const child = spawn(process.execPath, [program, stateDir, use, stop], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk))
  const said = async (message: string): Promise<void> => {
    while (!err.includes(`"${message}"`)) await once(child.stderr, 'data')
  }
  const ended = Promise.all([once(child, 'close'), text(child.stdout)]).then(([[code], out]) => ({
    code: code as number,
    out,
    err
  }))
  await said('Started')
  /** Until the collector was asked for these reloads. */
  const asked = async (reloads: string): Promise<void> => {
    while (!err.includes(`"${reloads}"`)) await once(child.stderr, 'data')
  }
  return { child, ended, said, asked }
}
