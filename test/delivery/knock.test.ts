import { describe, expect, test } from 'vitest'
import { SendError } from '../../src/core/errors.ts'
import { Fate } from '../../src/core/row.ts'
import { roomOf, texts } from './support.ts'

const refused = new SendError('Cannot send to "fake": connection refused', 'retry')
const noHost = new SendError('Cannot send to "fake": no such host', 'pause')

describe('delivery without rows', () => {
  test('asks the server once when it is opened, and rests when it answers', async () => {
    const { clock, output, delivery } = roomOf()
    await clock.advance(1000)
    expect(output.prepared).toBe(0)
    delivery.open()
    await clock.advance(3_600_000)
    expect(output.prepared).toBe(1)
    expect(delivery.status()).toMatchObject({ state: 'running', server: 'fake', inFlightRequests: 0 })
  })

  test('asks again by the rules for rows until it answers', async () => {
    const { clock, output, delivery, meter } = roomOf()
    output.prepareFault = refused
    delivery.open()
    await clock.advance(1)
    expect(delivery.status()).toMatchObject({ state: 'retrying', server: '', lastError: { message: refused.message } })
    await clock.advance(600_000)
    expect(output.prepared).toBeGreaterThan(10)
    expect(output.prepared).toBeLessThan(60)
    expect(meter.of('collector_output_requests_total', 'main/es', 'retry').value).toBe(0)
    output.prepareFault = undefined
    await clock.advance(61_000)
    expect(delivery.status()).toMatchObject({ state: 'running', server: 'fake', failures: 0 })
  })

  test('pauses where a person is needed, and says since when', async () => {
    const { clock, output, delivery, logged } = roomOf()
    output.prepareFault = noHost
    await clock.advance(5000)
    const since = clock.now()
    delivery.open()
    await clock.advance(300_000)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'unreachable', since })
    expect(output.prepared).toBeLessThan(12)
    expect(logged[0]).toBe('Output "main/es" is paused: unreachable, tried again every 30 s')
    expect(logged.length).toBeLessThan(7)
  })

  test('leaves the question to the rows once there are some: they ask at once, and then by the rules', async () => {
    const { clock, output, delivery, append, pending } = roomOf()
    output.prepareFault = noHost
    delivery.open()
    await clock.advance(1)
    append(texts(3))
    await clock.advance(10_000)
    append(texts(3))
    await clock.advance(10_000)
    expect([output.prepared, pending()]).toEqual([2, 6])
    output.prepareFault = undefined
    await clock.advance(60_000)
    expect([output.prepared, pending()]).toEqual([3, 0])
  })

  test.each([refused, noHost])('keeps the first rows waiting for nothing when the server is back: %s', async fault => {
    const { clock, output, delivery, append, pending } = roomOf()
    output.prepareFault = fault
    delivery.open()
    await clock.until(() => output.prepared === 9)
    await clock.settle()
    output.prepareFault = undefined
    append(texts(3))
    await clock.advance(1100)
    expect([output.prepared, pending(), delivery.status().state]).toEqual([10, 0, 'running'])
  })

  test('lets rows try at once that came while it asked', async () => {
    const { clock, output, delivery, append, pending } = roomOf()
    const asked = Promise.withResolvers<string>()
    output.prepare = () => asked.promise
    delivery.open()
    append(texts(3))
    await clock.advance(5000)
    output.prepare = () => Promise.resolve('fake')
    asked.reject(noHost)
    await clock.advance(50)
    expect(pending()).toBe(0)
  })

  test('keeps rows as long as the server has asked', async () => {
    const { clock, output, delivery, append, pending } = roomOf()
    output.prepareFault = new SendError('Cannot send to "fake": status 503', 'retry', {
      status: 503,
      retryAfterMs: 20_000
    })
    delivery.open()
    await clock.advance(1)
    output.prepareFault = undefined
    append(texts(3))
    await clock.advance(19_000)
    expect([output.prepared, pending()]).toEqual([1, 3])
    await clock.advance(4000)
    expect([output.prepared, pending()]).toEqual([2, 0])
  })

  test('is not hurried by rows that are not to be sent', async () => {
    const { clock, output, delivery, append } = roomOf()
    output.prepareFault = noHost
    delivery.open()
    for (let second = 0; second < 20; second++) {
      append(['unparsable'], 0, [Fate.deadLettered])
      await clock.advance(1000)
    }
    expect(output.prepared).toBe(1)
  })

  test('of earlier days says nothing about a later failure', async () => {
    const { clock, output, delivery, append } = roomOf()
    output.prepareFault = noHost
    delivery.open()
    await clock.advance(1)
    output.prepareFault = undefined
    append(texts(3))
    await clock.advance(5000)
    output.answer = () => {
      throw noHost
    }
    append(texts(3))
    await clock.advance(2000)
    append(texts(3))
    await clock.advance(20_000)
    expect(output.sent).toHaveLength(2)
  })

  test('closes while the server has not answered', async () => {
    const { clock, output, delivery } = roomOf()
    output.prepare = signal => new Promise((_, reject) => signal.addEventListener('abort', () => reject(refused)))
    delivery.open()
    await clock.advance(1000)
    expect(delivery.status().inFlightRequests).toBe(1)
    await delivery.close()
    expect(delivery.status()).toMatchObject({ inFlightRequests: 0, state: 'running' })
  })
})
