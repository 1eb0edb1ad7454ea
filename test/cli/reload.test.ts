import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { call } from '../server/stage.ts'
import { execute, root } from './command.ts'
import { Site } from './live.ts'

const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0
const nowhere = 'outputs: { nowhere: { type: "null" } }'
const input = 'inputs: { agent: { type: file, paths: [agent.log] } }'
const settings = (level: string, more = ''): string => `${input}\n${nowhere}\nlog: { level: ${level} }\n${more}`

const post = (token: string) => ({ method: 'POST', headers: { authorization: `Bearer ${token}` } })

describe('a running collector', () => {
  test('reloads at SIGHUP; mistakes change nothing', async () => {
    const site = new Site()
    site.configure(settings('info'))
    const live = await site.start()
    site.configure(settings('debug'))
    process.kill(live.pid, 'SIGHUP')
    expect(await live.said('"Configuration reloaded"')).toMatch(/"by":"SIGHUP","changes":"log.level changed"/)
    site.configure(settings('loud', 'nonsense: 1'))
    process.kill(live.pid, 'SIGHUP')
    const said = await live.said('"Configuration not reloaded: the one before goes on"')
    expect(said).toMatch(/"by":"SIGHUP","result":"refused","problems":2/)
    expect(await live.said('nonsense')).toContain(`${site.config}:6:15: `)
    const { lastReload, configuredAt, ready } = await live.status()
    expect(ready).toBe('ready')
    expect(lastReload).toMatchObject({ result: 'refused', by: 'SIGHUP', problems: [{ line: 6 }, { line: 7 }] })
    expect(configuredAt).toBeLessThan(lastReload!.at)
    expect((await live.stop()).code).toBe(0)
  })

  test('reloads by the command line, and says how that went', async () => {
    const site = new Site()
    site.configure(settings('info'))
    const live = await site.start()
    const reload = ['reload', '--state-dir', site.stateDir]
    expect((await site.execute(...reload)).out).toMatch(/^Nothing has changed \(\d+ ms\)\n$/)
    site.configure(settings('warn'))
    expect((await site.execute(...reload)).out).toMatch(/^Reloaded in \d+ ms\n {2}log\.level changed\n$/)
    site.configure(settings('loud'))
    const { code, out, err } = await site.execute(...reload)
    expect({ code, out }).toEqual({ code: 2, out: 'Not reloaded: the configuration from before goes on\n' })
    expect(err).toContain(`${site.config}:6:15: `)
    expect((await live.stop()).code).toBe(0)
  })

  test('watches its files, and what they name, if it is asked to', async () => {
    const site = new Site()
    const token = (text: string): void => writeFileSync(join(site.folder, 'token'), text)
    token('first')
    site.configure(settings('info', 'server: { listen: "127.0.0.1:0", token: "${file:token}" }'))
    const live = await site.start('--watch')
    const [, address = ''] = /"listen":"([^"]+)"/.exec(await live.said('"Started"'))!
    token('second')
    expect(await live.said('"Configuration reloaded"')).toMatch(/"by":"watch","changes":"server.token changed"/)
    expect((await call(address, '/api/v1/reload', post('first'))).status).toBe(401)
    expect((await call(address, '/api/v1/reload', post('second'))).status).toBe(200)
    const { err } = await live.stop()
    expect(err).toMatch(/nothing has changed","by":"api 127\.0\.0\.1"|"by":"api 127\.0\.0\.1".*nothing has changed/)
    expect(err).not.toContain('second')
  })

  test.runIf(hasPython)('on a terminal reloads at SIGHUP, and drains where the terminal is closed', async () => {
    const site = new Site()
    writeFileSync(join(site.folder, 'agent.log'), 'one\ntwo\n')
    site.configure(settings('info'))
    const run = [process.execPath, join(root, 'bin', 'mcp-collector.js'), 'run', site.config]
    const { out } = await execute('python3', [join(root, 'test', 'cli', 'hangup.py'), ...run])
    expect(out).toContain('Configuration reloaded: nothing has changed')
    expect(out).toMatch(/ended with 0\n$/)
    const ledger = await site.execute('ledger', '--json', '--state-dir', site.stateDir)
    expect(JSON.parse(ledger.out)).toMatchObject({ rows: [{ ledger: { read: 2, delivered: 2 } }] })
  })
})
