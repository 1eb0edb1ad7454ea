import { describe, expect, test } from 'vitest'
import { SendError } from '../../src/core/errors.ts'
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
    const { clock, output, delivery } = roomOf()
    output.prepareFault = refused
    delivery.open()
    await clock.advance(1)
    expect(delivery.status()).toMatchObject({ state: 'retrying', server: '', lastError: { message: refused.message } })
    await clock.advance(600_000)
    expect(output.prepared).toBeGreaterThan(10)
    expect(output.prepared).toBeLessThan(60)
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
    expect(logged).toEqual(['Output "main/es" is paused: unreachable'])
  })

  test('leaves the question to the rows once there are some', async () => {
    const { clock, output, delivery, append, pending } = roomOf()
    output.prepareFault = noHost
    delivery.open()
    await clock.advance(1)
    append(texts(3))
    await clock.advance(10_000)
    expect([output.prepared, pending()]).toEqual([1, 3])
    output.prepareFault = undefined
    await clock.advance(60_000)
    expect([output.prepared, pending(), output.sent.length]).toEqual([2, 0, 1])
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
