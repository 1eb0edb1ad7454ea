import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { Keys } from '../../src/core/keys.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { noLink } from '../../src/core/record.ts'
import { Delivery } from '../../src/delivery/delivery.ts'
import { Track } from '../../src/delivery/track.ts'
import { otlp } from '../../src/outputs/otlp/index.ts'
import { batchOf } from '../delivery/support.ts'
import { optionsOf } from '../fakes/definitions.ts'
import type { Fault } from '../fakes/elasticsearch.ts'
import { FakeOtlp, type OtlpFakeOptions } from '../fakes/otlp.ts'
import { plainOf } from '../fakes/otlp-definitions.ts'
import { FakeOtlpGrpc } from '../fakes/otlp-grpc.ts'
import { randomOf } from '../fakes/random.ts'
import { sourceOf } from '../fakes/source.ts'
import { newContext } from './context.ts'

const rows = 4000
const rowsOfBatch = 200
const rejectedOfEach = 2
const faults: readonly Fault[] = [429, 502, 503, 413, 'cut-before', 'cut-after', 'half']

describe('otlp under chaos', () => {
  test.each([
    { protocol: 'http/protobuf', start: (options: OtlpFakeOptions) => FakeOtlp.start(options) },
    { protocol: 'grpc', start: (options: OtlpFakeOptions) => FakeOtlpGrpc.start({ ...options, tls: undefined }) }
  ])('loses no row, whatever the server does: $protocol', { timeout: 60_000 }, async ({ protocol, start }) => {
    const random = randomOf(3)
    const dice = (): Fault | undefined => (random() < 0.4 ? faults[Math.floor(random() * faults.length)] : undefined)
    const fake = await start({ dice, rejected: rejectedOfEach, message: 'too old' })
    const keys = new Keys()
    const meter = new Meter()
    const output = await otlp.create(
      optionsOf(otlp, { endpoint: fake.url, protocol }),
      newContext(new Map(), { keys, meter })
    )
    const delivery = new Delivery(
      { batchBytes: 16_384, flushMs: 5, retry: { minMs: 2, maxMs: 20 }, random, poison: true },
      output,
      { id: 'main/out', link: noLink, clock: systemClock, log: silentLog, meter }
    )
    const track = new Track(sourceOf({ id: '0123456789abcdef' }), 'main/out', undefined, 0)
    for (let row = 0; row < rows; row += rowsOfBatch) {
      const batch = batchOf(
        track.source,
        track.read,
        Array.from({ length: rowsOfBatch }, (_, i) => `row ${row + i}`)
      )
      delivery.append(track, batch, track.read + batch.size, Number.POSITIVE_INFINITY, 0)
      batch.bytes.fill(0xdd)
    }
    while (delivery.status().pendingRows > 0) await new Promise(done => setTimeout(done, 10))
    await delivery.close()
    await fake.stop()

    const bodies = new Map(
      fake.records.map(({ attributes, body }) => [plainOf(attributes).get('log.record.uid'), body?.stringValue])
    )
    expect(bodies.size).toBe(rows)
    expect(new Set(bodies.values())).toEqual(new Set(Array.from({ length: rows }, (_, row) => `row ${row}`)))
    expect(track.settled).toBe(track.read)
    expect(track.ledger().rows).toEqual([rows, 0, 0, 0, 0, 0, 0])
    // of each request that was answered: others may have been rejected, too, which nobody knows
    const answered = meter.of('collector_output_requests_total', 'main/out', 'delivered').value
    expect(meter.of('collector_output_rejected_rows_total', 'main/out').value).toBe(rejectedOfEach * answered)
  })
})
