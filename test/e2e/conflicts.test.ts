import { afterEach, describe, expect, inject, test } from 'vitest'
import { Stage } from './stage.ts'

const url = inject('elasticsearch')

let stage: Stage
afterEach(() => stage.remove())

/** A value of every kind, as one service or another may write it under the same key. */
const values: readonly ((n: number) => string)[] = [
  n => `"text ${n}"`,
  n => String(n),
  n => `${n}.5`,
  n => `-${n}e-3`,
  () => '12345678901234567890123',
  () => '1e400',
  () => 'true',
  () => 'null',
  () => '""',
  n => `{"inner":${n}}`,
  n => `{"inner":"text","deeper":{"most":[${n}]}}`,
  () => '{}',
  () => '[]',
  n => `[${n},"text",true,null]`,
  n => `[{"inner":${n}},{"inner":"text"}]`,
  n => `[[${n}],["text"]]`,
  () => '"2026-01-02T03:04:05Z"',
  () => '"10.0.0.1"',
  () => `"${'long '.repeat(8000)}"`,
  n => `{"":${n},"inner":{"":"text"}}`,
  () => '"\\u0000\\ud83d\\ude00 \\ud800"',
  () => `${'{"deep":'.repeat(30)}1${'}'.repeat(30)}`
]

const keys: readonly string[] = [
  'value',
  'status',
  'user',
  'user.name',
  'user.name.first',
  'error',
  'error.code',
  'http',
  'http.response.status_code',
  'http.request.method',
  'source.ip',
  'client.geo.location',
  'event',
  'event.duration',
  'event.created',
  'labels',
  'labels.team',
  'tags',
  'host',
  'host.name',
  'host.ip',
  'process.pid',
  'url',
  'geo',
  'a.b.c',
  'a.b',
  'a',
  '',
  ' ',
  '.',
  '..',
  '.begins',
  'ends.',
  'two..dots',
  '_id',
  '_source',
  '_index',
  '_routing',
  'data_stream',
  'data_stream.dataset',
  'attributes',
  'attributes.value',
  'resource',
  'log.offset',
  'Größe',
  '値段',
  'with space',
  'with*star',
  'with,comma',
  '__proto__',
  'k'.repeat(300),
  '@timestamp',
  'timestamp',
  'trace_id',
  'span_id',
  'level',
  'message',
  'service',
  'service.name',
  'agent_id'
]

describe('conflicting fields', () => {
  for (const [schema, services] of Object.entries({ ecs: 5000, flat: 500, otel: 500 })) {
    test(`${schema}: ${services} services whose fields disagree on every type, and not one dead letter`, async () => {
      const lines = [manyFields(), ...linesOf(services)]
      stage = new Stage({ url, output: `schema: ${schema}`, isOtel: schema === 'otel' })
      stage.write('services', lines)
      stage.site.start()
      await stage.settles(lines.length, 100_000)
      expect(await stage.letters()).toEqual([])
      const ledger = await stage.stop()
      expect(ledger).toMatchObject({ read: lines.length, delivered: lines.length, dead_lettered: 0 })
      expect(await stage.count()).toBe(lines.length)
    })
  }
})

/** Nearly as many fields as an index may have: those that come later are one by one beyond the limit. */
function manyFields(): string {
  const members = Array.from({ length: 1500 }, (_, n) => `"field_${n}":${n}`)
  return `{"service":"many",${members.join(',')}}`
}

/** One line a service: its name, and some keys of all kinds beside keys of its own. The same ones each time. */
function linesOf(count: number): string[] {
  let state = 1
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % limit
  }
  return Array.from({ length: count }, (_, n) => {
    const members = new Map<string, string>([['service', `"service-${n}"`]])
    for (let left = 2 + next(10); left > 0; left--) {
      members.set(keys[next(keys.length)]!, values[next(values.length)]!(n))
    }
    members.set(`own_${n}`, values[next(values.length)]!(n))
    return `{${[...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`
  })
}
