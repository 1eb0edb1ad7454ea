import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readAgentFile } from '../../src/config/agent-file.ts'
import { silentLog } from '../../src/core/log.ts'
import { AgentBeside } from '../../src/pipeline/agent-beside.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'
import { Stage } from './stage.ts'

test('the file is read again when it has changed, and what is wrong with it is told once', async () => {
  const file = join(tempFolder(), 'agent.yaml')
  const clock = new FakeClock()
  const warnings: string[] = []
  let changes = 0
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) }
  const beside = new AgentBeside({ clock, log, changed: () => changes++ })
  const look = async (wanted: number): Promise<void> => {
    clock.move(10_000)
    await vi.waitFor(() => expect(changes).toBe(wanted), 60_000)
  }
  beside.use(readAgentFile(file))
  beside.use(readAgentFile(file))
  expect(warnings).toEqual([`Cannot use "${file}" of the agent beside: no such file, looking again every 10 s`])
  // before it was looked at for the first time
  writeFileSync(file, 'id: a')
  await look(1)
  beside.use(readAgentFile(file))
  writeFileSync(`${file}.new`, 'id: b')
  renameSync(`${file}.new`, file)
  await look(2)
  beside.use(readAgentFile(file))
  expect(warnings).toHaveLength(1)
  beside.stop()
  writeFileSync(file, 'id: other')
  clock.move(60_000)
  expect(changes).toBe(2)
})

test('rows of its log that name nobody are its own', async () => {
  const stage = await Stage.create()
  writeFileSync(join(stage.folder, 'agent.yaml'), 'id: agent-7\nlog_path: agent.txt')
  stage.write('{"message":"a","service":"s"}\n{"message":"b"}\n{"message":"c","agent_id":"other"}\n', 'agent.txt')
  stage.write('{"message":"d","service":"s"}\n{"message":"e"}\n')
  const run = await stage.start({ input: 'service: other', more: 'agent: { config: agent.yaml }\n' })
  await run.settled(5)
  await run.pass(2000)
  const seen = stage.agents.flatMap(report => report.seen.map(({ id, input, rows }) => [id, input, rows].join(' ')))
  expect(seen.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    'agent-7 agent 2',
    'other agent 1',
    'other@host logs 1',
    's@host logs 1'
  ])
})
