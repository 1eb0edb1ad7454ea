import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import type { Config } from '../../src/config/config.ts'
import { type Loaded, loadConfig } from '../../src/config/load.ts'
import { type Log, silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { planOf } from '../../src/pipeline/plan.ts'
import { Reloads, sentenceOf } from '../../src/pipeline/reload.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'

const one = 'inputs: { a: { type: file, paths: [a.log] } }\noutputs: { nowhere: { type: "null" } }\n'
const two = one.replace('} }\n', '}, b: { type: file, paths: [b.log] } }\n')

/** Reloads around a file, and what they did. */
async function stage() {
  const path = join(tempFolder(), 'config.yaml')
  const write = (text: string): void => {
    const collector = text.startsWith('collector:') ? '' : 'collector: { state_dir: state }\n'
    writeFileSync(path, `version: 1\n${collector}${text}`)
  }
  const load = (): Promise<Loaded> => loadConfig([path], { env: {}, components })
  const calls: string[] = []
  const lines: string[] = []
  const say = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { ...silentLog, info: say, error: say }
  const fails = { adopt: '', change: '' }
  const call = (what: keyof typeof fails, config: Config): Promise<void> => {
    calls.push(`${what} ${config.inputs.map(input => input.name).join()}`)
    return fails[what] === '' ? Promise.resolve() : Promise.reject(new Error(fails[what]))
  }
  const clock = new FakeClock()
  const meter = new Meter()
  write(one)
  const loaded = await load()
  if ('problems' in loaded) throw new Error(loaded.problems.map(sentenceOf).join())
  const reloads = new Reloads(
    { config: loaded.config, plan: await planOf(loaded.config) },
    { load, clock, log, meter, adopt: config => call('adopt', config), change: next => call('change', next.config) }
  )
  const sample = (name: string): number | undefined => meter.samples().find(it => it.name === name)?.value
  const count = (result: string): number | undefined =>
    meter.samples().find(it => it.name === 'collector_reloads_total' && it.labels[0] === result)?.value
  return { path, write, calls, lines, fails, clock, reloads, sample, count }
}

describe('a reload', () => {
  test('takes over what has changed, and says who wanted it', async () => {
    const { write, calls, lines, clock, reloads, sample, count } = await stage()
    write(two)
    await clock.advance(60_000)
    const reload = await reloads.reload('SIGHUP')
    expect(reload).toMatchObject({
      by: 'SIGHUP',
      result: 'changed',
      problems: [],
      changes: { inputs: { added: ['b'], changed: [], removed: [] } }
    })
    expect(calls).toEqual(['adopt a,b', 'change a,b'])
    expect(reloads.running.plan.inputs.map(input => input.name)).toEqual(['a', 'b'])
    expect(lines).toEqual(['Configuration reloaded {"by":"SIGHUP","changes":"input b added","ms":0}'])
    expect([count('changed'), sample('collector_config_last_reload_successful')]).toEqual([1, 1])
    expect(sample('collector_config_last_reload_success_timestamp_seconds')).toBe(clock.now() / 1000)
  })

  test('of the same files does nothing', async () => {
    const { calls, lines, reloads, count } = await stage()
    expect(await reloads.reload('watch')).toMatchObject({ result: 'unchanged', problems: [] })
    expect(calls).toEqual([])
    expect(lines).toEqual(['Configuration reloaded: nothing has changed {"by":"watch","ms":0}'])
    expect(count('unchanged')).toBe(1)
  })

  test('of a file with mistakes changes nothing and tells all of them', async () => {
    const { path, write, calls, lines, clock, reloads, sample, count } = await stage()
    const began = clock.now() / 1000
    write(`${one.replace('paths', 'path')}nonsense: 1\n`)
    await clock.advance(60_000)
    const reload = await reloads.reload('api 10.0.0.7')
    expect(reload.result).toBe('refused')
    expect(reload.problems.map(sentenceOf)).toEqual([
      expect.stringMatching(`^${path}:3:28: Unknown key "path" in input "a"`),
      expect.stringMatching(`^${path}:5:1: Unknown key "nonsense"`)
    ])
    expect(calls).toEqual([])
    expect(lines[0]).toBe(
      'Configuration not reloaded: the one before goes on {"by":"api 10.0.0.7","result":"refused","problems":2,"ms":0}'
    )
    expect(lines.slice(1).map(line => line.split(' ')[0])).toEqual([`${path}:3:28:`, `${path}:5:1:`])
    expect(reloads.last).toBe(reload)
    expect([count('refused'), sample('collector_config_last_reload_successful')]).toEqual([1, 0])
    expect(sample('collector_config_last_reload_success_timestamp_seconds')).toBe(began)
    write(one)
    expect(await reloads.reload('SIGHUP')).toMatchObject({ result: 'unchanged' })
    expect(sample('collector_config_last_reload_successful')).toBe(1)
  })

  test('that needs a restart is refused, with what needs it', async () => {
    const { write, calls, reloads } = await stage()
    write(two.replace('inputs', 'collector: { state_dir: other, host_name: me }\ninputs'))
    expect(await reloads.reload('SIGHUP')).toMatchObject({
      result: 'refused',
      problems: [
        { message: 'Cannot change "collector.state_dir" while the collector runs: it needs a restart' },
        { message: 'Cannot change "collector.host_name" while the collector runs: it needs a restart' }
      ]
    })
    expect(calls).toEqual([])
  })

  test('goes back where a part can not be taken over', async () => {
    const { write, calls, fails, reloads, count } = await stage()
    write(two)
    fails.adopt = 'Cannot listen'
    expect(await reloads.reload('SIGHUP')).toMatchObject({ result: 'failed', problems: [{ message: 'Cannot listen' }] })
    expect(calls.splice(0)).toEqual(['adopt a,b'])
    fails.adopt = ''
    fails.change = 'No answer'
    expect(await reloads.reload('SIGHUP')).toMatchObject({ result: 'failed', problems: [{ message: 'No answer' }] })
    expect(calls.splice(0)).toEqual(['adopt a,b', 'change a,b', 'adopt a'])
    expect(reloads.running.plan.inputs.map(input => input.name)).toEqual(['a'])
    fails.change = ''
    expect(await reloads.reload('SIGHUP')).toMatchObject({ result: 'changed' })
    expect([count('failed'), count('changed')]).toEqual([2, 1])
  })

  test('waits for the one before, and reads what the files say then', async () => {
    const { write, calls, reloads } = await stage()
    write(two)
    const first = reloads.reload('SIGHUP')
    const second = reloads.reload('watch')
    await first
    write(one)
    const third = reloads.reload('SIGHUP')
    expect((await Promise.all([first, second, third])).map(it => it.result)).toEqual([
      'changed',
      'unchanged',
      'changed'
    ])
    expect(calls).toEqual(['adopt a,b', 'change a,b', 'adopt a', 'change a'])
  })

  test('is not begun any more once the collector stops', async () => {
    const { write, calls, reloads } = await stage()
    write(two)
    const first = reloads.reload('SIGHUP')
    const second = reloads.reload('SIGHUP')
    await reloads.close()
    expect((await first).result).toBe('failed')
    expect((await second).result).toBe('failed')
    expect(calls).toEqual([])
  })
})
