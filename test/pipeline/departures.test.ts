import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FaultyDisk } from '../fakes/disk.ts'
import { Stage } from './stage.ts'

const dead = { Running: false, Restarting: false, FinishedAt: '2026-11-22T10:05:00Z' }

/** What Docker keeps of containers. */
class Docker {
  readonly root: string
  readonly input: string

  constructor(stage: Stage) {
    this.root = join(stage.folder, 'docker')
    mkdirSync(this.root)
    this.input = `type: containers, paths: ["${this.root}/*/*-json.log"]`
  }

  run(name: string, options: { AutoRemove?: boolean } = {}): void {
    mkdirSync(this.#folder(name))
    this.state(name, { Running: true, Restarting: false, ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z' })
    writeFileSync(join(this.#folder(name), 'hostconfig.json'), JSON.stringify({ AutoRemove: false, ...options }))
    this.log(name, 'heartbeat')
  }

  state(name: string, State: object): void {
    writeFileSync(join(this.#folder(name), 'config.v2.json'), JSON.stringify({ State }))
  }

  log(name: string, message: string): void {
    const row = JSON.stringify({ agent_id: name, message })
    const record = { log: `${row}\n`, stream: 'stdout', time: '2026-11-22T10:00:00.5Z' }
    appendFileSync(join(this.#folder(name), `${idOf(name)}-json.log`), `${JSON.stringify(record)}\n`)
  }

  remove(name: string): void {
    rmSync(this.#folder(name), { recursive: true })
  }

  #folder(name: string): string {
    return join(this.root, idOf(name))
  }
}

function idOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(64, '0')
}

/** Who has left, and why, of those that were seen. */
function departed({ agents }: Stage): string[] {
  const names = new Map(agents.flatMap(({ seen }) => seen).map(({ source, id }) => [source, id]))
  return agents.flatMap(one => one.departed).map(({ source, reason }) => `${names.get(source)} ${reason}`)
}

async function stageWith(...containers: string[]) {
  const stage = await Stage.create()
  const docker = new Docker(stage)
  for (const name of containers) docker.run(name, { AutoRemove: name === 'fleeting' })
  return { stage, docker, wanted: { inputs: { docker: docker.input } } }
}

describe('a container of Docker has left', () => {
  test('when it has ended without an error and all of its log is read; not when it fails, or is started again', async () => {
    const { stage, docker, wanted } = await stageWith('done', 'failed', 'again', 'created')
    docker.state('created', { ...dead, ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z' })
    const run = await stage.start(wanted)
    await run.until('all are there', () => stage.messages().length === 4)
    docker.log('done', 'bye')
    docker.state('done', { ...dead, ExitCode: 0 })
    docker.state('failed', { ...dead, ExitCode: 137 })
    docker.state('again', { ...dead, ExitCode: 0, Restarting: true })
    await run.until('one has left', () => departed(stage).length > 0)
    expect(stage.messages()).toContain('bye')
    await run.pass(5000)
    expect(departed(stage)).toEqual(['done container_exited'])
  })

  test('when it is removed, unless it is removed however it ends', async () => {
    const { stage, docker, wanted } = await stageWith('old', 'fleeting', 'stays')
    const run = await stage.start(wanted)
    await run.until('all are there', () => stage.messages().length === 3)
    docker.remove('fleeting')
    docker.remove('old')
    await run.until('one has left', () => departed(stage).length > 0)
    await run.pass(5000)
    expect(departed(stage)).toEqual(['old container_removed'])
  })

  test('is looked at once, however often its input was changed', async () => {
    const { stage, docker, wanted } = await stageWith('one', 'other')
    const { disk, calls } = new FaultyDisk()
    stage.disk = disk
    const run = await stage.start(wanted)
    await run.until('both are there', () => stage.messages().length === 2)
    const callsOfLook = (): number => {
      const before = calls.lstat
      run.shard.observed()
      return calls.lstat - before
    }
    expect(callsOfLook()).toBe(2)
    for (const service of ['a', 'b'])
      await stage.change(run, { inputs: { docker: `${docker.input}, service: ${service}` } })
    expect(callsOfLook()).toBe(2)
    await stage.change(run, {})
    expect(callsOfLook()).toBe(0)
  })

  test('is looked at as often however many other inputs there are', async () => {
    const { stage, docker, wanted } = await stageWith('one')
    let looks = 0
    const faulty = new FaultyDisk()
    faulty.fault = (call, path) => void (call === 'lstat' && path.endsWith('config.v2.json') && looks++)
    stage.disk = faulty.disk
    const run = await stage.start(wanted)
    await run.until('it is there', () => stage.messages().length === 1)
    const looksWithin = async (ms: number): Promise<number> => {
      const before = looks
      await run.pass(ms)
      return looks - before
    }
    const alone = await looksWithin(5000)
    const others = Object.fromEntries(['a', 'b', 'c', 'd'].map(name => [name, `paths: ["${name}/*.log"]`]))
    await stage.change(run, { inputs: { docker: docker.input, ...others } })
    expect(await looksWithin(5000)).toBeLessThan(2 * alone)
  })

  test('when it is removed while no output takes anything', async () => {
    const { stage, docker, wanted } = await stageWith('old', 'stays')
    await stage.server.stop()
    const run = await stage.start(wanted)
    await run.until('both are seen', () => stage.agents.flatMap(({ seen }) => seen).length === 2)
    docker.remove('old')
    await run.until('one has left', () => departed(stage).length > 0)
    expect(departed(stage)).toEqual(['old container_removed'])
    await run.stop(0)
  })

  test('while nobody looked, too; not where its disk is not there', async () => {
    const { stage, docker, wanted } = await stageWith('gone', 'done', 'fleeting', 'stays')
    const first = await stage.start(wanted)
    await first.until('all are there', () => stage.messages().length === 4)
    await first.stop()
    docker.remove('fleeting')
    docker.remove('gone')
    docker.state('done', { ...dead, ExitCode: 0 })
    const second = await stage.start(wanted)
    await second.until('both have left', () => departed(stage).length === 2)
    expect(departed(stage).toSorted()).toEqual(['done container_exited', 'gone container_removed'])
    await second.stop()
    docker.remove('done')
    docker.remove('stays')
    const third = await stage.start(wanted)
    await third.pass(5000)
    expect(departed(stage)).toHaveLength(2)
  })

  test('before rules hear how far rows are seen: nobody who left while nobody looked is missed then', async () => {
    const { stage, docker, wanted } = await stageWith('gone', 'stays')
    const first = await stage.start(wanted)
    await first.until('all are there', () => stage.messages().length === 2)
    await first.stop()
    docker.remove('gone')
    const { shard } = await stage.open(wanted)
    // as the thread answers: behind one microtask
    await Promise.resolve(shard.observed())
    expect(departed(stage)).toEqual(['gone container_removed'])
  })
})
