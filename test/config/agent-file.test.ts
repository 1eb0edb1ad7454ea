import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { readAgentFile } from '../../src/config/agent-file.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { registry } from './registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'agent.yaml')

function read(text: string | Buffer): object {
  writeFileSync(path, text)
  const { file, marks, ...rest } = readAgentFile(path)
  expect([file, marks.split(' ').length]).toEqual([path, 3])
  return rest
}

test.each<[string, object]>([
  [
    'id: agent-7\nrole: planner\nheartbeat_interval: 30s\nlog_path: /var/log/mcp-agent.log',
    { logPath: '/var/log/mcp-agent.log' }
  ],
  [
    'agent: { id: agent-7, role: planner, heartbeat_interval: 30 }\nlogging: { path: agent.log }',
    { logPath: join(folder, 'agent.log') }
  ],
  ['{"agent_id":"agent-7","agent_role":"planner","heartbeat":{"interval":"30"}}', {}]
])('the agent is known by %s', (text, more) => {
  expect(read(text)).toEqual({ id: 'agent-7', role: 'planner', intervalMs: 30_000, ...more })
})

test.each([
  ['id: a\nheartbeat_interval: soon', 'its "heartbeat_interval" is no interval: a duration is'],
  ['id: a\nheartbeat_interval: 10ms', 'it is at least 1s'],
  ['id: a\nheartbeat_interval: [1]', 'expected a text or a number'],
  ['id: a\nlog_path: /**', 'its "log_path" is a pattern'],
  ['other: 1', 'it has none of "id", "role", "heartbeat_interval" and "log_path"'],
  ['', 'it has none of'],
  ['id: [', 'it is no YAML'],
  [
    `a: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}`,
    'it is no YAML'
  ],
  [Buffer.alloc((1 << 20) + 1, 'x'), 'it is larger than 1 MiB']
])('%s is told', (text, problem) => {
  expect(read(text)).toMatchObject({ problem: expect.stringContaining(problem) as string })
})

test('a pattern is not followed', () => {
  for (const log of ['/**/*', '/etc/shado?', '/var/log/{a,b}', '/var/log/[ab]'])
    expect(read(`id: a\nlog_path: "${log}"`)).not.toHaveProperty('logPath')
})

test('a file that is missing, or none, is told', () => {
  expect(readAgentFile(join(folder, 'none'))).toMatchObject({ marks: 'none', problem: 'no such file' })
  mkdirSync(join(folder, 'dir'), { recursive: true })
  expect(readAgentFile(join(folder, 'dir'))).toMatchObject({ problem: 'it is no file' })
})

test('nothing in it is a crash', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.uint8Array().map(bytes => Buffer.from(bytes))
      ),
      text => {
        const { id = '', intervalMs = 1000 } = read(text) as { id?: string; intervalMs?: number }
        expect([typeof id, intervalMs >= 1000]).toEqual(['string', true])
      }
    )
  )
})

async function load(more: string): Promise<Config | string> {
  const file = join(folder, 'collector.yaml')
  writeFileSync(file, `version: 1\nagent: { config: agent.yaml }\noutputs: { out: { type: "null" } }\n${more}`)
  const loaded = await loadConfig([file], { env: {}, components: registry })
  return 'config' in loaded ? loaded.config : loaded.problems.map(({ message }) => message).join('\n')
}

test('its log is followed, with its id for rows that name none, unless there is an input of this name', async () => {
  writeFileSync(path, 'id: agent-7\nlog_path: logs/a.log')
  const implied = (await load('')) as Config
  expect(implied.inputs).toMatchObject([
    { name: 'agent', use: 'file', agentId: 'agent-7', options: { paths: [join(folder, 'logs/a.log')] } }
  ])
  expect(implied.agents.beside).toMatchObject({ id: 'agent-7', file: path, input: 'agent' })
  const other = (await load('inputs: { pods: { type: containers } }')) as Config
  expect(other.inputs.map(({ name, agentId }) => [name, agentId])).toEqual([
    ['pods', undefined],
    ['agent', 'agent-7']
  ])
  const own = (await load('inputs: { agent: { type: file, paths: [/b.log] } }')) as Config
  expect(own.inputs).toMatchObject([{ name: 'agent', options: { paths: ['/b.log'] } }])
  expect(own.inputs[0]).not.toHaveProperty('agentId')
})

test('where it is broken the other inputs go on', async () => {
  writeFileSync(path, 'id: [')
  const config = (await load('inputs: { pods: { type: containers } }')) as Config
  expect(config.inputs.map(({ name }) => name)).toEqual(['pods'])
  expect(config.agents.beside).toMatchObject({ problem: 'it is no YAML' })
  expect(await load('')).toContain('inputs')
})
