import { describe, expect, test } from 'vitest'
import type { OutputDefinition } from '../../src/config/define.ts'
import { Fate } from '../../src/core/row.ts'
import { SendError } from '../../src/core/errors.ts'
import type { Output, Shipment, Verdicts } from '../../src/core/output.ts'
import { Verdict } from '../../src/core/outcome.ts'
import { optionsOf } from '../fakes/definitions.ts'
import type { Fault } from '../fakes/elasticsearch.ts'
import { newContext } from '../outputs/context.ts'
import { newBatch, newBody, plain, shipmentOf } from '../outputs/rows.ts'

/** The other side of an output, as far as the contract needs it. */
export interface Peer {
  readonly url: string
  failNext(...faults: Fault[]): void
  stop(): Promise<void>
}

export interface OutputUnderTest {
  readonly options: (url: string) => object
  /** Absent: the output sends to nobody, and only encoding and delivery are tested. */
  readonly start?: (retryAfter: string) => Promise<Peer>
  /** Where its protocol asks for another answer to a fault; undefined: the rows are delivered. */
  readonly otherwise?: Partial<Record<Fault, Partial<SendError> | undefined>>
}

const rows = 7
const neverAborted = new AbortController().signal

/** What every output must keep to. */
export function testOutput(definition: OutputDefinition, under: OutputUnderTest): void {
  const create = async (url: string) => definition.create(optionsOf(definition, under.options(url)), newContext())

  describe(`output ${definition.name}`, () => {
    test('encodes the kept rows only, in order, each with its end', async () => {
      const output = await create('http://127.0.0.1:1')
      const body = encoded(output)
      expect(body.rows).toBe(rows)
      expect([...body.rowEnds.subarray(0, rows)]).toEqual([...body.rowEnds.subarray(0, rows)].sort((a, b) => a - b))
      expect(body.rowEnds[rows - 1]).toBe(body.at)
      expect([...body.rowPositions.subarray(0, rows)]).toEqual([0, 6, 12, 18, 24, 30, 36])
      await output.close?.()
    })

    test('encodes the same rows to the same bytes', async () => {
      const output = await create('http://127.0.0.1:1')
      const [first, second] = [encoded(output), encoded(output)]
      expect(second.bytes.subarray(0, second.at).equals(first.bytes.subarray(0, first.at))).toBe(true)
      await output.close?.()
    })

    test('encodes a row of 1 MiB', async () => {
      const output = await create('http://127.0.0.1:1')
      const { batch } = newBatch([{ line: Buffer.alloc(1 << 20, '\u0001') }])
      const body = newBody(64)
      output.encode(batch, body)
      expect(body.rows).toBe(1)
      expect(body.at).toBeLessThanOrEqual(body.bytes.length)
      await output.close?.()
    })

    if (under.start === undefined) return
    const { start } = under
    const attempt = async (
      faults: Fault[],
      more: Partial<Shipment> = {},
      signal = neverAborted
    ): Promise<Verdicts | SendError> => {
      const peer = await start('7')
      const output = await create(peer.url)
      try {
        await output.prepare?.(neverAborted)
        peer.failNext(...faults)
        return await output.send(shipmentOf(encoded(output), more), signal)
      } catch (error) {
        if (error instanceof SendError) return error
        throw error
      } finally {
        await output.close?.()
        await peer.stop()
      }
    }

    test('delivers', async () => {
      const answer = await attempt([])
      expect(answer).toMatchObject({ requestBytes: expect.any(Number) as number })
      expect((answer as Verdicts).each).toBeUndefined()
    })

    test.each<[Fault, Partial<SendError>]>([
      [413, { fault: 'split', unknown: false, status: 413 }],
      [429, { fault: 'retry', unknown: false, status: 429, retryAfterMs: 7000 }],
      [503, { fault: 'retry', unknown: true, status: 503, retryAfterMs: 7000 }],
      [500, { fault: 'retry', unknown: true, status: 500 }],
      [502, { fault: 'retry', unknown: true, status: 502 }],
      [401, { fault: 'pause', unknown: false, status: 401 }],
      [403, { fault: 'pause', unknown: false, status: 403 }],
      [404, { fault: 'pause', unknown: false, status: 404 }],
      [301, { fault: 'pause', unknown: false, status: 301 }],
      [400, { fault: 'split', unknown: false, status: 400 }],
      ['cut-before', { fault: 'retry', unknown: true, status: 0 }],
      ['cut-after', { fault: 'retry', unknown: true, status: 0 }],
      ['non-json', { fault: 'retry', unknown: true }],
      ['half', { fault: 'retry', unknown: true }],
      ['huge', { fault: 'retry', unknown: true }]
    ])('answers %s with the fault that says what to do', async (fault, usual) => {
      const answer = await attempt([fault])
      const { otherwise = {} } = under
      const expected = Object.hasOwn(otherwise, fault) ? otherwise[fault] : usual
      if (expected === undefined) return expect((answer as Verdicts).each).toBeUndefined()
      expect(answer).toBeInstanceOf(SendError)
      expect(answer).toMatchObject(expected)
    })

    test('takes a slow answer', async () => {
      expect(await attempt(['slow'])).not.toBeInstanceOf(SendError)
    })

    test('refuses the only row of a request that can not be read', async () => {
      const answer = (await attempt([400], { rows: 1 })) as Verdicts
      expect([...answer.each!.verdict]).toEqual([Verdict.refused])
      expect(answer.each!.refusals.get(0)).toMatchObject({ status: 400 })
    })

    test('settles soon after the signal of a hanging request', async () => {
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 50)
      const begin = performance.now()
      expect(await attempt(['hang'], {}, abort.signal)).toMatchObject({ fault: 'retry', unknown: true })
      expect(performance.now() - begin).toBeLessThan(5000)
    })

    test('knows that nothing arrived where nobody listens', async () => {
      const peer = await start('1')
      await peer.stop()
      const output = await create(peer.url)
      const error = await output.send(shipmentOf(encoded(output)), neverAborted).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ fault: 'retry', unknown: false })
      await output.close?.()
    })
  })
}

/** Eight rows, one of them filtered. */
function encoded(output: Output) {
  const { batch } = newBatch(Array.from({ length: rows + 1 }, (_, i) => ({ line: `line${i}`, service: plain('s') })))
  batch.fate[rows] = Fate.filtered
  const body = newBody(16)
  output.encode(batch, body)
  return body
}
