import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { registry } from './registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const pipelines = join(import.meta.dirname, '../../pipelines')
const outputs = 'outputs:\n  out: { type: stdout }\n'
const inputs = 'inputs:\n  agent: { type: file, paths: [/var/log/agent.log] }\n'
type Env = Record<string, string>
const es = (options: string) =>
  `version: 1\n${inputs}outputs:\n  es:\n    type: elasticsearch\n    endpoints: ["http://es"]\n${options}`

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function configOf(files: string[], env: Env = {}): Promise<Config> {
  const loaded = await loadConfig(files, { env, components: registry })
  if ('config' in loaded) return loaded.config
  throw new Error(loaded.problems.map(formatProblem).join('\n'))
}

async function problemsOf(files: string[], env: Env = {}): Promise<string[]> {
  const loaded = await loadConfig(files, { env, components: registry })
  return 'config' in loaded ? [] : loaded.problems.map(problem => formatProblem(problem).replaceAll(`${folder}/`, ''))
}

describe('loading', () => {
  it('knows who is told about alerts', async () => {
    const rules = `rules:
  external_url: https://logs.example/
  alertmanagers: [http://am-1:9093, { url: "http://am-2:9093", token: "\${TOKEN}", timeout: 3s }]
  webhooks:
    ops: { type: dingtalk, url: "\${HOOK}", secret: "\${TOKEN}", group_by: [alertname, host], group_wait: 0s }
`
    const env = { TOKEN: '12345', HOOK: 'https://oapi.dingtalk.com/robot/send?access_token=1' }
    const config = await configOf([write('rules.yaml', `version: 1\n${inputs}${outputs}${rules}`)], env)
    const tls = { caFile: '', certFile: '', keyFile: '', skipVerify: false }
    const plain = { user: '', password: '', token: '', headers: {}, tls, timeoutMs: 10_000 }
    expect(config.rules).toEqual({
      files: [],
      maxSeries: 10_000,
      alertmanagers: [
        { ...plain, url: 'http://am-1:9093' },
        { ...plain, url: 'http://am-2:9093', token: '12345', timeoutMs: 3000 }
      ],
      webhooks: [
        {
          name: 'ops',
          type: 'dingtalk',
          secret: '12345',
          groups: {
            groupBy: ['alertname', 'host'],
            groupWaitMs: 0,
            groupIntervalMs: 300_000,
            repeatIntervalMs: 14_400_000,
            sendResolved: true,
            maxPerMinute: 20
          },
          receiver: { ...plain, url: env.HOOK }
        }
      ],
      remoteWrite: [],
      externalUrl: 'https://logs.example',
      externalLabels: {},
      network: { allow: [], deny: [] }
    })
  })

  it('config fills in every default of a small file', async () => {
    const config = await configOf([write('small.yaml', `version: 1\n${inputs}${outputs}`)], { HOME: '/home/me' })
    expect(config.collector).toEqual({
      stateDir: '/home/me/.local/state/mcp-collector',
      resource: {},
      shards: 1,
      drainTimeoutMs: 5000,
      holdDeletedBytes: 1 << 30
    })
    const auto = { use: 'auto', options: { lines: 100 } }
    expect(config.inputs[0]).toMatchObject({
      name: 'agent',
      use: 'file',
      service: '',
      dataset: 'mcp.agent',
      parsers: [auto]
    })
    expect(config.inputs[0]!.options).toMatchObject({ paths: ['/var/log/agent.log'], maxLineBytes: 1024 * 1024 })
    expect(config.outputs[0]).toEqual({
      name: 'out',
      use: 'stdout',
      final: false,
      contents: [],
      startFrom: 'now',
      delivery: {
        batchBytes: 5 * 1024 * 1024,
        flushMs: 200,
        maxInFlightBytes: 16 * 1024 * 1024,
        maxConcurrency: 8,
        retryMinMs: 1000,
        retryMaxMs: 60_000,
        deadLetters: { maxBytes: 256 * 1024 * 1024, maxAgeMs: 7 * 86_400_000, whenFull: 'pause' }
      },
      options: { format: 'auto' }
    })
    const normalize = { use: 'normalize', options: { time: [], zone: 'UTC', onParseError: 'keep' } }
    expect(config.pipelines).toEqual([{ name: 'default', inputs: ['agent'], outputs: ['out'], process: [normalize] }])
    expect(config.server).toEqual({ listen: { host: '127.0.0.1', port: 9680 } })
    expect(config.log.level).toBe('info')
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
  })

  it('config takes snake_case to camelCase, but not in maps of names', async () => {
    const text = `version: 1
collector: { resource: { deployment.environment.name: "\${ENV:-dev}", my_field: x } }
${inputs}outputs:
  es:
    type: elasticsearch
    endpoints: [https://es:9200]
    headers: { x_tenant: a }
    tls: { ca_file: certs/ca.pem }
    gzip_level: 3
    retry: { max: 1h30m }
`
    mkdirSync(join(folder, 'certs'))
    write('certs/ca.pem', '')
    const { collector, outputs } = await configOf([write('snake.yaml', text)])
    expect(collector.resource).toEqual({ 'deployment.environment.name': 'dev', my_field: 'x' })
    expect(outputs[0]!.options).toMatchObject({ gzipLevel: 3, headers: { x_tenant: 'a' } })
    expect(outputs[0]!.options.tls).toEqual({ caFile: join(folder, 'certs/ca.pem'), verify: true })
    expect(outputs[0]!.delivery).toMatchObject({ batchBytes: 8 * 1024 * 1024, retryMaxMs: 5_400_000 })
  })

  it('config knows the contents of named files, and reads no pipe: it would be empty for the run', async () => {
    const ca = (file: string) => write('ca.yaml', es(`    tls: { ca_file: ${file} }`))
    const contentsOf = async (file: string) => (await configOf([ca(file)])).outputs[0]!.contents
    const before = await contentsOf(write('ca.pem', 'one'))
    expect(before).toHaveLength(1)
    expect(await contentsOf(write('ca.pem', 'two'))).not.toEqual(before)
    expect(await contentsOf('/dev/null')).toEqual([])
  })

  it('config puts normalize first and keeps its options', async () => {
    const text = `version: 1\n${inputs}${outputs}  nowhere: { type: "null" }
process:
  - normalize: { zone: Asia/Shanghai }
  - redact: { presets: [secrets] }
pipelines:
  all: { outputs: [out] }
  bare: { outputs: [nowhere], process: [] }
`
    const { pipelines } = await configOf([write('steps.yaml', text)])
    expect(pipelines.map(({ name, process }) => [name, process.map(({ use }) => use)])).toEqual([
      ['all', ['normalize', 'redact']],
      ['bare', ['normalize']]
    ])
    expect(pipelines[0]!.process[0]!.options).toMatchObject({ zone: 'Asia/Shanghai' })
    expect(pipelines[1]!.process[0]!.options).toMatchObject({ zone: 'UTC' })
  })

  it('config takes a parser by name or with its options, and follows aliases', async () => {
    const text = `version: 1
inputs:
  a: { type: file, paths: &paths [/a], parser: json }
  b: { type: file, paths: *paths, parser: { use: logfmt, max_pairs: 3 }, read_from: 10 }
${outputs}`
    const { inputs } = await configOf([write('parsers.yaml', text)])
    expect(inputs.flatMap(({ parsers }) => parsers)).toEqual([
      { use: 'json', options: {} },
      { use: 'logfmt', options: { maxPairs: 3 } }
    ])
    expect(inputs[1]!.options).toMatchObject({ paths: ['/a'], readFrom: 10 })
  })
})

describe('several files', () => {
  it('config merges by name, with paths relative to the file that names them', async () => {
    mkdirSync(join(folder, 'sub'), { recursive: true })
    const base = write('base.yaml', `version: 1\n${inputs}server: { listen: "127.0.0.1:0" }\n`)
    const more = write('sub/more.yaml', `version: 1\ninputs:\n  more: { type: file, paths: [logs/*.log] }\n${outputs}`)
    const { files, inputs: all } = await configOf([base, more])
    expect(files).toEqual([base, more])
    expect(all.map(({ name, options }) => [name, options.paths])).toEqual([
      ['agent', ['/var/log/agent.log']],
      ['more', [join(folder, 'sub/logs/*.log')]]
    ])
  })

  it('config refuses a name that stands in two files, at the second', async () => {
    const one = write('one.yaml', `version: 1\n${inputs}${outputs}log: { level: info }\nprocess: []\n`)
    const two = write(
      'two.yaml',
      `version: 1\ninputs:\n  agent: { type: file, path: [/x] }\nlog: { level: debug }\nprocess: []\n`
    )
    expect(await problemsOf([one, two])).toEqual([
      `two.yaml:3:3: Duplicate "inputs.agent": it stands already in ${folder}/one.yaml:3`.replaceAll(`${folder}/`, ''),
      'two.yaml:4:8: Duplicate "log.level": it stands already in one.yaml:6',
      'two.yaml:5:1: Duplicate "process": it stands already in one.yaml:7'
    ])
  })

  it('config reports every file that can not be read, and wants a version in each', async () => {
    const bare = write('bare.yaml', inputs)
    const latin = join(folder, 'latin.yaml')
    writeFileSync(latin, Buffer.from([0x61, 0x3a, 0x0a, 0x62, 0x3a, 0x20, 0xe4]))
    expect(await problemsOf([bare, join(folder, 'absent.yaml'), latin, folder])).toEqual([
      'absent.yaml:1:1: Cannot read this file: no such file',
      'latin.yaml:2:4: Cannot read this character: the file is not UTF-8',
      `${folder}:1:1: Cannot read this file: it is a folder`
    ])
    expect(await problemsOf([write('whole.yaml', `version: 1\n${outputs}`), bare])).toEqual([
      'bare.yaml:1:1: Missing "version": begin the file with "version: 1"'
    ])
  })
})

describe('substitution', () => {
  it('config replaces variables and files inside of scalars, and gives unquoted ones their type', async () => {
    write('key', '0123456789\n')
    const text = es(`    api_key: \${file:key}
    password: \${PASSWORD}
    gzip_level: \${LEVEL:-4}
    timeout: "\${SECONDS_}s"
    tls: { verify: false, ca_file: "\${NONE:-}" }
    headers: { a: "$$\${NONE:-\${B:-b}}$", c: "\${INJECT}" }
`)
    const env = { PASSWORD: '007', SECONDS_: '5', INJECT: 'x\ny: ${PASSWORD} # z' }
    const { outputs } = await configOf([write('variables.yaml', text)], env)
    expect(outputs[0]!.options).toMatchObject({
      apiKey: '0123456789',
      password: '007',
      gzipLevel: 4,
      timeout: 5000,
      tls: { verify: false },
      headers: { a: '$b$', c: 'x\ny: ${PASSWORD} # z' }
    })
    expect(outputs[0]!.options.tls).not.toHaveProperty('caFile')
  })

  it('config never shows what was put in, nor secrets', async () => {
    const text = es(`    api_key: ["\${SECRET}"]
    password: { a: hunter2 }
    schema: \${SECRET}
    headers: { authorization: [hunter2] }
    timeout: \${SECRET}
    gzip_level: "\${DIGITS}"
    max_in_flight_bytes: \${SIZE}
  other: { type: elasticsearch, endpoints: ["ftp://me:hunter2@es"], gzip_level: "\${SECRET}" }
`)
    const problems = await problemsOf([write('secret.yaml', text)], {
      SECRET: 'hunter2',
      DIGITS: '4711',
      SIZE: '4711 mb'
    })
    expect(problems).toHaveLength(9)
    expect(problems.join('\n')).not.toMatch(/hunter2|4711/)
  })
})

describe('pipelines', () => {
  it.each([
    { files: ['local.yaml'], outputs: ['stdout'] },
    { files: ['local.yaml', 'local-elasticsearch.yaml'], outputs: ['stdout', 'elasticsearch'] },
    { files: ['elasticsearch.yaml'], outputs: ['elasticsearch'] },
    { files: ['local.yaml', 'local-alertmanager.yaml'], outputs: ['stdout'] }
  ])('config $files is right', async ({ files, outputs }) => {
    const config = await configOf(
      files.map(file => join(pipelines, file)),
      { ELASTICSEARCH_URL: 'http://es:9200', ALERTMANAGER_URL: 'http://am:9093' }
    )
    expect(config.outputs.map(({ use }) => use)).toEqual(outputs)
    const told = files.includes('local-alertmanager.yaml') ? ['http://am:9093'] : []
    expect(config.rules?.alertmanagers.map(({ url }) => url) ?? []).toEqual(told)
    for (const { use, options } of config.outputs) {
      if (use === 'elasticsearch') expect(options).toMatchObject({ endpoints: ['http://es:9200'] })
      expect(options).not.toHaveProperty('apiKey')
    }
  })

  it('config local-otlp.yaml is right, without any option', async () => {
    const files = ['local.yaml', 'local-otlp.yaml'].map(file => join(pipelines, file))
    const loaded = await loadConfig(files, { env: {}, components })
    const outputs = 'config' in loaded ? loaded.config.outputs : loaded.problems.map(formatProblem)
    expect(outputs).toMatchObject([{ use: 'stdout' }, { use: 'otlp', options: { headers: {} } }])
  })
})
