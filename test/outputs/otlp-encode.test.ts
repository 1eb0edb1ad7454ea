import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flag, Kind, parseErrors } from '../../src/core/row.ts'
import { Keys } from '../../src/core/keys.ts'
import { RecordEncoder } from '../../src/outputs/otlp/encode.ts'
import { jsonOf } from '../../src/outputs/otlp/json.ts'
import { RequestWriter, uidOf } from '../../src/outputs/otlp/request.ts'
import { severityTexts } from '../../src/scan/severity.ts'
import {
  type AnyValue,
  type KeyValue,
  type LogRecord,
  plainOf,
  readRequest,
  recordsOf,
  type ResourceLogs,
  valueOf,
  writeRequest
} from '../fakes/otlp-definitions.ts'
import { newBatch, newBody, newSource, plain, type Row, shipmentOf, someTime, type Value } from './rows.ts'

const options = { hostName: 'node-1', resource: { 'deployment.environment.name': 'test' } }
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

/** The request that the rows become. */
function requestOf(rows: readonly Row[], source = newSource()): Buffer {
  const keys = new Keys()
  const { batch } = newBatch(rows, { keys, source })
  const body = newBody(64)
  new RecordEncoder(options, keys).encode(batch, body)
  return Buffer.from(new RequestWriter().write(shipmentOf(body)))
}

const one = (row: Row): LogRecord => recordsOf(readRequest(requestOf([row])))[0]!

/** What a value of a row is, without anything of what is tested. */
function expected([kind, bytes]: Value): unknown {
  const text = bytes.toString()
  if (kind === Kind.plain || kind === Kind.text) return text
  if (kind === Kind.jsonText) return (JSON.parse(`"${text}"`) as string).toWellFormed()
  return parsed(text)
}

function parsed(json: string): unknown {
  return (JSON.parse as (text: string, revive: unknown) => unknown)(json, revive)
}

/** For `JSON.parse`. */
function revive(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value === 'number') return numberOf(source!)
  if (typeof value === 'string') return value.toWellFormed()
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return new Map(Object.entries(value))
}

function numberOf(source: string): unknown {
  if (/^-?\d+$/.test(source) && source !== '-0' && BigInt.asIntN(64, BigInt(source)) === BigInt(source)) {
    return Number.isSafeInteger(Number(source)) ? Number(source) : BigInt(source)
  }
  return Number.isFinite(Number(source)) ? Number(source) : source
}

const anyNumber = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '-1',
    '0.0',
    '-0.5E-7',
    '1e5',
    '1e999',
    '9'.repeat(15),
    '9'.repeat(16),
    '-9223372036854775808'
  ),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => JSON.stringify(n)),
  fc.tuple(fc.maxSafeInteger(), fc.nat(999_999)).map(([whole, fraction]) => `${whole}.${fraction}`)
)
const anyJson = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.array(anyNumber).map(numbers => `[ ${numbers.join(' , ')} ]`),
  fc.dictionary(fc.string(), anyNumber).map(
    o =>
      `{${Object.entries(o)
        .map(([k, n]) => `${JSON.stringify(k)} : ${n}`)
        .join(',')}}`
  )
)
const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes): Value => [Kind.text, Buffer.from(bytes)]),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text): Value => [Kind.text, Buffer.from(text)]),
  fc.stringMatching(/^[ !#-[\]-~]{0,300}$/).map((text): Value => [Kind.plain, text]),
  fc.string({ unit: 'binary' }).map((text): Value => [Kind.jsonText, JSON.stringify(text).slice(1, -1)]),
  anyNumber.map((text): Value => [Kind.number, text]),
  fc.constantFrom('true', 'false').map((text): Value => [Kind.boolean, text]),
  fc.constant<Value>([Kind.null, 'null']),
  anyJson.filter(json => '[{'.includes(json[0]!)).map((text): Value => [Kind.json, text])
)
const anyText = anyValue.filter(([kind]) => kind <= Kind.jsonText)
const optional = { freq: 2, nil: undefined }
const id = (digits: number): fc.Arbitrary<Value | undefined> =>
  fc.option(fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).map(plain), optional)
const anyName = fc.oneof(
  fc.string(),
  fc.constantFrom('_', 'a', 'message', 'log.file.name', 'service.name', 'k"\\\n', 'ä')
)
const anyRow = fc
  .record({
    line: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    time: fc.integer({ min: 1, max: 2 ** 43 }),
    nanos: fc.nat(999_999),
    severity: fc.nat(24),
    flags: fc.nat(255),
    error: fc.nat(parseErrors.length - 1),
    service: fc.option(anyText, optional),
    traceId: id(32),
    spanId: id(16),
    agentId: fc.option(anyText, optional),
    body: fc.option(anyText, optional),
    fields: fc.uniqueArray(fc.tuple(anyName, anyValue), { maxLength: 6, selector: ([name]) => name || '_' })
  })
  .map(({ fields, ...row }): Row => {
    const defined = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row
    return { ...defined, fields: fields.map(([name, value]) => [name, ...value] as const) }
  })

const base64 = (value: Value): string => Buffer.from(value[1].toString(), 'hex').toString('base64')
const byUid = (a: LogRecord, b: LogRecord): number => (uidText(a) < uidText(b) ? -1 : 1)

/** All that a record says of its row, but for its id. */
function shown({ attributes, body, ...record }: LogRecord): Record<string, unknown> {
  const { ['log.record.uid']: uid, ...others } = Object.fromEntries(plainOf(attributes))
  return { ...record, body: valueOf(body), attributes: new Map(Object.entries(others)), uid: typeof uid }
}

function expectedOf(row: Row): Record<string, unknown> {
  const { flags = 0, severity = 0, error = 0 } = row
  const names = [
    [Flag.truncated, 'truncated'],
    [Flag.unterminated, 'unterminated'],
    [Flag.timeRead, 'time_read'],
    [Flag.invalidUtf8, 'invalid_utf8']
  ] as const
  const set = names.filter(([flag]) => flags & flag).map(([, name]) => name)
  return {
    ...(!(flags & Flag.timeRead) && { timeUnixNano: String(BigInt(row.time!) * 1_000_000n + BigInt(row.nanos!)) }),
    observedTimeUnixNano: String(BigInt(someTime) * 1_000_000n),
    ...(severity > 0 && { severityNumber: severity, severityText: severityTexts[severity] }),
    body: expected(row.body ?? [Kind.text, row.line!]),
    ...(row.traceId && { traceId: base64(row.traceId) }),
    ...(row.spanId && { spanId: base64(row.spanId) }),
    uid: 'string',
    attributes: new Map(
      Object.entries({
        'log.file.path': '/var/log/agent.log',
        ...(set.length > 0 && { 'log.flags': set }),
        ...(flags & Flag.stderr && { 'log.iostream': 'stderr' }),
        ...(error > 0 && { 'error.type': parseErrors[error] }),
        ...(row.agentId && { 'agent.id': expected(row.agentId) }),
        ...Object.fromEntries(row.fields!.map(([name, ...value]) => [name || '_', expected(value)]))
      })
    )
  }
}

describe('otlp encoder', () => {
  it('writes any row as the official definitions read it, and as they would write it', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 5 }), rows => {
        const request = requestOf(rows)
        expect(Buffer.from(writeRequest(request)).equals(request)).toBe(true)
        const logs = readRequest(request)
        expect(recordsOf(logs).sort(byUid).map(shown)).toEqual(rows.map(expectedOf))
        const services = logs.map(({ resource }) => plainOf(resource?.attributes).get('service.name'))
        expect(new Set(services).size).toBe(services.length)
        expect(new Set(services)).toEqual(new Set(rows.map(({ service }) => service && expected(service))))
      }),
      { numRuns: 500 }
    )
  })

  it('writes the same in JSON', () => {
    const row: Row = {
      line: 'x',
      traceId: plain(trace),
      spanId: plain(span),
      severity: 9,
      fields: [
        ['trace_flags', Kind.text, '01'],
        ['n', Kind.number, '-5'],
        ['zero', Kind.number, '-0'],
        ['big', Kind.number, '9007199254740993'],
        ['d', Kind.number, '1.25'],
        ['yes', Kind.boolean, 'true'],
        ['none', Kind.null, 'null'],
        ['o', Kind.json, '{"a":[1,"x"]}']
      ]
    }
    const { resourceLogs } = JSON.parse(jsonOf(requestOf([row]))) as { resourceLogs: ResourceLogs[] }
    const nanos = `${someTime}000000`
    expect(recordsOf(resourceLogs)[0]).toMatchObject({
      timeUnixNano: nanos,
      observedTimeUnixNano: nanos,
      severityNumber: 9,
      severityText: 'info',
      body: { stringValue: 'x' },
      flags: 1,
      traceId: trace,
      spanId: span
    })
    expect(recordsOf(resourceLogs)[0]!.attributes!.slice(2)).toEqual([
      { key: 'n', value: { intValue: '-5' } },
      { key: 'zero', value: { doubleValue: '-0' } },
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'd', value: { doubleValue: 1.25 } },
      { key: 'yes', value: { boolValue: true } },
      { key: 'none', value: {} },
      { key: 'o', value: { kvlistValue: { values: [listOf('a', [{ intValue: '1' }, { stringValue: 'x' }])] } } }
    ])
  })

  it.each<[string, Value, number]>([
    ['two hex digits', [Kind.plain, '01'], 1],
    ['a number', [Kind.number, '3'], 3]
  ])('takes %s in "trace_flags" for the flags', (_, value, flags) => {
    const record = one({ fields: [['trace_flags', ...value]] })
    expect(record.flags).toBe(flags)
    expect(plainOf(record.attributes).has('trace_flags')).toBe(false)
  })

  it.each<Value>([
    [Kind.number, '256'],
    [Kind.number, '1.5'],
    [Kind.plain, 'xy'],
    [Kind.plain, '001'],
    [Kind.boolean, 'true']
  ])('leaves other "trace_flags" an attribute: kind %i, %s', (...value) => {
    expect(plainOf(one({ fields: [['trace_flags', ...value]] }).attributes).get('trace_flags')).toEqual(expected(value))
  })

  it('gives names that stand twice another one', () => {
    const names = ['log.record.uid', 'log.file.path', 'agent.id', 'a', 'a', 'a_2', '', '_']
    const fields = names.map(name => [name, Kind.plain, `own ${name}`] as const)
    const attributes = plainOf(one({ agentId: plain('agent-1'), fields }).attributes)
    expect(attributes.get('agent.id')).toBe('agent-1')
    expect(attributes.get('agent.id_2')).toBe('own agent.id')
    expect(attributes.get('log.record.uid_2')).toBe('own log.record.uid')
    expect([...attributes.values()].filter(value => String(value).startsWith('own'))).toHaveLength(names.length)
  })

  it.each([
    ['none', 0, 'log.flags', 'log.iostream'],
    ['one that nobody is told', Flag.hasTime, 'log.flags', 'log.iostream'],
    ['one of the row', Flag.truncated, 'log.flags_2', 'log.iostream'],
    ['that of stderr', Flag.stderr, 'log.flags', 'log.iostream_2']
  ])('gives names of flags another one only where a record has them: %s', (_, flags, ...expectedNames) => {
    const fields = ['log.flags', 'log.iostream'].map(name => [name, Kind.plain, 'own'] as const)
    const attributes = [...plainOf(one({ flags, fields }).attributes)]
    expect(attributes.filter(([, value]) => value === 'own').map(([name]) => name)).toEqual(expectedNames)
  })

  it('leaves out ids and times that are none', () => {
    const record = one({ traceId: plain('x'.repeat(32)), spanId: plain('abc'), time: -1 })
    expect(record).not.toHaveProperty('traceId')
    expect(record).not.toHaveProperty('spanId')
    expect(record).not.toHaveProperty('timeUnixNano')
  })

  it('writes what is too deep for readers as JSON', () => {
    const json = `${'[{"a":'.repeat(40)}1${'}]'.repeat(40)}`
    const request = requestOf([{ fields: [['deep', Kind.json, json]] }])
    let value = plainOf(recordsOf(readRequest(request))[0]!.attributes).get('deep')
    for (let depth = 0; typeof value === 'object'; depth++) {
      value = value instanceof Map ? value.get('a') : (value as unknown[])[0]
      expect(depth).toBeLessThan(40)
    }
    expect(JSON.parse(value as string)).toBeDefined()
  })

  it('has one resource for all rows of a service, in their order', () => {
    const rows = ['a', 'b', 'a', 'b', 'c', 'a'].map((name, i): Row => ({ line: `line ${i}`, service: plain(name) }))
    const logs = readRequest(requestOf(rows))
    const bodies = logs.map(({ scopeLogs }) => scopeLogs![0]!.logRecords!.map(({ body }) => body?.stringValue))
    expect(bodies).toEqual([['line 0', 'line 2', 'line 5'], ['line 1', 'line 3'], ['line 4']])
    expect(plainOf(logs[0]!.resource?.attributes)).toEqual(
      new Map([
        ['host.name', 'node-1'],
        ['deployment.environment.name', 'test'],
        ['service.name', 'a']
      ])
    )
    expect(logs[0]!.scopeLogs![0]!.scope).toEqual({ name: 'mcp-collector' })
  })

  it('makes of each row a request of its own, which names the row', () => {
    const keys = new Keys()
    const { batch } = newBatch([{ line: 'a' }, { line: 'b', service: plain('s') }], { keys })
    const encode = (): Buffer[] => {
      const body = newBody()
      new RecordEncoder(options, keys).encode(batch, body)
      return [0, 1].map(row => body.bytes.subarray(row === 0 ? 0 : body.rowEnds[0], body.rowEnds[row]))
    }
    const [first, second] = encode()
    batch.readTime += 1000
    const [again] = encode()
    expect(recordsOf(readRequest(second!))[0]!.body).toEqual({ stringValue: 'b' })
    expect(again!.equals(first!)).toBe(false)
    expect(uidOf(again!).equals(uidOf(first!))).toBe(true)
    expect(uidOf(second!).equals(uidOf(first!))).toBe(false)
  })
})

function listOf(key: string, values: readonly AnyValue[]): KeyValue {
  return { key, value: { arrayValue: { values } } }
}

/** Rows of one source are in the order of their ids, as these begin with the place. */
function uidText({ attributes }: LogRecord): string {
  const text = String(plainOf(attributes).get('log.record.uid'))
  return Array.from(text.slice(16, 25), char => String.fromCharCode(32 + alphabet.indexOf(char))).join('')
}
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
