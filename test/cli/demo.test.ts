import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { usualRate } from '../../src/cli/demo.ts'
import { AlertWatch } from '../../src/cli/demo/alert-watch.ts'
import { Fleet, story } from '../../src/cli/demo/fleet.ts'
import { LogFolder } from '../../src/cli/demo/log-folder.ts'
import { tempFolder } from '../fakes/folder.ts'
import { randomOf } from '../fakes/random.ts'
import { command, recorder, root } from './command.ts'

const startedAt = Date.parse('2026-11-29T10:00:00Z')
const rules = ['mcp-agent.yaml', 'demo.yaml'].map(file => join(root, 'pipelines', 'rules', file))

interface ShownAlert {
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly firing_at: string
  readonly ended_at: string | null
}

/** Seconds since the start. */
function second(time: string): number {
  return (Date.parse(time) - startedAt) / 1000
}

/** The logs of a fleet after so long, a tenth of a second at a time. */
function played(ms: number): string {
  const logs = new LogFolder(tempFolder())
  const parts = { startedAt, rate: usualRate, random: randomOf(7), write: logs.append.bind(logs) }
  const fleet = new Fleet(parts)
  for (let at = 0; at <= ms; at += 100) fleet.advance(startedAt + at)
  return logs.folder
}

test('each log of the fleet has the format that it is to have, and all of its rows say when and what', async () => {
  const folder = played(60_000)
  const files = readdirSync(folder).toSorted()
  const { out } = await command(['detect', '--json', ...files.map(file => join(folder, file))])
  const found = out.trimEnd().split('\n')
  const formats = found.map(line => (JSON.parse(line) as { format: string }).format)
  expect(Object.fromEntries(files.map((file, i) => [file, formats[i]]))).toEqual({
    'agent-1.log': 'json',
    'agent-2.log': 'json',
    'agent-3.log': 'json',
    'checkout.log': 'logfmt',
    'gateway.log': 'access',
    'inventory.log': 'python',
    'payments.log': 'java'
  })
  for (const line of found) expect(JSON.parse(line)).toMatchObject({ confidence: 1, rates: { time: 1 } })
})

test('what happens in the demo makes the alerts that it announces, and no others', async () => {
  const folder = played(story.roundMs)
  const alertsOf = async (service: string, ...files: string[]): Promise<unknown> => {
    const logs = files.map(file => join(folder, file))
    const args = ['rules', 'backtest', rules[0]!, ...logs, '--rules', rules[1]!, '--service', service, '--json']
    const { alerts } = JSON.parse((await command(args)).out) as { alerts: ShownAlert[] }
    return alerts.map(({ alert, labels, firing_at, ended_at }) => {
      const until = ended_at === null ? 'goes on' : `until ${second(ended_at)}`
      return `${alert} ${labels['agent_id'] ?? ''} at ${second(firing_at)} ${until}`
    })
  }
  expect(await alertsOf('mcp-agent', 'agent-1.log', 'agent-2.log', 'agent-3.log')).toEqual([
    'AgentAuthFailure agent-2 at 10 goes on',
    'AgentSilent agent-3 at 30 until 135',
    'AgentSuccessRateLow agent-1 at 65 until 150',
    'AgentSuccessRateLow agent-2 at 70 until 150',
    'AgentDisconnected agent-3 at 105 until 135'
  ])
  expect(await alertsOf('payments', 'payments.log')).toEqual(['PaymentsFail  at 70 until 110'])
})

test('a machine that slept has not a whole night written at once', () => {
  const lines: string[] = []
  const fleet = new Fleet({ startedAt, rate: 5, random: randomOf(1), write: (_log, text) => void lines.push(text) })
  fleet.advance(startedAt + 8 * 3_600_000)
  expect(lines.length).toBeLessThan(1000)
})

test('logs are rotated', () => {
  const folder = tempFolder()
  const text = `${'x'.repeat(2 ** 20 - 1)}\n`
  const before = new LogFolder(folder)
  for (let i = 0; i < 3; i++) before.append('a.log', text)
  const logs = new LogFolder(folder)
  for (let i = 0; i < 7; i++) logs.append('a.log', text)
  expect(readdirSync(folder).toSorted()).toEqual(['a.log', 'a.log.1'])
  expect(statSync(join(folder, 'a.log')).size).toBe(2 * text.length)
})

function group(...states: ('pending' | 'firing')[]): Parameters<AlertWatch['look']>[0] {
  const alerts = states.map((state, i) => ({
    labels: { alertname: 'A', agent_id: `a-${i}` },
    annotations: { summary: `of a-${i}\u001b[2J` },
    state
  }))
  return [{ rules: [{ alerts }] }] as unknown as Parameters<AlertWatch['look']>[0]
}

test('an alert is told once when it fires and once when it is over', () => {
  const stream = recorder()
  const watch = new AlertWatch(stream)
  for (const groups of [group('pending'), group('firing'), group('firing', 'firing'), group('firing'), []])
    watch.look(groups)
  expect(stream.text().split('\n')).toEqual([
    '▲ ALERT A: of a-0\\x1b[2J',
    '▲ ALERT A: of a-1\\x1b[2J',
    '▼ over  A: of a-1\\x1b[2J',
    '▼ over  A: of a-0\\x1b[2J',
    ''
  ])
})

test('says what is wrong with its arguments', async () => {
  for (const rate of ['0', 'many', '1e9'])
    expect(await command(['demo', '--rate', rate])).toMatchObject({ code: 2, err: expect.stringContaining('"--rate"') })
  for (const verb of [
    ['demo', '--dir', tempFolder()],
    ['run', '--demo']
  ])
    expect(await command([...verb, '/nonexistent.yaml'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no such file')
    })
})

test('shows rows of all services, and leaves nothing behind', async () => {
  const temp = tempFolder()
  const child = spawn(process.execPath, [join(root, 'bin', 'mcp-collector.js'), 'demo'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temp, NO_COLOR: '1' }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  let [out, err] = ['', '']
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const services = ['mcp-agent agent-3', 'gateway', 'checkout', 'payments', 'inventory']
  while (child.exitCode === null && !services.every(service => out.includes(` ${service} `)))
    await Promise.race([once(child.stdout, 'data'), closed])
  const [folder] = readdirSync(temp)
  expect(err).toContain(`npx mcp-collector agents --state-dir ${join(temp, folder!, 'state')}`)
  expect(readFileSync(join(temp, folder!, 'logs', 'agent-1.log'), 'utf8')).toContain('"message":"heartbeat"')
  child.kill('SIGINT')
  expect(await closed).toEqual([0, null])
  expect(existsSync(join(temp, folder!))).toBe(false)
})
