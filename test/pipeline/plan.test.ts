import { expect, it } from 'vitest'
import type { Config, InputConfig, OutputConfig } from '../../src/config/config.ts'
import { newLedger } from '../../src/core/outcome.ts'
import { belongsTo } from '../../src/pipeline/accounts.ts'
import { planOf } from '../../src/pipeline/plan.ts'

const follow = {
  exclude: ['*.gz'],
  readFrom: 'end',
  ignoreOlder: 1000,
  maxLineBytes: 2000,
  partialTimeout: 3000,
  scanInterval: 4000
}
const parsers = [{ use: 'auto', options: {} }]

function input(name: string, use: string, options: Record<string, unknown>): InputConfig {
  return {
    name,
    use,
    options: { ...follow, ...options },
    service: `${name}-service`,
    dataset: 'app',
    parsers,
    onParseError: 'drop'
  }
}

const files = input('logs', 'file', { paths: ['/var/log/*.log'], followSymlinks: true, symlinkRoots: ['/srv'] })
const pods = input('pods', 'containers', { paths: ['/var/log/pods/*/*/*.log'] })
const outputs: OutputConfig[] = ['es', 'audit'].map(name => ({
  name,
  use: 'null',
  options: {},
  contents: [],
  final: false,
  startFrom: 'now',
  delivery: {
    batchBytes: 1,
    flushMs: 2,
    maxInFlightBytes: 3,
    maxConcurrency: 4,
    retryMinMs: 5,
    retryMaxMs: 6,
    deadLetters: { maxBytes: 7, maxAgeMs: 8, whenFull: 'pause' }
  }
}))

function configOf(pipelines: Config['pipelines']): Config {
  return {
    version: 1,
    files: [],
    collector: {
      stateDir: '/state',
      resource: { 'deployment.environment.name': 'test' },
      shards: 1,
      drainTimeoutMs: 1,
      holdDeletedBytes: 1
    },
    inputs: [files, pods],
    outputs,
    pipelines,
    agents: { maxAgents: 1, idleAfterMs: 1, forgetAfterMs: 1 },
    server: { listen: { host: '127.0.0.1', port: 0 } },
    log: { level: 'info' }
  }
}

const everything = { name: 'default', inputs: ['logs', 'pods'], outputs: ['es', 'audit'], process: [] }

it('plan has what the inputs make of their options', async () => {
  const { inputs } = await planOf(configOf([everything]))
  const common = { ignoreOlderMs: 1000, maxLineBytes: 2000, partialMs: 3000, scanMs: 4000, readFrom: 'end' }
  const resource = { 'deployment.environment.name': 'test' }
  expect(inputs).toMatchObject([
    {
      name: 'logs',
      type: 'file',
      service: 'logs-service',
      dataset: 'app',
      resource,
      parsers,
      onParseError: 'drop',
      follow: { ...common, paths: ['/var/log/*.log'], exclude: ['*.gz'], framing: 'lines', linkRoots: ['/srv'] }
    },
    { name: 'pods', type: 'containers', resource, follow: { ...common, framing: 'containers' } }
  ])
})

it('plan leaves inputs out that no pipeline uses', async () => {
  const { inputs } = await planOf(configOf([{ ...everything, inputs: ['pods'] }]))
  expect(inputs.map(one => one.name)).toEqual(['pods'])
})

it('plan names an input once, however many pipelines use it', async () => {
  const pipelines = [everything, { ...everything, name: 'second' }]
  const plan = await planOf(configOf(pipelines))
  expect(plan.inputs.map(one => one.name)).toEqual(['logs', 'pods'])
  expect(plan.pipelines).toEqual(pipelines.map(one => ({ ...one, choices: {} })))
  expect(plan.outputs.map(({ oneWriter, ...one }) => [oneWriter, one])).toMatchObject(
    outputs.map(({ final, ...one }) => [final, one])
  )
})

it('plan has the rows of each output, less those that end at a final one before it', async () => {
  const [es, audit] = outputs as [OutputConfig, OutputConfig]
  const errors = { ...es, condition: '{level="error"}', final: true }
  const logins = { ...audit, condition: '{service_name="auth"}' }
  const all = [errors, logins, { ...audit, name: 'rest' }]
  const pipeline = { ...everything, outputs: ['es', 'audit', 'rest'] }
  const { pipelines } = await planOf({
    ...configOf([pipeline, { ...pipeline, outputs: ['rest', 'es'] }]),
    outputs: all
  })
  expect(pipelines.map(({ choices }) => choices)).toEqual([
    {
      es: { own: errors.condition, taken: [] },
      audit: { own: logins.condition, taken: [errors.condition] },
      rest: { taken: [errors.condition] }
    },
    { es: { own: errors.condition, taken: [] } }
  ])
})

it('plan is plain data, the same for the same configuration', async () => {
  const plan = await planOf(configOf([everything]))
  expect(structuredClone(plan)).toEqual(plan)
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  expect(await planOf(configOf([everything]))).toEqual(plan)
})

it('plan tells its own accounts from those of other configurations', async () => {
  const belongs = belongsTo(await planOf(configOf([{ ...everything, outputs: ['es'] }])))
  const account = {
    source: 'x',
    name: '/var/log/a.log',
    input: 'logs',
    output: 'default/es',
    position: 0,
    ledger: newLedger()
  }
  expect(belongs(account)).toBe(true)
  expect(belongs({ ...account, name: '/srv/a.log' })).toBe(false)
  expect(belongs({ ...account, input: 'gone' })).toBe(false)
  expect(belongs({ ...account, output: 'default/audit' })).toBe(false)
  const gone = { ...account, source: '', name: '', input: '' }
  expect([belongs(gone), belongs({ ...gone, output: 'other/es' })]).toEqual([true, false])
})
