import {
  type ComponentRegistry,
  defineInput,
  defineOutput,
  defineParser,
  defineProcessor,
  type FollowPlan
} from '../../src/config/define.ts'
import type { OptionTypes } from '../../src/config/option-types.ts'

const plan: FollowPlan = {
  paths: [],
  exclude: [],
  framing: 'lines',
  pathFields: 'none',
  readFrom: 'beginning',
  ignoreOlderMs: 0,
  maxLineBytes: 0,
  partialMs: 0,
  scanMs: 0,
  followSymlinks: false,
  linkRoots: [],
  rotatedTo: [],
  compression: 'none',
  maxOpenFiles: 512,
  shard: 'auto'
}

const multiline = (t: OptionTypes) =>
  t.z
    .union([
      t.choice('A preset.', ['auto', 'java']),
      t.group('Lines of a record.', {
        preset: t.choice('A preset.', ['auto', 'java']).default('auto'),
        timeout: t.duration('How long to wait for more.').default(5000)
      })
    ])
    .optional()
    .describe('Which lines are one record.')

const file = defineInput({
  name: 'file',
  summary: 'Follows files.',
  options: t => ({
    paths: t.list('Files and patterns to follow.', t.path('A path or pattern.')).min(1),
    exclude: t.list('Patterns of files to leave out.', t.path('A pattern.')).default([]),
    readFrom: t.z
      .union([t.choice('A place.', ['beginning', 'end']), t.count('Lines before the end.')])
      .default('beginning')
      .describe('Where to begin in files that are new to us.'),
    ignoreOlder: t.duration('Files that did not change for so long are left alone.').default(86_400_000),
    maxLineBytes: t.size('Longer lines are cut.', { min: 1024, max: 16 * 1024 * 1024 }).default(1024 * 1024),
    followSymlinks: t.flag('Follow symbolic links.').default(false),
    multiline: multiline(t)
  }),
  examples: [{ title: 'One file', config: 'paths: [/var/log/agent.log]\nread_from: end' }],
  plan: ({ paths, exclude }) => ({ ...plan, paths, exclude })
})

const containers = defineInput({
  name: 'containers',
  summary: 'Follows the logs of containers.',
  options: t => ({
    paths: t.list('Patterns of container logs.', t.path('A pattern.')).default(['/var/log/pods/*/*/*.log']),
    readFrom: t.z
      .union([t.choice('A place.', ['beginning', 'end']), t.count('Lines before the end.')])
      .default('beginning'),
    multiline: multiline(t)
  }),
  examples: [{ title: 'All containers', config: '{}' }],
  plan: ({ paths }) => ({ ...plan, paths, framing: 'containers' })
})

const step = { create: () => ({ parse() {}, apply() {} }), examples: [] }
const json = defineParser({ ...step, name: 'json', summary: 'Reads JSON objects.', options: () => ({}) })
const raw = defineParser({ ...step, name: 'raw', summary: 'Takes the line as it is.', options: () => ({}) })
const logfmt = defineParser({
  ...step,
  name: 'logfmt',
  summary: 'Reads key=value pairs.',
  options: t => ({ maxPairs: t.count('Most pairs of a line.', { min: 1, max: 1000 }).default(64) }),
  examples: [{ title: 'Few pairs', config: 'max_pairs: 8', input: 'a=1', output: { a: '1' } }]
})
const auto = defineParser({
  ...step,
  name: 'auto',
  summary: 'Finds the format by itself.',
  options: t => ({ lines: t.count('Lines to look at.').default(100) })
})

const normalize = defineProcessor({
  ...step,
  name: 'normalize',
  summary: 'Fills time, level, service and ids.',
  options: t => ({
    time: t.list('More names of the time.', t.text('A key.')).default([]),
    zone: t.text('Zone of times without one.').default('UTC'),
    onParseError: t.choice('What becomes of lines without time.', ['keep', 'drop', 'dead_letter']).default('keep')
  })
})
const redact = defineProcessor({
  ...step,
  name: 'redact',
  summary: 'Masks secrets.',
  options: t => ({
    presets: t.list('What to mask.', t.choice('A preset.', ['secrets', 'emails', 'cards'])).min(1),
    mask: t.text('Character to mask with.').max(1).default('*')
  })
})
const drop = defineProcessor({
  ...step,
  name: 'drop',
  summary: 'Leaves rows out.',
  options: t => ({ if: t.query('Rows to leave out.') })
})

const elasticsearch = defineOutput({
  name: 'elasticsearch',
  summary: 'Sends rows to Elasticsearch.',
  options: t => ({
    endpoints: t.list('Nodes.', t.url('A node.')).min(1),
    apiKey: t.secret('API key.').optional(),
    user: t.text('User name.').optional(),
    password: t.secret('Password of the user.').optional(),
    gzipLevel: t.count('Compression; 0 is none.', { min: 0, max: 9 }).default(1),
    schema: t.choice('Form of the documents.', ['ecs', 'flat', 'otel']).default('ecs'),
    headers: t.map('Headers of every request.', t.text('A value.')).prefault({}),
    timeout: t.duration('Longest wait for an answer.', { min: 100 }).default(60_000),
    tls: t
      .group('TLS.', {
        caFile: t.file('Certificate authority.').optional(),
        certFile: t.file('Client certificate.').optional(),
        keyFile: t.file('Key of the client certificate.').optional(),
        verify: t.flag('Check the certificate.').default(true)
      })
      .prefault({})
  }),
  delivery: { batchBytes: 8 * 1024 * 1024 },
  examples: [{ title: 'One node', config: 'endpoints: ["http://127.0.0.1:9200"]\nschema: flat' }],
  create: () => output
})
const stdout = defineOutput({
  name: 'stdout',
  summary: 'Prints rows.',
  options: t => ({ format: t.choice('Form of a row.', ['auto', 'text', 'json']).default('auto') }),
  examples: [{ title: 'JSON', config: 'format: json' }],
  create: () => output
})
const nowhere = defineOutput({
  name: 'null',
  summary: 'Takes rows and forgets them.',
  options: () => ({}),
  examples: [{ title: 'Nothing to say', config: '{}' }],
  create: () => output
})
const output = { encode() {}, send: () => Promise.reject(new Error('never sent')) }

/** Components of the kind that the real ones are, so that these tests stand on their own. */
export const registry: ComponentRegistry = {
  inputs: { file: async () => file, containers: async () => containers },
  parsers: { auto: async () => auto, json: async () => json, logfmt: async () => logfmt, raw: async () => raw },
  processors: { normalize: async () => normalize, redact: async () => redact, drop: async () => drop },
  outputs: { elasticsearch: async () => elasticsearch, stdout: async () => stdout, null: async () => nowhere },
  queries: () => import('../../src/logql/filter.ts'),
  patterns: () => import('../../src/scan/regex/compile.ts'),
  templates: () => import('../../src/rules/notify/templates.ts'),
  paths: () => import('../../src/inputs/file/glob.ts'),
  rules: () => import('../../src/rules/load.ts')
}
