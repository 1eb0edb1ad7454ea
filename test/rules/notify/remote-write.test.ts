import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Notifiers } from '../../../src/rules/notify/notifiers.ts'
import { writeRequest } from '../../../src/rules/notify/remote-write/encode.ts'
import { snappy } from '../../../src/rules/notify/remote-write/snappy.ts'
import { seriesOfAlerts } from '../../../src/rules/series.ts'
import { Receiver } from '../../fakes/receiver.ts'
import { alertOf, contextOf, ended, numbersOf, receiverAt, rulesAt } from './alerts.ts'
import { readRequest, unsnappy, type Written } from './remote-write-reader.ts'

describe('snappy', () => {
  it('gives back any bytes', () => {
    const noise = fc.uint8Array({ maxLength: 400 })
    const repeated = fc
      .tuple(noise, fc.nat(500))
      .map(([bytes, count]) => Buffer.concat(Array(count).fill(bytes) as Buffer[]))
    const mixed = fc.array(fc.oneof(noise, repeated), { maxLength: 4 }).map(parts => Buffer.concat(parts))
    fc.assert(fc.property(mixed, bytes => unsnappy(snappy(bytes)).equals(bytes)))
  })

  it('gives back what is longer than a block, and makes repeated text short', () => {
    const text = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `agent_id="a${i % 700}",service="mcp"`).join())
    const packed = snappy(text)
    expect(unsnappy(packed).equals(text)).toBe(true)
    expect(packed.length).toBeLessThan(text.length / 3)
  })
})

describe('a write request', () => {
  it('has the bytes that Protocol Buffers have for it', () => {
    const bytes = writeRequest([{ labels: { b: 'ü', __name__: 'a', none: '' }, value: 1, at: 1_767_225_600_123 }])
    expect(bytes.toString('hex')).toBe(
      [
        '0a2a',
        '0a0d0a085f5f6e616d655f5f120161',
        '0a070a01621202c3bc',
        '1210',
        '09000000000000f03f',
        '10fbd0eab6b733'
      ].join('')
    )
  })

  it('says what was put in', () => {
    const value = fc.oneof(fc.double({ noNaN: true }), fc.constant(undefined))
    const labels = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: 'grapheme' }))
    const sample = fc.record({ labels, value, at: fc.nat(2 ** 31).map(at => at * 1000) })
    fc.assert(
      fc.property(fc.array(sample), samples => {
        const expected = samples.map(({ labels, value, at }) => {
          const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
          return { labels: pairs, value: value ?? Number.NaN, isStale: value === undefined, at }
        })
        expect(readRequest(writeRequest(samples))).toEqual(expected)
      })
    )
  })
})

describe('remote write', () => {
  it('writes alerts as Prometheus does, and ends the series that have ended', async () => {
    const { server, notifiers, meter, url } = await start()
    const firing = alertOf('Silent', {
      labels: { agent_id: 'a1', alertname: 'Silent', alertstate: 'x' },
      activeAt: 90_500
    })
    notifiers.write('r', seriesOfAlerts([{ ...firing, state: 'pending' }]), 100_000)
    notifiers.write('r', seriesOfAlerts([firing]), 105_000)
    notifiers.write('r', seriesOfAlerts([ended(firing)]), 110_000)
    notifiers.write('r', seriesOfAlerts([]), 115_000)
    await notifiers.stop(5000)
    const common = 'agent_id=a1 alertname=Silent alertstate'
    const [pending, fires] = ['pending', 'firing'].map(state => `__name__=ALERTS ${common}=${state} cluster=eu`)
    const since = `__name__=ALERTS_FOR_STATE ${common}=x cluster=eu`
    expect(written(server).map(shown)).toEqual([
      `${pending} 1 @100000`,
      `${since} 90 @100000`,
      `${fires} 1 @105000`,
      `${since} 90 @105000`,
      `${pending} ended @105000`,
      `${fires} ended @110000`,
      `${since} ended @110000`
    ])
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/api/v1/write' })
    expect(server.received[0]!.headers).toMatchObject({
      authorization: 'Bearer t',
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0'
    })
    expect(numbersOf(meter, url)).toMatchObject({ collector_rules_written_samples_total: 7 })
  })

  it('knows series by their rule', async () => {
    const { server, notifiers } = await start()
    const up = { labels: { __name__: 'up' }, value: 3 }
    notifiers.write('one', [up], 1000)
    notifiers.write('two', [], 1000)
    notifiers.write('two', [{ labels: { __name__: 'down' }, value: Number.NaN }], 2000)
    notifiers.write('one', [], 2000)
    await notifiers.stop(5000)
    expect(written(server).map(shown)).toEqual([
      '__name__=up cluster=eu 3 @1000',
      '__name__=down cluster=eu NaN @2000',
      '__name__=up cluster=eu ended @2000'
    ])
  })

  it('tries again while the receiver is away, in order; what it refuses is dropped', async () => {
    const { server, notifiers, clock, meter, url } = await start()
    server.answer = { status: 503 }
    const write = (at: number) => notifiers.write('r', [{ labels: { __name__: 'up' }, value: at }], at)
    write(1000)
    await expect.poll(() => server.received.length).toBe(1)
    write(2000)
    server.answer = {}
    await expect.poll(async () => (await clock.advance(1000), server.received.length)).toBe(2)
    await expect.poll(() => numbersOf(meter, url)['collector_rules_written_samples_total']).toBe(2)
    expect(readRequest(unsnappy(server.received[1]!.bytes)).map(({ at }) => at)).toEqual([1000, 2000])
    server.answer = { status: 400, body: 'out of order sample' }
    write(500)
    await expect.poll(() => numbersOf(meter, url)['collector_rules_dropped_samples_total']).toBe(1)
    expect(server.received).toHaveLength(3)
  })
})

async function start() {
  const server = await Receiver.start()
  const context = contextOf()
  const url = `${server.url}/api/v1/write`
  const rules = rulesAt({ remoteWrite: [receiverAt(url, { token: 't' })], externalLabels: { cluster: 'eu' } })
  return { server, url, notifiers: new Notifiers(rules, context), ...context }
}

function written(server: Receiver): Written[] {
  return server.received.flatMap(({ bytes }) => readRequest(unsnappy(bytes)))
}

function shown({ labels, value, isStale, at }: Written): string {
  return `${labels.map(([name, text]) => `${name}=${text}`).join(' ')} ${isStale ? 'ended' : value} @${at}`
}
