import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kind } from '../../src/core/row.ts'
import { DocumentEncoder } from '../../src/outputs/elasticsearch/encode.ts'
import { schemas } from '../../src/outputs/elasticsearch/stream.ts'
import { duplicateKeyIn } from './duplicates.ts'
import { type Row, type Value, linesOf, newBatch, newBody, newSource, someTime } from './rows.ts'

const options = { namespace: 'default', stream: 'logs-mcp.agent-default', hostName: 'node-1', hasAction: true } as const

const hostileNames = [
  '',
  '_',
  '_2',
  '__2',
  'a',
  'a_2',
  'message',
  '@timestamp',
  'attributes',
  'log.offset',
  'event.action',
  'error.type',
  'user.id',
  'k"\\\n',
  'data_stream',
  'tags'
]
const anyName = fc.oneof(fc.constantFrom(...hostileNames), fc.string({ maxLength: 5 }))
const anyJson = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc
    .dictionary(fc.constantFrom('', '_', '_2', 'x'), fc.constantFrom('', '"', 1, null, [''], { '': 1 }))
    .map(o => JSON.stringify(o))
)
const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes): Value => [Kind.text, Buffer.from(bytes)]),
  fc.stringMatching(/^[ !#-[\]-~]{0,30}$/).map((text): Value => [Kind.plain, text]),
  fc.string().map((text): Value => [Kind.jsonText, JSON.stringify(text).slice(1, -1)]),
  fc
    .constantFrom('0', '-0', '1e999', '-1.5E-7', '9'.repeat(400), '9'.repeat(1500))
    .map((text): Value => [Kind.number, text]),
  fc.constantFrom('true', 'false').map((text): Value => [Kind.boolean, text]),
  fc.constant<Value>([Kind.null, 'null']),
  anyJson.filter(json => '[{'.includes(json[0]!)).map((text): Value => [Kind.json, text])
)
const optional = { freq: 2, nil: undefined }
const anyRow: fc.Arbitrary<Row> = fc
  .record({
    line: fc.uint8Array({ maxLength: 80 }).map(bytes => Buffer.from(bytes)),
    time: fc.oneof(fc.constant(someTime), fc.double(), fc.integer()),
    nanos: fc.nat(999_999),
    severity: fc.nat(24),
    flags: fc.nat(63),
    error: fc.nat(6),
    service: fc.option(anyValue, optional),
    traceId: fc.option(anyValue, optional),
    agentId: fc.option(anyValue, optional),
    body: fc.option(anyValue, optional),
    fields: fc.array(fc.tuple(anyName, anyValue), { maxLength: 8 })
  })
  .map(({ fields, ...row }) => {
    const defined = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row
    return { ...defined, fields: fields.map(([name, value]) => [name, ...value] as const) }
  })
const anyResource = fc.dictionary(
  fc.oneof(anyName, fc.constantFrom('cloud.region', 'log.file.path', 'host.name')),
  fc.string({ maxLength: 8 })
)

describe('elasticsearch encoder', () => {
  it('makes 2n lines of valid JSON without a duplicate key, whatever the rows', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...schemas),
        anyResource,
        (rows, schema, resource) => {
          const { batch, keys } = newBatch(rows, { source: newSource({ resource }) })
          const body = newBody(64)
          new DocumentEncoder({ ...options, schema }, keys).encode(batch, body)
          const lines = linesOf(body)
          expect(lines.length).toBe(2 * rows.length)
          for (const line of lines) {
            JSON.parse(line)
            expect(duplicateKeyIn(line)).toBeUndefined()
          }
        }
      ),
      { numRuns: 2000 }
    )
  })
})
