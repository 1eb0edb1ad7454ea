import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import type { ProcessorDefinition } from '../../src/config/define.ts'
import { Body } from '../../src/core/output.ts'
import { lineEncoder } from '../../src/outputs/line-encoder.ts'
import { auto } from '../../src/parsers/auto.ts'
import { checked, testSteps } from '../contract/steps.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'
import { stepOf } from '../fakes/steps.ts'
import { applied, type Model, type Step } from './naive-steps.ts'

const definitions = new Map<string, ProcessorDefinition>()
for (const [name, load] of Object.entries(components.processors)) definitions.set(name, await load())

const columns = ['@timestamp', 'log.level', 'service.name', 'trace.id', 'span.id', 'agent.id', 'message', 'error.type']
const trace = '4BF92F3577B34DA6A3CE929D0E0E4736'
const texts = fc.constantFrom(
  '',
  'x',
  ' Warn ',
  'error',
  'banana',
  '12',
  ' -007 ',
  '1.5',
  '5MiB',
  '1m30s',
  'yes',
  '0',
  'a-a',
  trace,
  trace.slice(16),
  '2026-11-22T10:00:00.5Z',
  'caf\u00e9 "a"\\\n',
  '\u0000\ud83d\ude00',
  '{"a":1,"q":"\\n\\""}',
  '{"o":{"x":[1]}}'
)
const scalars = fc.oneof(texts, fc.constantFrom(12, 1.5, -3, true, false, null))
const values = fc.oneof(
  { weight: 4, arbitrary: scalars },
  fc.constantFrom<unknown>([1, 'a'], {}, { x: 1 }, { x: { y: 'deep', z: null }, w: '2' })
)
const plain = ['a', 'b', 'o', 'p']
const inner = ['o.x', 'o.x.y', 'o.w', 'b.new']
const special = ['level', 'service_name', 'trace_id', 'span_id', 'agent_id', 'message', 'time']
const names = fc.constantFrom(...plain, ...plain, ...inner, ...special)
/** No object gets the name of one that was taken apart: its members would be numbered. */
const targets = names.filter(name => name !== 'o' && name !== 'b')
/** Columns are as normalize left them. */
const row = fc.record({
  time: fc.constant('2026-11-22T09:00:00.000Z'),
  message: fc.constantFrom('hello', 'say "no"\n', '{"m":1}'),
  level: fc.option(fc.constantFrom('info', 'error'), { nil: undefined }),
  service_name: fc.option(fc.constant('shop'), { nil: undefined }),
  a: fc.option(values, { nil: undefined }),
  b: fc.option(values, { nil: undefined }),
  o: fc.option(values, { nil: undefined }),
  p: fc.option(values, { nil: undefined })
})

const filter = fc.constantFrom(
  'upper',
  'lower',
  'trim',
  'hash',
  'replace "a" "bb"',
  'replace "Ma" ""',
  'default "none"'
)
const insert = fc
  .tuple(names, fc.array(filter, { maxLength: 3 }))
  .map(([name, filters]) => `{{${[name, ...filters].join(' | ')}}}`)
const template = fc.oneof(
  insert,
  fc.array(fc.oneof(insert, fc.constantFrom('text', ' "', '\u00e9\n')), { maxLength: 3 }).map(parts => parts.join(''))
)
const given = fc.oneof({ weight: 3, arbitrary: template }, fc.constantFrom<unknown>(5, 0.5, true, ['a', 'b']))
const overwrite = fc.option(fc.boolean(), { nil: undefined }).map(is => (is === undefined ? {} : { overwrite: is }))
const some = <T>(from: fc.Arbitrary<string>, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(from, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
const fieldNames = fc.constantFrom(...plain, ...inner)
const types = fc.constantFrom('int', 'float', 'bool', 'duration', 'bytes', 'timestamp', 'string')
const isTemplate = (value: unknown): boolean => typeof value === 'string' && value.includes('{{')
/** A configuration gives columns nothing that they can not hold in any row. */
function fitting(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, special.includes(name) && !isTemplate(value) ? '{{a}}' : value])
  )
}
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(some(targets, given), overwrite).map(([fields, also]) => ({ set: { fields: fitting(fields), ...also } })),
  fc
    .tuple(some(names, targets), overwrite)
    .filter(([fields]) => Object.entries(fields).every(([from, to]) => !from.startsWith(to) && !to.startsWith(from)))
    .map(([fields, also]) => ({ rename: { fields, ...also } })),
  fc
    .array(fc.oneof(names, fc.constantFrom('o.*', 'p*', 'o.x*')), { minLength: 1, maxLength: 3 })
    .map(fields => ({ remove: { fields } })),
  fc
    .dictionary(fieldNames, types, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
    .map(fields => ({ convert: { fields } })),
  fc
    .tuple(fc.constantFrom(...plain, 'message'), fc.boolean())
    .map(([field, keep]) => ({ parse: { field, parser: 'json' as const, prefix: 'in_', keep } }))
)

const bench = new Bench()
const parser = auto.create(optionsOf(auto, {}), bench.context)
const normalizer = stepOf(definitions.get('normalize')!, {}, bench.context)
const encoder = lineEncoder({ format: 'json', color: false }, { keys: bench.keys, hostName: '' })

/** The documents that rows become, without what their source says. */
function documentsOf(rows: readonly object[], steps: readonly Step[]): Record<string, unknown>[] {
  const processors = steps.flatMap(one =>
    Object.entries(one).map(([name, options]) => stepOf(definitions.get(name)!, options, bench.context))
  )
  const body = new Body(1024)
  const way = checked({ parser, processors: [normalizer, ...processors] })
  const encode = { apply: (batch: Bench['batch']) => encoder.encode(batch, body) }
  const lines = rows.map(one => `${JSON.stringify(one)}\n`).join('')
  bench.rows(Buffer.from(lines), { parser, processors: [...way.processors, encode] })
  const written = body.bytes.utf8Slice(0, body.at).split('\n').slice(0, -1)
  return written.map(line => {
    const document = JSON.parse(line) as Record<string, unknown>
    return Object.fromEntries(Object.entries(document).filter(([name]) => [...columns, 'attributes'].includes(name)))
  })
}

function expected(document: Record<string, unknown>, steps: readonly Step[]): Record<string, unknown> {
  const { attributes = {}, ...rest } = structuredClone(document)
  const model: Model = {
    columns: rest as Record<string, string>,
    attributes: attributes as Record<string, unknown>,
    error: undefined
  }
  for (const one of steps) applied(model, one)
  const { error } = model
  const found = Object.entries({ ...model.columns, 'error.type': error }).filter(([, value]) => value !== undefined)
  const has = Object.keys(model.attributes).length > 0
  return { ...Object.fromEntries(found), ...(has && { attributes: model.attributes }) }
}

test('documents of any rows behind any steps are what the steps make of plain objects', () => {
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 4 }),
      fc.array(step, { minLength: 1, maxLength: 5 }),
      (rows, steps) => {
        const plainDocuments = documentsOf(rows, [])
        expect(documentsOf(rows, steps)).toEqual(plainDocuments.map(document => expected(document, steps)))
      }
    ),
    { numRuns: Number(process.env['RUNS'] ?? 400) }
  )
})

testSteps('steps that change rows', context => {
  const steps: Record<string, object>[] = [
    { parse: { parser: 'json', overwrite: false, keep: false } },
    { parse: { field: 'service', parser: 'auto', prefix: 'service.' } },
    { rename: { fields: { a: 'log.level', msg: 'b', level: 'was', error: 'o.x.y', user_id: 'trace_id' } } },
    {
      set: {
        fields: {
          b: '{{message | trim | upper}}{{service.name}}',
          'key_1.x': '{{time}}',
          message: '{{message | replace "t" "tt"}}'
        }
      }
    },
    {
      set: {
        fields: { copy: '{{key_7}}', hash: '{{message | hash}}', time: '{{a}}', level: '{{retry | default "warn"}}' }
      }
    },
    { convert: { fields: { key_9: 'string', b: 'bool', port: 'int', took: 'duration', retry: 'int' } } },
    { remove: { fields: ['key_3*', 'dd', 'span_id', 'user.id_2'] } }
  ]
  const processors = [{ normalize: {} }, ...steps].flatMap(one =>
    Object.entries(one).map(([name, options]) => stepOf(definitions.get(name)!, options, context))
  )
  return { parser: auto.create(optionsOf(auto, {}), context), processors }
})
