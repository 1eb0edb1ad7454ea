import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import type { Collector } from '../../src/pipeline/collector.ts'
import { AgentDesk } from '../../src/pipeline/agent-desk.ts'
import { openCollector } from '../../src/pipeline/run.ts'
import { StateStore } from '../../src/state/store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'
import { Stage } from './stage.ts'

/** Real time that something may take at most; it is over within a second. */
const patienceMs = 60_000

test('a shard reports agents once, however many pipelines read them, also rows that are dropped', async () => {
  const stage = await Stage.create()
  const more =
    'process: [{ drop: { if: \'{level="debug"}\' } }]\npipelines: { one: { outputs: [es] }, two: { outputs: [more] } }\n'
  stage.write('{"agent_id":"a","level":"debug","message":"heartbeat"}\n{"agent_id":"a","message":"x"}\n')
  const run = await stage.start({ outputs: { es: '', more: 'namespace: other' }, more })
  await run.settled(2, 'one/es')
  await run.settled(2, 'two/more')
  await run.pass(2000)
  const seen = stage.agents.flatMap(report => report.seen)
  expect(seen.map(({ id, rows, heartbeats, input }) => [id, rows, heartbeats, input])).toEqual([['a', 2, 1, 'logs']])
  expect(stage.agents.at(-1)).toMatchObject({ behind: [] })
})

test('while an output has no room, the inputs that it holds up are behind', async () => {
  const stage = await Stage.create()
  await stage.server.stop()
  stage.writeRows(0, 10_000)
  const run = await stage.start({ outputs: { es: 'max_in_flight_bytes: 64KiB, batch: { max_bytes: 32KiB }' } })
  await run.until('the input is behind', () => stage.agents.at(-1)?.behind.includes('logs') ?? false)
  await stage.server.resume()
  await run.settled(10_000)
  await run.until('the input is at its end', () => stage.agents.at(-1)?.behind.length === 0)
})

test('an output that is late holds up no agents, while another one has all rows', async () => {
  const [stage, far] = [await Stage.create(), await Stage.create()]
  await far.server.stop()
  stage.writeRows(0, 10_000)
  const tight = 'max_in_flight_bytes: 64KiB, batch: { max_bytes: 32KiB }'
  const run = await stage.start({
    input: 'service: web',
    outputs: { es: '', far: `endpoints: ["${far.server.url}"], ${tight}` }
  })
  await run.settled(10_000, 'default/es')
  await run.pass(3000)
  expect(stage.agents.at(-1)?.behind).toEqual([])
  expect(stage.agents.flatMap(({ seen }) => seen).reduce((sum, { rows }) => sum + rows, 0)).toBe(10_000)
})

test('a pod that is deleted is told once all of it is read; one whose log is rotated or restarted is not', async () => {
  const stage = await Stage.create()
  const pods = join(stage.folder, 'pods')
  const folderOf = (name: string): string => join(pods, `shop_${name}_0a1b2c3d-0000-0000-0000-000000000000`, 'web')
  for (const name of ['gone', 'stays']) {
    mkdirSync(folderOf(name), { recursive: true })
    writeFileSync(join(folderOf(name), '0.log'), criLine('one'))
  }
  const run = await stage.start({ inputs: { pods: `type: containers, paths: ["${pods}/*/*/*.log"]` } })
  await run.until('both are there', () => stage.messages().length === 2)
  writeFileSync(join(folderOf('stays'), '1.log'), criLine('two'))
  rmSync(join(folderOf('stays'), '0.log'))
  appendFileSync(join(folderOf('gone'), '0.log'), criLine('last'))
  rmSync(dirname(folderOf('gone')), { recursive: true })
  await run.until('all is there', () => stage.messages().length === 4)
  await run.until('one pod is gone', () => stage.agents.some(({ departed }) => departed.length > 0))
  await run.pass(3000)
  const seen = stage.agents.flatMap(report => report.seen)
  const source = seen.find(({ id }) => id === 'gone')!.source
  expect(stage.agents.flatMap(({ departed }) => departed)).toEqual([{ source, reason: 'pod_deleted' }])
})

test('a pod of which a container is dead and removed is there, also where its logs are found by links', async () => {
  const stage = await Stage.create()
  const [pods, links] = [join(stage.folder, 'pods'), join(stage.folder, 'containers')]
  mkdirSync(links)
  const filesOf = (name: string, container: number): readonly [log: string, link: string] => [
    join(pods, `shop_${name}_0a1b2c3d-0000-0000-0000-000000000000`, 'web', `${container}.log`),
    join(links, `${name}_shop_web-${`${container}`.repeat(64)}.log`)
  ]
  const run = (name: string, container: number): void => {
    const [log, link] = filesOf(name, container)
    mkdirSync(dirname(log), { recursive: true })
    writeFileSync(log, criLine(`${name} ${container}`))
    symlinkSync(log, link)
  }
  const remove = (name: string, container: number): void => filesOf(name, container).forEach(file => rmSync(file))
  const wanted = { inputs: { pods: `type: containers, paths: ["${links}/*.log", "${pods}/*/*/*.log"]` } }
  const reasons = (): string[] => stage.agents.flatMap(({ departed }) => departed).map(({ reason }) => reason)
  for (const name of ['crashes', 'gone']) for (const container of [1, 2, 3]) run(name, container)
  const first = await stage.start(wanted)
  await first.until('all are there', () => stage.messages().length === 6)
  remove('crashes', 1)
  await first.pass(20_000)
  expect(reasons()).toEqual([])
  await first.stop()
  remove('crashes', 2)
  remove('gone', 1)
  rmSync(dirname(dirname(filesOf('gone', 2)[0])), { recursive: true })
  const second = await stage.start(wanted)
  await second.pass(20_000)
  expect(reasons().length).toBeGreaterThan(0)
  const sources = new Set(stage.agents.flatMap(({ departed }) => departed).map(({ source }) => source))
  const seen = stage.agents.flatMap(report => report.seen)
  expect(seen.filter(({ source }) => sources.has(source)).map(({ id }) => id)).toEqual(['gone'])
})

test('agents are known over a restart, and to whom they are shown', async () => {
  const folder = tempFolder()
  const log = join(folder, 'agent.log')
  writeFileSync(log, `${heartbeat('a"\n')}\n${heartbeat('b')}\n`)
  const first = await start(folder)
  await until(() => first.agents.list().length === 2)
  const wanted = [
    ['a"\n', 'connected', 'planner'],
    ['b', 'connected', 'planner']
  ]
  expect(names(first)).toEqual(wanted)
  const samples = (await first.samples()).filter(({ name }) => name.startsWith('collector_agent'))
  const host = first.agents.list()[0]!.host
  expect(samples.find(({ name }) => name === 'collector_agent_up')).toMatchObject({
    labels: ['a"\n', 'planner', host],
    value: 1
  })
  expect(
    samples.filter(({ name }) => name === 'collector_agents').map(({ labels, value }) => [...labels, value])
  ).toEqual([
    ['connected', 2],
    ['late', 0],
    ['idle', 0],
    ['offline', 0],
    ['left', 0]
  ])
  await first.stop()
  const second = await start(folder)
  expect(names(second)).toEqual(wanted)
  expect(second.agents.forget('b')).toBe(true)
  await second.stop()
  const state = StateStore.open(join(folder, 'state'), { clock: new FakeClock(), log: silentLog })
  onTestFinished(() => state.close())
  expect(state.agents().map(({ id }) => id)).toEqual(['a"\n'])
})

test('of a great many agents some have series of their own, the same at each scrape; all are counted', () => {
  const clock = new FakeClock()
  const state = StateStore.open(tempFolder(), { clock, log: silentLog, meter: new Meter() })
  onTestFinished(() => state.close())
  const options = { maxAgents: 1500, idleAfterMs: 300_000, forgetAfterMs: 86_400_000 }
  const desk = new AgentDesk(options, { state, clock, behind: () => new Map(), left: () => {} })
  const place = {
    knownBy: 'agent_id' as const,
    service: '',
    host: '',
    role: '',
    version: '',
    input: 'logs',
    source: 's'
  }
  const sighting = (id: number, at: number) => {
    return { id: `agent-${id}`, ...place, rows: 1, firstAt: at, lastAt: at, heartbeats: 0, beats: [] }
  }
  desk.take({ seen: Array.from({ length: 2000 }, (_, i) => sighting(i, i)), refused: 3, departed: [] })
  const ups = (): string[] =>
    desk
      .samples()
      .filter(({ name }) => name === 'collector_agent_up')
      .map(({ labels }) => labels[0]!)
  const before = ups()
  expect(before).toHaveLength(1000)
  desk.take({ seen: [sighting(1400, 5000)], refused: 0, departed: [] })
  expect(ups()).toEqual(before)
  const value = (name: string) => desk.samples().find(sample => sample.name === name)?.value
  expect(value('collector_agents')).toBe(1500)
  expect(value('collector_agents_refused_total')).toBe(503)
})

function criLine(text: string): string {
  return `2026-11-22T10:00:00.5Z stdout F ${text}\n`
}

function heartbeat(id: string): string {
  return JSON.stringify({ agent_id: id, service: 'planner', message: 'heartbeat' })
}

function names(collector: Collector): unknown[] {
  return collector.agents.list().map(({ id, state, service }) => [id, state, service])
}

async function start(folder: string): Promise<Collector> {
  const path = join(folder, 'config.yaml')
  writeFileSync(
    path,
    'version: 1\ncollector: { state_dir: state, drain_timeout: 2s }\ninputs: { logs: { type: file, paths: ["*.log"] } }\n' +
      'outputs: { none: { type: "null" } }\n'
  )
  const load = () => loadConfig([path], { env: {}, components })
  const loaded = await load()
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const collector = await openCollector(loaded.config, { log: silentLog, version: 'test', load, adopt: async () => {} })
  onTestFinished(() => collector.stop().then(() => undefined))
  collector.start()
  return collector
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + patienceMs; !isSo(); await delay(20)) {
    if (performance.now() > end) throw new Error('Still not so')
  }
}
