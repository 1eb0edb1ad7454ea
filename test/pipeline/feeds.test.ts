import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { FedFile } from '../../src/inputs/probe/fed-file.ts'
import { Feeds } from '../../src/pipeline/feeds.ts'
import { planOf, type Plan } from '../../src/pipeline/plan.ts'
import { openCollector } from '../../src/pipeline/run.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'
import { Stage } from './stage.ts'

/** Real time that something may take at most; it is over within seconds. */
const patienceMs = 60_000

async function load(folder: string, targets: string) {
  const path = join(folder, 'config.yaml')
  writeFileSync(
    path,
    'version: 1\ncollector: { state_dir: state, drain_timeout: 2s }\n' +
      `inputs: { health: { type: probe, interval: 1s, targets: ${targets} } }\noutputs: { none: { type: "null" } }\n`
  )
  const loaded = await loadConfig([path], { env: {}, components })
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

test('rows of probes go the way of all rows, and are no sign of life of whom they are about', async () => {
  const folder = tempFolder()
  const config = await load(folder, `{ self: { pid: ${process.pid}, agent: agent-7 } }`)
  const options = { log: silentLog, version: 'test', load: () => Promise.resolve({ config }), adopt: async () => {} }
  const collector = await openCollector(config, options)
  onTestFinished(() => collector.stop().then(() => undefined))
  collector.start()
  const delivered = async (): Promise<number> => {
    return (await collector.ledgers()).reduce((sum, { ledger }) => sum + ledger.rows[0]!, 0)
  }
  for (const end = performance.now() + patienceMs; (await delivered()) < 2; await delay(50)) {
    if (performance.now() > end) throw new Error('Still no rows')
  }
  expect(collector.agents.list()).toEqual([])
  expect((await collector.status()).inputs).toMatchObject([{ name: 'health', type: 'probe', sourceCount: 1 }])
})

test('a reload stops what has changed, and leaves what has not', async () => {
  const folder = tempFolder()
  const clock = new FakeClock()
  const stateDir = join(folder, 'state')
  const planWith = async (targets: string): Promise<Plan> => planOf(await load(folder, targets))
  const rows = (): string[] =>
    readFileSync(join(stateDir, 'fed', 'health.log'), 'utf8')
      .trim()
      .split('\n')
  const one = `{ one: { pid: ${process.pid} } }`
  const feeds = new Feeds({ clock, log: silentLog, meter: new Meter(), stateDir })
  await feeds.run(await planWith(one))
  for (let i = 0; i < 3; i++) await clock.advance(1000)
  const before = rows().length
  expect(before).toBeGreaterThan(1)
  await feeds.run(await planWith(one))
  await feeds.run(await planWith(`{ two: { pid: ${process.pid} } }`))
  for (let i = 0; i < 3; i++) await clock.advance(1000)
  expect(
    rows()
      .slice(before)
      .every(row => row.includes('Probe two'))
  ).toBe(true)
  expect(rows().length).toBeGreaterThan(before)
  feeds.stop()
  const { length } = rows()
  await clock.advance(60_000)
  await feeds.run(await planWith(one))
  await clock.advance(60_000)
  expect(rows()).toHaveLength(length)
})

test('no row is lost or comes twice where the file of rows is rotated', async () => {
  const stage = await Stage.create()
  const run = await stage.start({ input: 'paths: ["fed/*.log"]' })
  const file = new FedFile(join(stage.folder, 'fed', 'health.log'))
  const padding = 'x'.repeat(3000)
  for (let i = 0; i < 1000; i += 100) {
    for (let row = i; row < i + 100; row++) file.append({ message: `row ${row}`, padding })
    await run.pass(1500)
  }
  await run.until('all rows are there', () => stage.messages().length >= 1000)
  expect(stage.messages().toSorted()).toEqual(Array.from({ length: 1000 }, (_, i) => `row ${i}`).toSorted())
})
