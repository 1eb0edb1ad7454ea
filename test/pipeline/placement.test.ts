import { expect, test } from 'vitest'
import type { FollowPlan } from '../../src/config/define.ts'
import { Lookout } from '../../src/inputs/file/reach.ts'
import { dividedOutput, partOf, placementOf } from '../../src/pipeline/placement.ts'
import type { InputPlan, OutputPlan, PipelinePlan, Plan } from '../../src/pipeline/plan.ts'

const mounts = ['/mnt/a', '/mnt/b', '/mnt/c', '/mnt/d', '/mnt/e', '/mnt/f']
  .map((point, id) => `${id} 1 0:${id} / ${point} rw - nfs4 server:/ rw\n`)
  .join('')

function input(name: string, path: string, shard: FollowPlan['shard'] = 'auto'): InputPlan {
  const follow = { paths: [path], followSymlinks: false, linkRoots: [], rotatedTo: [], shard }
  return { name, follow: follow as unknown as FollowPlan } as InputPlan
}

function pipeline(name: string, inputs: readonly InputPlan[], outputs: readonly string[]): PipelinePlan {
  return { name, inputs: inputs.map(one => one.name), outputs, process: [], choices: {} }
}

function output(name: string, oneWriter = false): OutputPlan {
  return { name, oneWriter } as OutputPlan
}

function plan(...inputs: InputPlan[]): Plan {
  return { inputs, pipelines: [pipeline('default', inputs, ['es'])], outputs: [output('es')], rules: [] }
}

async function place(of: Plan, now: Record<string, number> = {}, kept: readonly string[] = []) {
  const parts = { lookout: new Lookout(mounts), kept: new Set(kept), now: new Map(Object.entries(now)) }
  return Object.fromEntries(await placementOf(of, parts))
}

const local = input('local', '/logs/*.log')
const more = input('more', '/more/*.log')
const far = input('far', '/mnt/a/*.log')

test('what is local is read by the first shard, each remote mount by one of its own', async () => {
  const other = input('other', '/mnt/b/*.log')
  const second = input('second', '/mnt/b/deep/*.log')
  expect(await place(plan(far, local, other, more, second))).toEqual({ far: 1, local: 0, other: 2, more: 0, second: 2 })
})

test('where nobody would be held up there is one shard', async () => {
  expect(await place(plan(local, more))).toEqual({ local: 0, more: 0 })
  expect(await place(plan(far))).toEqual({ far: 0 })
  expect(await place(plan(far, input('second', '/mnt/a/deep/*.log')))).toEqual({ far: 0, second: 0 })
})

test('an option says otherwise', async () => {
  const own = input('own', '/own/*.log', 'own')
  const shared = input('shared', '/mnt/b/*.log', 'shared')
  expect(await place(plan(own, local, shared, more))).toEqual({ own: 1, local: 0, shared: 0, more: 0 })
})

test('inputs that may meet in one file stay together', async () => {
  const both = input('both', '/{logs,mnt/a}/*.log')
  expect(await place(plan(both, local, more, far))).toEqual({ both: 0, local: 0, more: 0, far: 0 })
  expect(await place(plan(input('own', '/own/*.log', 'own'), input('same', '/own/a.log'), local))).toEqual({
    own: 0,
    same: 0,
    local: 0
  })
})

test('mounts beyond the fourth share a shard', async () => {
  const inputs = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => input(name, `/mnt/${name}/*.log`))
  expect(await place(plan(...inputs, local))).toEqual({ a: 1, b: 2, c: 3, d: 4, e: 4, f: 4, local: 0 })
})

test('an input stays where it is, and a new one goes where it would be', async () => {
  // as it was alone at the start
  expect(await place(plan(far, local), { far: 0 })).toEqual({ far: 0, local: 1 })
  expect(await place(plan(far, local, more), { far: 0, local: 1 })).toEqual({ far: 0, local: 1, more: 1 })
  const again = input('again', '/mnt/a/deep/*.log')
  expect(await place(plan(local, far, again), { local: 0, far: 1 })).toEqual({ local: 0, far: 1, again: 1 })
})

test('what the first shard keeps of deleted files is read there', async () => {
  expect(await place(plan(local, far), {}, ['far'])).toEqual({ local: 0, far: 0 })
})

test('inputs of an output that only one thread can write to stay together', async () => {
  const inputs = [local, far, more]
  const outputs = [output('es'), output('stdout', true)]
  const pipelines = [pipeline('one', [local, far], ['es', 'stdout']), pipeline('two', [more], ['es'])]
  const mixed = { inputs, outputs, pipelines, rules: [] }
  expect(await place(mixed)).toEqual({ local: 0, far: 0, more: 0 })
  const apart = { ...mixed, pipelines: [pipeline('one', [far], ['stdout']), pipeline('two', [local, more], ['es'])] }
  const placement = new Map(Object.entries(await place(apart)))
  expect(placement.get('far')).toBe(1)
  expect(dividedOutput(apart, placement)).toBeUndefined()
  expect(dividedOutput(mixed, placement)).toBe('stdout')
})

test('each shard has its part of the plan, and what nobody reads is left to the first', () => {
  const inputs = [local, far]
  const outputs = ['es', 'audit', 'spare'].map(name => output(name))
  const pipelines = [
    pipeline('one', inputs, ['es']),
    pipeline('two', [far], ['audit']),
    pipeline('none', [], ['spare'])
  ]
  const query = { query: 'rate({level="error"}[1m])', intervalMs: 5000, rememberMs: 0, maxGroups: 1, maxBytes: 1 }
  const rules = [{ id: 'a', rows: 'all' as const, query }]
  const placement = new Map([
    ['local', 0],
    ['far', 1]
  ])
  const [first, second] = [0, 1].map(shard => partOf({ inputs, outputs, pipelines, rules }, placement, shard))
  expect(first).toEqual({
    inputs: [local],
    outputs: [output('es'), output('spare')],
    pipelines: [pipeline('one', [local], ['es']), pipeline('none', [], ['spare'])],
    rules
  })
  expect(second).toEqual({
    inputs: [far],
    outputs: [output('es'), output('audit')],
    pipelines: [pipeline('one', [far], ['es']), pipeline('two', [far], ['audit'])],
    rules
  })
  const all = new Map(inputs.map(({ name }) => [name, 0]))
  expect(partOf({ inputs, outputs, pipelines, rules }, all, 0)).toEqual({ inputs, outputs, pipelines, rules })
})
