import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { plainOf, recordsOf, type LogRecord, type ResourceLogs, valueOf } from '../fakes/otlp-definitions.ts'
import { Receiver } from '../fakes/receiver.ts'
import { Site } from '../integrity/process.ts'
import { buildMs, canStart, eventually, freePort, Service } from './service.ts'

const rows = 100_000
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const services = ['planner', 'gateway', 'memory-store']
/** 22 November 2026, 10:00 UTC. */
const began = 1_795_341_600_000

let collector: Service
/** Where the collector passes on what it got. */
let target: number
let addresses: Readonly<Record<string, string>>

describe.skipIf(!canStart('otelcol'))('a real OpenTelemetry Collector', () => {
  beforeAll(async () => {
    const [health = 0, grpc = 0, http = 0, port = 0] = await Promise.all(Array.from({ length: 4 }, freePort))
    target = port
    addresses = { grpc: `http://127.0.0.1:${grpc}`, http: `http://127.0.0.1:${http}` }
    const config = `extensions: { health_check: { endpoint: "127.0.0.1:${health}" } }
receivers:
  otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${grpc}" }, http: { endpoint: "127.0.0.1:${http}" } } }
exporters:
  otlphttp: { endpoint: "http://127.0.0.1:${port}", encoding: json, compression: none, timeout: 120s, sending_queue: { enabled: false } }
service:
  extensions: [health_check]
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [otlphttp] } }
`
    collector = await Service.start('otelcol', config, [health, grpc, http])
  }, buildMs)
  afterAll(() => collector.remove())

  test.each([
    { protocol: 'http/protobuf', compression: 'gzip' },
    { protocol: 'http/json', compression: 'zstd' },
    { protocol: 'grpc', compression: 'gzip' }
  ])('gets each row once, with all of its fields: $protocol, $compression', { timeout: 300_000 }, async options => {
    const receiver = await Receiver.start(undefined, target)
    const site = new Site('http://127.0.0.1:1')
    onTestFinished(() => site.remove())
    site.configure(configOf(site, options))
    writeFileSync(join(site.logs, 'agent.log'), Array.from({ length: rows }, (_, n) => `${lineOf(n)}\n`).join(''))
    site.start()
    await eventually(
      () => recordsIn(receiver),
      count => count >= rows,
      240_000
    )
    await site.end('SIGTERM')
    expect(differences(receiver, site)).toEqual({ records: rows, missing: 0, twice: 0, wrong: [] })
  })

  test('gets each row over kills; what comes twice has the same id', { timeout: 600_000 }, async () => {
    const receiver = await Receiver.start(undefined, target)
    const site = new Site('http://127.0.0.1:1')
    onTestFinished(() => site.remove())
    site.configure(configOf(site, { protocol: 'grpc', compression: 'gzip' }))
    writeFileSync(join(site.logs, 'agent.log'), Array.from({ length: rows }, (_, n) => `${lineOf(n)}\n`).join(''))
    for (let kill = 0; kill < 3; kill++) {
      const before = recordsIn(receiver)
      site.start()
      await site.ready()
      await eventually(
        () => recordsIn(receiver),
        count => count > before || count >= rows,
        240_000
      )
      await site.end('SIGKILL')
    }
    site.start()
    await eventually(
      () => idsIn(receiver).size,
      count => count >= rows,
      240_000
    )
    await site.end('SIGTERM')
    const { records, missing, twice, wrong } = differences(receiver, site)
    expect({ missing, wrong, ids: records - twice }).toEqual({ missing: 0, wrong: [], ids: rows })
  })
})

function configOf(site: Site, { protocol, compression }: { protocol: string; compression: string }): string {
  const address = addresses[protocol === 'grpc' ? 'grpc' : 'http']
  return `version: 1
inputs:
  agent: { type: file, paths: ["${site.logs}/*.log"] }
outputs:
  otel: { type: otlp, endpoint: "${address}", protocol: ${protocol}, compression: ${compression}, timeout: 120s }
server: { listen: "127.0.0.1:0" }
`
}

function lineOf(n: number): string {
  return JSON.stringify({
    timestamp: new Date(began + n).toISOString(),
    level: n % 7 === 0 ? 'error' : 'info',
    service_name: services[n % services.length],
    trace_id: trace,
    span_id: n.toString(16).padStart(16, '1'),
    trace_flags: '01',
    agent_id: 'agent-1',
    message: `row ${n} "quoted" ä\n`,
    n,
    ratio: n / 8,
    ok: n % 2 === 0,
    none: null,
    tags: ['a', n, { deep: -n }]
  })
}

/** What has to come of line `n`, but for its id and the time of its reading. */
function expectedOf(n: number, path: string): Record<string, unknown> {
  return {
    timeUnixNano: `${began + n}000000`,
    severityNumber: n % 7 === 0 ? 17 : 9,
    severityText: n % 7 === 0 ? 'error' : 'info',
    body: `row ${n} "quoted" ä\n`,
    flags: 1,
    traceId: trace,
    spanId: n.toString(16).padStart(16, '1'),
    service: services[n % services.length],
    attributes: {
      'log.file.path': path,
      'agent.id': 'agent-1',
      n,
      ratio: n / 8,
      ok: n % 2 === 0,
      none: null,
      tags: ['a', n, new Map([['deep', n === 0 ? 0 : -n]])]
    }
  }
}

const counted = new WeakMap<Receiver, { requests: number; records: number }>()

/** Counts each request once: there are many questions. */
function recordsIn(receiver: Receiver): number {
  const known = counted.get(receiver) ?? { requests: 0, records: 0 }
  for (; known.requests < receiver.received.length; known.requests++) {
    known.records += receiver.received[known.requests]!.body.split('"log.record.uid"').length - 1
  }
  counted.set(receiver, known)
  return known.records
}

function idsIn(receiver: Receiver): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const { body } of receiver.received) {
    for (const [, id] of body.matchAll(/"log\.record\.uid","value":\{"stringValue":"([^"]+)"/g)) ids.add(id!)
  }
  return ids
}

function differences(receiver: Receiver, site: Site) {
  const path = join(site.logs, 'agent.log')
  const seen = new Uint8Array(rows)
  const uids = new Set<unknown>()
  const wrong: unknown[] = []
  let records = 0
  for (const { body } of receiver.received) {
    for (const logs of (JSON.parse(body) as { resourceLogs: ResourceLogs[] }).resourceLogs) {
      const service = plainOf(logs.resource?.attributes).get('service.name')
      for (const record of recordsOf([logs])) {
        records++
        const { 'log.record.uid': uid, ...attributes } = Object.fromEntries(plainOf(record.attributes))
        uids.add(uid)
        const n = Number(attributes['n'])
        seen[n]!++
        const shown = { ...known(record), service, attributes }
        if (wrong.length < 3 && !isDeepStrictEqual(shown, expectedOf(n, path))) wrong.push({ shown, line: lineOf(n) })
      }
    }
  }
  return { records, missing: seen.filter(count => count === 0).length, twice: records - uids.size, wrong }
}

function known(record: LogRecord): Record<string, unknown> {
  const { attributes: _, observedTimeUnixNano: observed, body, ...rest } = record
  if (Number(observed) < began * 1e6) throw new Error(`A row was read at ${observed}`)
  return { ...rest, body: valueOf(body) }
}
