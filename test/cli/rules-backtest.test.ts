import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../fakes/folder.ts'
import { command, root } from './command.ts'

const rules = join(root, 'pipelines', 'rules', 'mcp-agent.yaml')

/** An agent that falls silent and comes back, and has a name that terminals would obey. */
function newLog(): string {
  const log = join(tempFolder(), 'agent.log')
  const beats = [0, 30, 60, 90, 400].map(second => {
    const timestamp = new Date(Date.parse('2026-11-29T10:00:00Z') + second * 1000).toISOString()
    return `${JSON.stringify({ timestamp, agent_id: 'a\u001b[2J', message: 'heartbeat' })}\n`
  })
  writeFileSync(log, beats.join(''))
  return log
}

test('tells when alerts would have fired', async () => {
  const { code, out, err } = await command(['rules', 'backtest', rules, newLog(), '--service', 'mcp-agent'])
  expect(err).toBe('')
  expect(code).toBe(0)
  expect(out).toMatch(/10:03:00Z {2}2026-11-29 10:03:00Z {2}2026-11-29 10:06:40Z {2}AgentDisconnected {2}0 /)
  expect(out).toMatch(/\nAgentDisconnected +1 {2}3m 40s /)
  expect(out).not.toContain('\u001b')
})

test('the same as JSON, and from a time on', async () => {
  const args = ['rules', 'backtest', rules, newLog(), '--service', 'mcp-agent', '--json']
  const report = JSON.parse((await command(args)).out)
  expect(report).toMatchObject({ rows: 5, from: '2026-11-29T10:00:00.000Z', to: '2026-11-29T10:06:40.000Z' })
  expect(report.alerts).toMatchObject([
    {
      alert: 'AgentDisconnected',
      firing_at: '2026-11-29T10:03:00.000Z',
      ended_at: '2026-11-29T10:06:40.000Z',
      peak: '0'
    }
  ])
  const later = JSON.parse((await command([...args, '--from', '2026-11-29T10:07:00Z'])).out)
  expect(later.alerts).toEqual([])
})

test('says what is wrong', async () => {
  const broken = join(tempFolder(), 'broken.yaml')
  writeFileSync(broken, 'groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: nonsense(\n')
  const mistakes = await command(['rules', 'backtest', broken, newLog()])
  expect(mistakes).toMatchObject({ code: 2, err: expect.stringContaining('broken.yaml:5:') })
  const nothing = await command(['rules', 'backtest', rules, join(tempFolder(), 'none.log')])
  expect(nothing).toMatchObject({ code: 1, err: expect.stringMatching(/^error: Cannot read ".*none.log": /) })
  const time = await command(['rules', 'backtest', rules, newLog(), '--from', 'yesterday'])
  expect(time).toMatchObject({ code: 2, err: expect.stringContaining('Cannot use "yesterday" as a time') })
})

function row(second: string, level: string, took: number, user: string): string {
  return `${JSON.stringify({ time: `2026-11-29T10:00:${second}Z`, level, took, user })}\n`
}

test('reads logs as an input of a configuration would', async () => {
  const folder = tempFolder()
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const config = write(
    'config.yaml',
    `version: 1
collector: { resource: { zone: north } }
inputs:
  other: { type: file, paths: [/nowhere/*.log] }
  gateway:
    type: file
    paths: ["*.log"]
    service: gateway
process: [drop: { if: '{level="debug"}' }]
outputs: { o: { type: stdout } }
`
  )
  const rule = write(
    'rules.yaml',
    `groups:
  - name: g
    rows: kept
    rules:
      - alert: Slow
        expr: max by (user, zone) (max_over_time({service_name="gateway"} | unwrap took [1m])) > 100
`
  )
  const rows = [row('00', 'info', 50, 'a'), row('20', 'debug', 900, 'b'), row('30', 'info', 500, 'c')]
  const log = write('a.log', rows.join(''))
  const run = ['rules', 'backtest', rule, log, '--json']
  expect(JSON.parse((await command(run)).out).alerts).toEqual([])
  const report = JSON.parse((await command([...run, '--config', config])).out)
  expect(report).toMatchObject({ rows: 3, alerts: [{ labels: { user: 'c', zone: 'north' }, peak: '500' }] })
  const named = [...run, '--config', config, '--input']
  expect(JSON.parse((await command([...named, 'other'])).out).alerts).toEqual([])
  expect(await command([...named, 'none'])).toMatchObject({ code: 1, err: expect.stringContaining('No input "none"') })
  expect(await command([...run, '--input', 'other'])).toMatchObject({ code: 2 })
  write('bad.yaml', 'version: 1\n')
  expect(await command([...run, '--config', join(folder, 'bad.yaml')])).toMatchObject({
    code: 2,
    err: expect.stringContaining('Missing "inputs"')
  })
})
