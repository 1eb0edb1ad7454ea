import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { silentLog } from '../../src/core/log.ts'
import { openCollector } from '../../src/pipeline/run.ts'
import { StateStore } from '../../src/state/store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'

const hour = 3_600_000

it('dead letters that can not be removed now are removed an hour later', async () => {
  const folder = tempFolder()
  const stateDir = join(folder, 'state')
  mkdirSync(stateDir)
  const path = join(folder, 'config.yaml')
  writeFileSync(
    path,
    'version: 1\ncollector: { state_dir: state, drain_timeout: 1s }\ninputs: { logs: { type: file, paths: ["*.log"] } }\n' +
      'outputs: { none: { type: "null", dead_letters: { max_age: 1h } } }\n'
  )
  const load = () => loadConfig([path], { env: {}, components })
  const loaded = await load()
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const clock = new FakeClock()
  const warnings: string[] = []
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) }
  await storeLetter(stateDir, clock)

  const options = { log, version: 'test', load, adopt: async () => {}, clock }
  const collector = await openCollector(loaded.config, options)
  onTestFinished(() => collector.stop().then(() => undefined))
  collector.start()
  const other = new DatabaseSync(join(stateDir, 'letters.db'))
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  clock.move(hour)
  expect(warnings).toEqual(['Cannot remove old dead letters: database is locked, trying again in an hour'])
  expect(await collector.letters.list({ limit: 9 })).toHaveLength(1)
  other.exec('COMMIT')
  clock.move(hour)
  expect(await collector.letters.list({ limit: 9 })).toEqual([])
})

async function storeLetter(stateDir: string, clock: FakeClock): Promise<void> {
  const state = StateStore.open(stateDir, { clock, log: silentLog })
  const place = { output: 'default/none', source: 'AAAAAAAAAAAAAAAA', position: 0, length: 9 }
  const letter = { ...place, status: 400, type: 'mapping', reason: 'no', at: 0, row: Buffer.from('{}') }
  state.append([{ kind: 'letter', letter }])
  state.close()
}
