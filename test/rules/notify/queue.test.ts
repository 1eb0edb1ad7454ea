import { describe, expect, it } from 'vitest'
import { SendError } from '../../../src/core/errors.ts'
import { silentLog } from '../../../src/core/log.ts'
import { alertQueue } from '../../../src/rules/notify/notifiers.ts'
import { Queue } from '../../../src/rules/notify/queue.ts'
import { alertOf, contextOf, ended, FakeChannel, numbersOf } from './alerts.ts'

function start() {
  const channel = new FakeChannel()
  const context = contextOf()
  return { channel, queue: new Queue(alertQueue, channel, context), ...context }
}

const away = () => {
  throw new SendError('Cannot send to "am": connection refused', 'retry')
}
const many = (count: number) => Array.from({ length: count }, (_, i) => alertOf(`A${i}`))

describe('alert queue', () => {
  it('sends at once, in batches of 256, in order', async () => {
    const { queue, channel, clock, meter } = start()
    const alerts = many(600)
    queue.add(alerts)
    await clock.settle()
    expect(channel.batches.map(batch => batch.length)).toEqual([256, 256, 88])
    expect(channel.batches.flat()).toEqual(alerts)
    expect(numbersOf(meter)).toMatchObject({
      collector_rules_sent_alerts_total: 600,
      collector_rules_dropped_alerts_total: 0,
      collector_rules_waiting_alerts: 0,
      'collector_rules_notify_requests_total ok': 3
    })
  })

  it('keeps the newest state of each alert while the receiver is away, and tells it once', async () => {
    const { queue, channel, clock, meter } = start()
    channel.meet = away
    const [a, b] = [alertOf('A'), alertOf('B')]
    queue.add([a, b])
    await clock.advance(60_000)
    queue.add([ended(a)])
    expect(numbersOf(meter)).toMatchObject({ collector_rules_waiting_alerts: 2, collector_rules_sent_alerts_total: 0 })
    const tried = channel.batches.length
    expect(tried).toBeGreaterThanOrEqual(5)
    channel.meet = () => {}
    await clock.advance(60_000)
    expect(channel.batches.slice(tried)).toEqual([[ended(a), b]])
    expect(numbersOf(meter)['collector_rules_notify_requests_total failed']).toBe(tried)
  })

  it('sends a state again that came while the one before was on its way', async () => {
    const { queue, channel, clock } = start()
    const { promise, resolve } = Promise.withResolvers<void>()
    channel.meet = () => promise
    const a = alertOf('A')
    queue.add([a])
    await clock.settle()
    queue.add([ended(a)])
    resolve()
    await clock.settle()
    expect(channel.batches).toEqual([[a], [ended(a)]])
  })

  it('drops the oldest when 10,000 wait, but none that is on its way', async () => {
    const { queue, channel, clock, meter } = start()
    const { promise, resolve } = Promise.withResolvers<void>()
    channel.meet = () => promise
    const alerts = many(10_100)
    queue.add(alerts.slice(0, 256))
    queue.add(alerts.slice(256))
    expect(numbersOf(meter)).toMatchObject({
      collector_rules_waiting_alerts: 10_000,
      collector_rules_dropped_alerts_total: 100
    })
    resolve()
    await clock.settle()
    expect(channel.batches.flat()).toEqual([...alerts.slice(0, 256), ...alerts.slice(356)])
  })

  it('says once a minute that it drops what finds no room', async () => {
    const warnings: unknown[] = []
    const context = { ...contextOf(), log: { ...silentLog, warn: (...all: unknown[]) => void warnings.push(all) } }
    const channel = new FakeChannel()
    channel.meet = away
    const queue = new Queue(alertQueue, channel, context)
    const said = () => warnings.filter(one => String(one).startsWith('Too many alerts wait for "am"'))
    for (let second = 0; second < 10; second++) {
      queue.add(Array.from({ length: 10_100 }, (_, i) => alertOf(`A${second} ${i}`)))
      await context.clock.advance(1000)
    }
    expect(said()).toEqual([[expect.any(String), { most: 10_000 }]])
    await context.clock.advance(50_000)
    queue.add([alertOf('A')])
    expect(said()[1]).toEqual([expect.any(String), { most: 10_000, repeated: 9 }])
  })

  it('finds the one alert that the receiver refuses', async () => {
    const { queue, channel, clock, meter } = start()
    channel.meet = alerts => {
      if (alerts.some(({ labels }) => labels['alertname'] === 'A77')) throw new SendError('status 400', 'split')
    }
    queue.add(many(256))
    await clock.settle()
    const told = new Set(
      channel.batches.filter(batch => !batch.some(({ labels }) => labels['alertname'] === 'A77')).flat()
    )
    expect(told.size).toBe(255)
    expect(numbersOf(meter)).toMatchObject({
      collector_rules_sent_alerts_total: 255,
      collector_rules_dropped_alerts_total: 1,
      collector_rules_waiting_alerts: 0
    })
    expect(queue.status).toMatchObject({ sent: 255, dropped: 1 })
  })

  it('waits as long as the receiver asks, and half a minute where a person is needed', async () => {
    const { queue, channel, clock } = start()
    channel.meet = () => {
      throw new SendError('status 429', 'retry', { retryAfterMs: 45_000 })
    }
    queue.add([alertOf('A')])
    await clock.advance(44_000)
    expect(channel.batches).toHaveLength(1)
    channel.meet = () => {
      throw new SendError('status 401', 'pause')
    }
    await clock.advance(2000)
    expect(channel.batches).toHaveLength(2)
    await clock.advance(28_000)
    expect(channel.batches).toHaveLength(2)
    expect(queue.status).toMatchObject({ waiting: 1, error: 'status 401' })
    await clock.advance(2000)
    expect(channel.batches).toHaveLength(3)
  })

  it('tells what waits when it stops, at once, and drops what is not taken', async () => {
    const { queue, channel, clock, meter } = start()
    channel.meet = away
    queue.add(many(3))
    await clock.settle()
    channel.meet = () => {}
    await queue.stop(5000)
    expect(channel.batches).toHaveLength(2)
    expect(channel.isClosed).toBe(true)
    expect(numbersOf(meter)).toMatchObject({ collector_rules_sent_alerts_total: 3, collector_rules_waiting_alerts: 0 })
    queue.add(many(1))
    await clock.settle()
    expect(channel.batches).toHaveLength(2)
  })

  it('stops in time where the receiver does not answer', async () => {
    const { queue, channel, clock, meter } = start()
    channel.meet = (_, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new SendError('aborted', 'retry')))
      })
    queue.add(many(3))
    const stopped = queue.stop(5000)
    await clock.advance(5000)
    await stopped
    expect(numbersOf(meter)).toMatchObject({
      collector_rules_dropped_alerts_total: 3,
      collector_rules_waiting_alerts: 0
    })
  })
})
