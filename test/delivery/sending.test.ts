import { defaultOptions } from '../../src/delivery/options.ts'
import { describe, expect, test } from 'vitest'
import { SendError } from '../../src/core/errors.ts'
import { delivered, judged, roomOf, texts } from './support.ts'

const busy = (): never => {
  throw new SendError('Cannot send to "fake": status 503', 'retry', { status: 503 })
}

describe('delivery sending', () => {
  test('delivery sends what comes after a quiet time at once, what follows after flushMs, and settles', async () => {
    const { flushMs } = defaultOptions
    const { clock, output, delivery, track, append } = roomOf()
    append(texts(100))
    append(texts(50))
    await clock.advance(0)
    expect(output.sent.map(({ rows }) => rows.length)).toEqual([150])
    append(texts(20))
    await clock.advance(flushMs - 50)
    append(texts(30))
    await clock.advance(49)
    expect(output.sent).toHaveLength(1)
    await clock.advance(1)
    expect(output.sent.map(({ rows }) => rows.length)).toEqual([150, 50])
    await clock.advance(flushMs * 3 - 1)
    append(texts(1))
    await clock.advance(flushMs - 1)
    expect(output.sent).toHaveLength(2)
    await clock.advance(1)
    expect(output.sent).toHaveLength(3)
    await clock.advance(20)
    expect(output.prepared).toBe(1)
    expect(track.settled).toBe(track.read)
    await delivery.drained()
    expect(delivery.status()).toMatchObject({ state: 'running', bufferedBytes: 0, pendingRows: 0, concurrency: 1 })
  })

  test('delivery cuts requests at a row border, none larger than batchBytes unless one row is', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 1000 })
    append([...texts(100, 40), 'x'.repeat(3000), ...texts(100, 40)])
    delivery.flush()
    await clock.until(() => delivery.status().pendingRows === 0)
    const sizes = output.sent.map(({ rows }) => rows.join('').length)
    expect(sizes.filter(size => size > 1000)).toHaveLength(1)
    expect(output.sent.flatMap(({ rows }) => rows)).toHaveLength(201)
    expect(new Set(output.sent.flatMap(({ rows }) => rows)).size).toBe(201)
    expect(sizes.filter(size => size > 900).length).toBeGreaterThan(8)
  })

  test('delivery ends ranges without kept rows at once and sends nothing', async () => {
    const { clock, output, track, append, end } = roomOf()
    append(texts(4), 0, [1, 2, 3, 4])
    expect(track.settled).toBe(track.read)
    expect([end('filtered'), end('sampled'), end('throttled'), end('deduplicated')]).toEqual([1, 1, 1, 1])
    await clock.advance(1000)
    expect(output.sent).toHaveLength(0)
  })

  test('delivery sends no row before its barrier is durable', async () => {
    const { clock, link, output, delivery, append } = roomOf()
    append(texts(1), 3)
    append(texts(1), 2)
    delivery.flush()
    link.reach(2)
    await clock.advance(5000)
    expect(output.sent).toHaveLength(0)
    link.reach(3)
    await clock.advance(1)
    expect(output.sent).toHaveLength(1)
  })

  test('delivery retries without limit, backs off with jitter and lets one probe out at a time', async () => {
    const { clock, output, delivery, append, track } = roomOf({ batchBytes: 400, random: () => 0.999 })
    append(texts(100, 20))
    await clock.until(() => output.sent.length === 4)
    output.answer = busy
    await clock.advance(200_000)
    const gaps = output.sent.slice(1).map(({ at }, i) => at - output.sent[i]!.at)
    const pauses = gaps.filter(gap => gap > 500).map(gap => Math.round(gap / 1000))
    expect(pauses.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 60])
    expect(delivery.status()).toMatchObject({ state: 'retrying', inFlightRequests: 0 })
    output.answer = rows => delivered(rows)
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(track.settled).toBe(track.read)
    expect(delivery.status()).toMatchObject({ state: 'running', failures: 0 })
  })

  test('delivery counts requests that fail together as one failure', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 400, random: () => 0.5 })
    append(texts(1200, 20))
    await clock.until(() => output.running === 8)
    output.answer = busy
    await clock.advance(20)
    expect(delivery.status().failures).toBe(1)
    expect(delivery.status().concurrency).toBeLessThan(8)
  })

  test('delivery waits as long as Retry-After asks', async () => {
    const { clock, output, append } = roomOf()
    append(texts(1))
    output.answer = () => {
      throw new SendError('busy', 'retry', { status: 429, retryAfterMs: 7000 })
    }
    await clock.until(() => output.sent.length === 3)
    const [first, second, third] = output.sent.map(({ at }) => at)
    for (const gap of [second! - first!, third! - second!]) {
      expect(gap).toBeGreaterThanOrEqual(7000)
      expect(gap).toBeLessThanOrEqual(7720)
    }
  })

  test('delivery tells the output that an earlier outcome is unknown, and takes "exists" for its own row then', async () => {
    const { clock, output, delivery, append, end } = roomOf()
    append(texts(2))
    output.answer = () => {
      output.answer = rows => judged(rows, () => 1)
      throw new SendError('reset', 'retry', { unknown: true })
    }
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(output.sent.map(({ attempt, unknown }) => [attempt, unknown])).toEqual([
      [0, false],
      [1, true]
    ])
    expect(end('duplicate')).toBe(2)
    expect(delivery.status().idCollisions).toBe(0)
  })

  test('delivery takes "exists" for its own row where an earlier run may have sent it, else sends it under another id', async () => {
    const { clock, output, delivery, append, end } = roomOf({}, 22)
    append(texts(4))
    output.answer = rows => judged(rows, row => (row.startsWith('salted') ? 0 : 1))
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(end('duplicate')).toBe(2)
    expect(end('delivered')).toBe(2)
    expect(delivery.status().idCollisions).toBe(2)
    expect(output.sent[1]!.rows).toEqual(['salted-a:22:2.........\n', 'salted-a:33:3.........\n'])
  })

  test('delivery sends only the rows again that were asked for, several answers together', async () => {
    const { clock, output, delivery, append, end } = roomOf({ batchBytes: 5000 })
    append(texts(4000, 20))
    output.answer = (rows, { attempt }) => judged(rows, (_, i) => (attempt === 0 && i % 5 === 0 ? 2 : 0))
    delivery.flush()
    await clock.until(() => delivery.status().pendingRows === 0)
    const firsts = output.sent.filter(({ attempt }) => attempt === 0)
    const again = output.sent.filter(({ attempt }) => attempt > 0).flatMap(({ rows }) => rows)
    expect(again).toHaveLength(firsts.reduce((sum, { rows }) => sum + Math.ceil(rows.length / 5), 0))
    expect(output.sent.length).toBeLessThan(firsts.length * 1.35)
    expect(end('delivered')).toBe(4000)
  })

  test('delivery sends no row before its wait is over, however many wait', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 2000, maxConcurrency: 1 })
    output.answer = (rows, { attempt }) => {
      if (attempt > 0) return delivered(rows)
      return { ...judged(rows, (_, i) => (i === 0 ? 0 : 2)), retryAfterMs: 30_000 }
    }
    append(texts(1000))
    await clock.until(() => delivery.status().pendingRows === 0)
    const again = output.sent.filter(({ attempt }) => attempt > 0)
    expect(again.length).toBeGreaterThan(5)
    expect(again.every(({ at }) => at >= 30_000)).toBe(true)
    expect(delivery.status()).toMatchObject({ bufferedBytes: 0 })
  })

  test('delivery backs off when all rows are to be sent again', async () => {
    const { clock, output, delivery, append } = roomOf({ random: () => 0.999 })
    append(texts(3))
    output.answer = rows => judged(rows, () => 2)
    await clock.advance(60_000)
    expect(output.sent.length).toBeLessThanOrEqual(7)
    expect(delivery.status().state).toBe('retrying')
  })

  test('delivery pauses on faults that need a person, tries at most twice a minute and prepares again', async () => {
    const { clock, output, delivery, append, logged, meter, track } = roomOf()
    append(texts(3))
    output.answer = () => {
      throw new SendError('Cannot send to "fake": status 401', 'pause', { status: 401 })
    }
    await clock.advance(300_000)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'unauthorized' })
    expect(delivery.status().lastError).toMatchObject({ status: 401 })
    expect(output.sent.length).toBeLessThanOrEqual(10)
    expect(output.sent.length).toBeGreaterThanOrEqual(8)
    for (const [i, { at }] of output.sent.entries()) {
      if (i > 1) expect(at - output.sent[i - 2]!.at).toBeGreaterThanOrEqual(60_000)
    }
    expect(logged[0]).toBe('Output "main/es" is paused: unauthorized, tried again every 30 s')
    // then about once a minute
    expect(logged.length).toBeGreaterThanOrEqual(4)
    expect(logged.length).toBeLessThanOrEqual(6)
    for (const line of logged.slice(1))
      expect(line).toMatch(/is paused for \d+ s: unauthorized, tried again every 30 s$/)
    expect(delivery.status().tryEveryMs).toBe(30_000)
    expect(meter.of('collector_output_paused', 'main/es', 'unauthorized').value).toBe(1)
    expect(output.prepared).toBe(output.sent.length)
    output.answer = rows => delivered(rows)
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(delivery.status()).toMatchObject({ state: 'running', reason: '', tryEveryMs: 0 })
    expect(meter.of('collector_output_paused', 'main/es', 'unauthorized').value).toBe(0)
    expect(track.settled).toBe(track.read)
  })

  test('delivery says once a minute that it still fails, for how long, and how many rows wait', async () => {
    const { clock, delivery, output, append, warned } = roomOf()
    append(texts(3))
    output.answer = busy
    await clock.advance(250_000)
    expect(warned[0]).toBe('Output "main/es" failed, retrying; rows wait, nothing is lost')
    expect(warned.length).toBeGreaterThanOrEqual(3)
    expect(warned.length).toBeLessThanOrEqual(5)
    for (const line of warned.slice(1)) expect(line).toMatch(/^Output "main\/es" has failed for \d+ s, retrying/)
    output.answer = rows => delivered(rows)
    await clock.until(() => delivery.status().pendingRows === 0)
    output.answer = busy
    append(texts(3))
    await clock.advance(2000)
    expect(warned.at(-1)).toBe('Output "main/es" failed, retrying; rows wait, nothing is lost')
  })

  test('delivery tells for how long a request has had no answer', async () => {
    const { clock, delivery, output, append } = roomOf()
    append(texts(3))
    const answer = Promise.withResolvers<void>()
    output.answer = async rows => {
      await answer.promise
      return delivered(rows)
    }
    await clock.until(() => output.running === 1)
    await clock.advance(12_000)
    const { waitingMs } = delivery.status()
    expect(waitingMs).toBeGreaterThan(11_000)
    expect(waitingMs).toBeLessThan(13_000)
    answer.resolve()
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(delivery.status().waitingMs).toBe(0)
  })

  test('delivery says of a pause how often it tries, if that is more often', async () => {
    const { clock, output, delivery, append, logged } = roomOf({ retry: { minMs: 100, maxMs: 2000 } })
    output.answer = () => {
      throw new SendError('Cannot send to "fake": status 403', 'pause', { status: 403 })
    }
    append(texts(3))
    await clock.advance(1000)
    expect(logged).toEqual(['Output "main/es" is paused: forbidden, tried again every 2 s'])
    expect(delivery.status().tryEveryMs).toBe(2000)
  })

  test('delivery ends with an output that nobody reads, and settles nothing', async () => {
    const { clock, output, delivery, append, pending, track } = roomOf()
    let ended = 0
    delivery.onEnd = () => ended++
    output.answer = () => {
      throw new SendError('Nobody reads', 'end')
    }
    append(texts(5))
    await clock.advance(300)
    expect([ended, pending(), track.settled]).toEqual([1, 5, 0])
    await delivery.drained()
    append(texts(5))
    await clock.advance(300_000)
    expect(output.sent).toHaveLength(1)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'ended' })
    await delivery.close()
  })

  test('delivery sends nothing while the output can not be prepared', async () => {
    const { clock, output, delivery, append } = roomOf()
    append(texts(3))
    output.prepareFault = new SendError('no such host', 'pause')
    await clock.advance(100_000)
    expect(output.sent).toHaveLength(0)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'unreachable', retriedRows: 0 })
    output.prepareFault = undefined
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(output.sent[0]!.attempt).toBe(0)
  })

  test('delivery halves requests that are too large, learns the size, and gives up on a single row', async () => {
    const { clock, link, output, delivery, append, end } = roomOf({ batchBytes: 8000 })
    const most = 1000
    let tooLarge = 0
    output.answer = rows => {
      if (rows.join('').length <= most) return delivered(rows)
      tooLarge++
      throw new SendError('status 413', 'split', { status: 413 })
    }
    append([...texts(150, 40), 'x'.repeat(2000), ...texts(150, 40)])
    delivery.flush()
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(end('delivered')).toBe(300)
    expect(end('dead_lettered')).toBe(1)
    expect(link.letters).toMatchObject([{ type: 'request_too_large', status: 413 }])
    expect(delivery.status().limitBytes).toBeGreaterThanOrEqual(most / 2)
    expect(tooLarge).toBeLessThanOrEqual(Math.ceil(Math.log2(8)) + 1 + Math.log2(151))
    const before = tooLarge
    append(texts(300, 40))
    delivery.flush()
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(tooLarge).toBe(before)
  })

  test('delivery makes a request smaller that the server is too busy for each time, but no smaller than a bound', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 4 << 20 })
    append(texts(4000, 1000))
    output.answer = rows => {
      if (rows.length <= 300) return delivered(rows)
      throw new SendError('busy', 'retry', { status: 429 })
    }
    delivery.flush()
    await clock.until(() => delivery.status().pendingRows === 0, 600_000)
    expect(output.sent.flatMap(({ rows }) => rows).length).toBeGreaterThanOrEqual(4000)

    output.answer = () => {
      throw new SendError('busy', 'retry', { status: 429 })
    }
    append(texts(4000, 1000))
    delivery.flush()
    await clock.advance(3_600_000)
    expect(delivery.status().limitBytes).toBeGreaterThanOrEqual(128 * 1024)
    expect(delivery.status().queuedRequests).toBeLessThan(50)
  })

  test('delivery splits n rows of which one fits no request in log2(n) + 1 steps', async () => {
    const { clock, output, delivery, append, end } = roomOf()
    let tooLarge = 0
    output.answer = rows => {
      if (!rows.some(row => row.includes('x'))) return delivered(rows)
      tooLarge++
      throw new SendError('status 413', 'split', { status: 413 })
    }
    append(['x'.repeat(20), ...texts(1023, 20)])
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(tooLarge).toBeLessThanOrEqual(Math.log2(1024) + 1)
    expect([end('delivered'), end('dead_lettered')]).toEqual([1023, 1])
  })

  test('delivery has no room when the budget is full, and says when there is again', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 1000, maxInFlightBytes: 4000 })
    let calls = 0
    delivery.onRoom = () => calls++
    output.answer = busy
    while (delivery.hasRoom()) append(texts(10, 40))
    expect(delivery.status().bufferedBytes).toBeGreaterThanOrEqual(4000)
    expect(delivery.status().bufferedBytes).toBeLessThan(4600)
    await clock.advance(10_000)
    expect(delivery.hasRoom()).toBe(false)
    output.answer = rows => delivered(rows)
    await clock.until(() => calls > 0)
    expect(delivery.hasRoom()).toBe(true)
    expect(delivery.status().bufferedBytes).toBeLessThanOrEqual(3000)
    await clock.until(() => delivery.status().pendingRows === 0)
    expect([calls, delivery.status().bufferedBytes]).toEqual([1, 0])
  })

  test('delivery is not stopped by one request that the server can not stand', async () => {
    const { clock, output, delivery, append, pending } = roomOf({ batchBytes: 400 })
    append(['poison', ...texts(200, 20)])
    output.answer = rows => (rows.some(row => row.includes('poison')) ? busy() : delivered(rows))
    delivery.flush()
    await clock.advance(60_000)
    expect(pending()).toBeLessThan(20)
    expect(pending()).toBeGreaterThan(0)
    output.answer = rows => delivered(rows)
    await clock.until(() => pending() === 0)
  })

  test('delivery sends fewer requests at a time when answers get slower', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 500 })
    append(texts(2000, 40))
    await clock.until(() => delivery.status().concurrency === 8)
    output.latencyMs = 2000
    await clock.until(() => delivery.status().concurrency < 8)
    expect(delivery.status().pendingRows).toBeGreaterThan(1000)
  })

  test('delivery finds out how many requests the server takes', async () => {
    const { clock, output, delivery, append } = roomOf({ batchBytes: 500 })
    append(texts(600, 40))
    await clock.until(() => delivery.status().pendingRows < 100)
    expect(output.mostRunning).toBe(8)
    expect(delivery.status().concurrency).toBe(8)
  })

  test('delivery keeps the cursor and what is pending when it is closed during a retry', async () => {
    const { clock, output, delivery, append, track, pending } = roomOf({ batchBytes: 400 })
    append(texts(10))
    delivery.flush()
    await clock.until(() => pending() === 0)
    const { settled } = track
    output.answer = busy
    append(texts(100))
    await clock.advance(5000)
    await delivery.close()
    expect(output.closed).toBe(true)
    expect(track.settled).toBe(settled)
    expect(pending()).toBe(100)
    const { length } = output.sent
    await clock.advance(300_000)
    expect(output.sent).toHaveLength(length)
  })

  test('delivery aborts what is in flight when it is closed', async () => {
    const { clock, output, delivery, append, pending } = roomOf()
    output.latencyMs = 1_000_000
    append(texts(5))
    await clock.advance(1000)
    expect(output.running).toBe(1)
    const closed = delivery.close()
    await clock.settle()
    await closed
    expect(output.running).toBe(0)
    expect(pending()).toBe(5)
  })

  test('delivery closes while a barrier is not durable', async () => {
    const { clock, output, delivery, append } = roomOf()
    append(texts(5), 99)
    await clock.advance(1000)
    await delivery.close()
    expect(output.sent).toHaveLength(0)
  })
})
