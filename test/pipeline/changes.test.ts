import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { type Changes, isEmpty, planChanges, sentencesOf, settingChanges } from '../../src/pipeline/changes.ts'
import type { InputPlan, OutputPlan, Plan } from '../../src/pipeline/plan.ts'

const none = { added: [], changed: [], removed: [] }
const noRoutes = { added: [], removed: [] }

function input(name: string, more: Partial<InputPlan> = {}): InputPlan {
  const follow = { paths: [`/var/log/${name}.log`] } as unknown as InputPlan['follow']
  const parsers = [{ use: 'auto', options: {} }]
  return { name, type: 'file', follow, service: '', dataset: 'a', resource: {}, parsers, onParseError: 'keep', ...more }
}

function output(name: string, more: Partial<OutputPlan> = {}): OutputPlan {
  const delivery = { batchBytes: 1, deadLetters: { maxBytes: 1 } } as unknown as OutputPlan['delivery']
  const options = { endpoints: ['http://a'] }
  return { name, use: 'elasticsearch', options, contents: [], startFrom: 'now', delivery, oneWriter: false, ...more }
}

const normalize = { use: 'normalize', options: {} }

function names(all: readonly { name: string }[]): string[] {
  return all.map(({ name }) => name)
}

/** One pipeline of everything. */
function plan(inputs: InputPlan[], outputs: OutputPlan[], process = [normalize]): Plan {
  const pipeline = { name: 'default', inputs: names(inputs), outputs: names(outputs), process, choices: {} }
  return { inputs, outputs, pipelines: [pipeline], rules: [] }
}

/** Two pipelines with these inputs. */
function split(first: string[], second: string[]): Plan {
  const pipelines = [
    { name: 'one', inputs: first, outputs: ['es'], process: [normalize], choices: {} },
    { name: 'two', inputs: second, outputs: ['audit'], process: [normalize], choices: {} }
  ]
  return { ...before, pipelines }
}

/** The same options in another order. */
function reversed(options: OutputPlan): OutputPlan {
  return Object.fromEntries(Object.entries(options).toReversed()) as unknown as OutputPlan
}

const before = plan([input('a'), input('b')], [output('es'), output('audit')])

describe('changes of a plan', () => {
  test('are none where nothing differs', () => {
    expect(planChanges(before, structuredClone(before))).toEqual({ inputs: none, outputs: none, routes: noRoutes })
  })

  test('name inputs that came, went, or have another option of any kind', () => {
    const differing: Partial<InputPlan>[] = [
      { service: 'x' },
      { resource: { site: 'b' } },
      { parsers: [{ use: 'json', options: {} }] },
      { parsers: [{ use: 'auto', options: { strict: true } }] },
      { onParseError: 'drop' },
      { type: 'containers' },
      { follow: { ...input('a').follow, paths: ['/srv/*.log'] } }
    ]
    for (const more of differing) {
      const after = plan([input('a', more), input('c')], [output('es'), output('audit')])
      const inputs = { added: ['c'], changed: ['a'], removed: ['b'] }
      expect(planChanges(before, after)).toEqual({ inputs, outputs: none, routes: noRoutes })
    }
  })

  test('name outputs by their pipeline, also where only a step in front of them is another', () => {
    const changed = { ...output('es').delivery, batchBytes: 2 }
    const after = plan([input('a'), input('b')], [output('es', { delivery: changed }), output('new')])
    const outputs = { added: ['default/new'], changed: ['default/es'], removed: ['default/audit'] }
    expect(planChanges(before, after)).toEqual({ inputs: none, outputs, routes: noRoutes })

    const [pipeline] = before.pipelines
    const routed = { ...before, pipelines: [{ ...pipeline!, choices: { audit: { taken: ['{level="error"}'] } } }] }
    expect(planChanges(before, routed).outputs).toEqual({ ...none, changed: ['default/audit'] })

    const stepped = plan([input('a'), input('b')], [output('es'), output('audit')], [normalize, normalize])
    const both = ['default/es', 'default/audit']
    expect(planChanges(before, stepped)).toEqual({
      inputs: none,
      outputs: { ...none, changed: both },
      routes: noRoutes
    })
  })

  test('leave an output alone that would only begin elsewhere if it were new', () => {
    const after = plan([input('a'), input('b')], [output('es', { startFrom: 'beginning' }), output('audit')])
    expect(planChanges(before, after)).toMatchObject({ outputs: none })
  })

  test('take an output of a renamed pipeline for another one', () => {
    const after = { ...before, pipelines: [{ ...before.pipelines[0]!, name: 'main' }] }
    expect(planChanges(before, after)).toEqual({
      inputs: none,
      outputs: { added: ['main/es', 'main/audit'], changed: [], removed: ['default/es', 'default/audit'] },
      routes: noRoutes
    })
  })

  test('name routes where both ends stay', () => {
    expect(planChanges(split(['a'], ['a', 'b']), split(['a', 'b'], ['a']))).toEqual({
      inputs: none,
      outputs: none,
      routes: { added: ['b → one/es'], removed: ['b → two/audit'] }
    })
  })

  test('do not depend on the order of inputs, outputs and options', () => {
    const after = plan([input('b'), input('a')], [reversed(output('audit')), reversed(output('es'))])
    expect(planChanges(before, after)).toEqual({ inputs: none, outputs: none, routes: noRoutes })
  })
})

describe('changes of settings', () => {
  const config = {
    collector: { stateDir: '/state', shards: 1, resource: {}, drainTimeoutMs: 5000 },
    server: { listen: { host: '127.0.0.1', port: 1 }, token: 'old secret' },
    log: { level: 'info' }
  } as unknown as Config

  test('tell those that can be taken over from those that need a restart', () => {
    const after = {
      ...config,
      collector: { ...config.collector, stateDir: '/other', shards: 2, hostName: 'me', drainTimeoutMs: 1 },
      server: { listen: { host: '127.0.0.1', port: 2 }, token: 'new secret' },
      metrics: { listen: { host: '', port: 3 } },
      log: { level: 'debug' as const }
    }
    expect(settingChanges(config, after)).toEqual({
      fixed: ['collector.state_dir', 'collector.host_name', 'collector.shards'],
      live: ['collector.drain_timeout', 'server.listen', 'server.token', 'metrics.listen', 'log.level']
    })
    expect(settingChanges(config, structuredClone(config))).toEqual({ fixed: [], live: [] })
  })
})

test('changes in words have names, and no values', () => {
  const changes: Changes = {
    inputs: { added: ['pods'], changed: ['agent'], removed: [] },
    outputs: { added: [], changed: ['default/es'], removed: ['default/audit'] },
    routes: { added: ['agent → two/es'], removed: [] },
    settings: ['server.token']
  }
  expect(sentencesOf(changes)).toEqual([
    'input pods added',
    'input agent changed',
    'output default/es changed',
    'output default/audit removed',
    'route agent → two/es added',
    'server.token changed'
  ])
  expect(isEmpty(changes)).toBe(false)
  expect(isEmpty({ inputs: none, outputs: none, routes: noRoutes, settings: [] })).toBe(true)
})
