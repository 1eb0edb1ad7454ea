import { describe, expect, test } from 'vitest'
import { Fate } from '../../src/core/row.ts'
import { SendError } from '../../src/core/errors.ts'
import { delivered, judged, roomOf, texts } from './support.ts'

const poison = (row: string): number => (row.includes('poison') ? 3 : 0)

const said = (rows: string): string => `Output "main/es": ${rows} now (strict_mapping): see "mcp-collector dlq list"`

describe('delivery of refused rows', () => {
  test('delivery puts one poison row of each batch into the dead letters without stopping anything', async () => {
    const { clock, link, output, delivery, append, end, track } = roomOf()
    output.answer = rows => judged(rows, poison)
    for (let batch = 0; batch < 50; batch++) {
      append(['poison', ...texts(99)])
      await clock.advance(300)
      expect(delivery.status().state).toBe('running')
    }
    await clock.until(() => delivery.status().pendingRows === 0)
    expect([end('delivered'), end('dead_lettered')]).toEqual([4950, 50])
    expect(track.settled).toBe(track.read)
    expect(link.letters).toHaveLength(50)
    const letter = link.letters[0]!
    expect(letter).toMatchObject({
      output: 'main/es',
      source: 'a',
      position: 0,
      length: 7,
      status: 400,
      type: 'mapping'
    })
    expect(Buffer.from(letter.row).toString()).toBe('a:0:poison\n')
  })

  test('delivery decides on a refused row after 500 more verdicts, or 10 s', async () => {
    const { clock, output, delivery, append, end } = roomOf()
    output.answer = rows => judged(rows, poison)
    append(['poison', ...texts(499)])
    await clock.advance(1000)
    expect([end('dead_lettered'), delivery.status().heldRows]).toEqual([0, 1])
    expect(delivery.status().undecided).toEqual({ rows: 1, types: ['mapping'] })
    append(texts(1))
    await clock.advance(1000)
    expect([end('dead_lettered'), delivery.status().heldRows]).toEqual([1, 0])
    expect(delivery.status().undecided).toEqual({ rows: 0, types: [] })
    append(['poison'])
    await clock.advance(10_010)
    expect(end('dead_lettered')).toBe(1)
    await clock.advance(30)
    expect(end('dead_lettered')).toBe(2)
  })

  test('delivery says at once that rows became dead letters, then once a minute how many since', async () => {
    const { clock, output, append, warned, delivery } = roomOf()
    output.answer = rows => judged(rows, poison, 'strict_mapping')
    append(['poison', 'poison'])
    await clock.advance(11_000)
    const first = said('2 rows were refused and are dead letters')
    expect(warned).toEqual([first])
    for (let i = 0; i < 3; i++) {
      append(['poison'])
      await clock.advance(10_000)
    }
    expect(warned).toEqual([first])
    await clock.advance(60_000)
    const second = said('3 rows were refused and are dead letters')
    expect(warned).toEqual([first, second])
    await clock.advance(120_000)
    append(['poison'])
    await clock.advance(11_000)
    const third = said('1 row was refused and is a dead letter')
    expect(warned).toEqual([first, second, third])
    append(['poison'])
    await clock.advance(11_000)
    await delivery.close()
    expect(warned).toEqual([first, second, third, third])
  })

  test('delivery names a few of many types of dead letters', async () => {
    const { clock, output, append, warned } = roomOf()
    output.answer = rows => {
      const { each, requestBytes } = judged(rows, () => 3)
      for (const [row, refusal] of each.refusals) each.refusals.set(row, { ...refusal, type: `type_${row}` })
      return { each, requestBytes }
    }
    append(texts(9))
    await clock.advance(11_000)
    expect(warned[0]).toContain('9 rows were refused and are dead letters now (type_0, type_1, type_2, and others)')
  })

  test('delivery ends a refused row only once its letter is durable', async () => {
    const { clock, link, output, append, track, delivery } = roomOf()
    link.ms = 5000
    output.answer = rows => judged(rows, poison)
    append(['poison', ...texts(600)])
    await clock.advance(4000)
    expect(track.settled).toBe(0)
    expect(delivery.status().pendingRows).toBe(1)
    await clock.until(() => track.settled === track.read)
    expect(link.letters).toHaveLength(1)
  })

  test('delivery pauses when half of 500 rows are refused for one reason, and buries nothing', async () => {
    const { clock, link, output, delivery, append, logged, end, track } = roomOf({ batchBytes: 4000 })
    let broken = true
    output.answer = rows => judged(rows, (_, i) => (broken && i % 10 < 6 ? 3 : 0), 'missing_pipeline')
    append(texts(2000))
    await clock.advance(5000)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'refuses_all' })
    expect(logged).toEqual(['Output "main/es" is paused: refuses_all, tried again every 30 s'])
    const { length } = output.sent
    await clock.advance(600_000)
    expect(link.letters).toHaveLength(0)
    const probes = output.sent.slice(length)
    expect(probes.length).toBeGreaterThanOrEqual(16)
    expect(probes.length).toBeLessThanOrEqual(20)
    expect(probes.every(({ rows }) => rows.length === 1)).toBe(true)
    expect(new Set(probes.map(({ rows }) => rows[0])).size).toBe(probes.length)
    broken = false
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(delivery.status()).toMatchObject({ state: 'running', heldRows: 0, bufferedBytes: 0 })
    expect([end('delivered'), end('dead_lettered')]).toEqual([2000, 0])
    expect(track.settled).toBe(track.read)
  })

  test('delivery takes 250 refused rows for a fault of the server, fewer for one of the rows', async () => {
    const { clock, output, delivery, append, end } = roomOf()
    output.answer = rows => judged(rows, poison)
    append(Array.from({ length: 249 }, () => 'poison'))
    await clock.advance(11_000)
    expect([delivery.status().state, end('dead_lettered')]).toEqual(['running', 249])
    append(texts(250))
    append(['poison'])
    await clock.advance(11_000)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'refuses_all', heldRows: 1 })
    expect(end('dead_lettered')).toBe(249)
  })

  test('delivery buries rows of one fault and goes on where the server takes others', async () => {
    const { clock, link, output, delivery, append, end, track } = roomOf()
    output.answer = rows => judged(rows, poison)
    append([...texts(200), ...Array.from({ length: 300 }, () => 'poison')])
    await clock.until(() => delivery.status().state === 'paused')
    append(texts(50))
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(clock.monotonic()).toBeLessThan(60_000)
    expect(delivery.status()).toMatchObject({ state: 'running', heldRows: 0, bufferedBytes: 0 })
    expect([end('delivered'), end('dead_lettered'), link.letters.length]).toEqual([250, 300, 300])
    expect(track.settled).toBe(track.read)
  })

  test('delivery does not stop again for a fault that lay with the rows, unless all are refused', async () => {
    const { clock, output, delivery, append, end } = roomOf({ batchBytes: 4000 })
    output.answer = rows => judged(rows, row => (/poison[1-6]/.test(row) ? 3 : 0))
    const stream = Array.from({ length: 20_000 }, (_, i) => `poison${i % 10}`)
    append(stream)
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(clock.monotonic()).toBeLessThan(300_000)
    expect([end('delivered'), end('dead_lettered')]).toEqual([8000, 12_000])
    output.answer = rows => judged(rows, () => 3)
    append(texts(1200))
    await clock.until(() => delivery.status().state === 'paused')
    expect(delivery.status()).toMatchObject({ reason: 'refuses_all' })
  })

  test('delivery buries nothing when the server is mended between the tries of an old and a new row', async () => {
    const { clock, link, output, delivery, append, end } = roomOf()
    output.answer = rows => judged(rows, () => 3)
    append(texts(500))
    await clock.until(() => delivery.status().state === 'paused')
    append(texts(50))
    const { length } = output.sent
    await clock.until(() => output.sent.length === length + 4)
    output.answer = rows => delivered(rows)
    await clock.until(() => delivery.status().pendingRows === 0)
    expect([end('delivered'), link.letters.length]).toEqual([550, 0])
  })

  test('delivery goes on probing with refused rows where there are no others', async () => {
    const { clock, link, output, delivery, append } = roomOf()
    output.answer = rows => judged(rows, poison)
    append([...texts(200), ...Array.from({ length: 300 }, () => 'poison')])
    await clock.advance(300_000)
    expect(delivery.status()).toMatchObject({ state: 'paused', reason: 'refuses_all', heldRows: 300 })
    expect(delivery.status().undecided.rows).toBe(0)
    expect(link.letters).toHaveLength(0)
  })

  test('delivery goes on when the refusals have several reasons', async () => {
    const { clock, output, delivery, append, end } = roomOf({ batchBytes: 4000 })
    output.answer = rows => {
      const refusals = new Map(rows.map((_, row) => [row, { status: 400, type: `t${row % 3}`, reason: '' }]))
      return { each: { verdict: new Uint8Array(rows.length).fill(3), refusals }, requestBytes: 0 }
    }
    append(texts(3000))
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(end('dead_lettered')).toBe(3000)
  })

  test('delivery keeps the state of refusing over other faults of the probe', async () => {
    const { clock, link, output, delivery, append } = roomOf()
    output.answer = rows => judged(rows, () => 3)
    append(texts(600))
    await clock.advance(1000)
    output.answer = () => {
      throw new SendError('reset', 'retry', { unknown: true })
    }
    await clock.advance(100_000)
    expect(delivery.status()).toMatchObject({ state: 'paused', heldRows: 600 })
    output.answer = () => {
      throw new SendError('status 403', 'pause', { status: 403 })
    }
    await clock.advance(100_000)
    expect(delivery.status()).toMatchObject({ reason: 'forbidden', heldRows: 600 })
    output.answer = rows => delivered(rows)
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(link.letters).toHaveLength(0)
  })

  test('delivery pauses when every single row is too large for the server', async () => {
    const { clock, output, delivery, append } = roomOf()
    output.answer = () => {
      throw new SendError('status 413', 'split', { status: 413 })
    }
    append(texts(600))
    await clock.until(() => delivery.status().state === 'paused')
    await clock.advance(100)
    expect(delivery.status()).toMatchObject({ reason: 'refuses_all' })
    const { length } = output.sent
    const { heldRows } = delivery.status()
    expect(heldRows).toBeGreaterThanOrEqual(250)
    await clock.advance(60_000)
    expect(output.sent.length - length).toBeLessThanOrEqual(2)
    // one of the two was a fresh row
    expect(delivery.status().heldRows - heldRows).toBeLessThanOrEqual(1)
  })

  test('delivery pauses while the dead letters are full', async () => {
    let stored = 1000
    const letters = { maxBytes: 1000, whenFull: 'pause' as const, storedBytes: () => stored }
    const { clock, link, output, delivery, append, track, logged } = roomOf({ letters })
    output.answer = rows => judged(rows, poison)
    append(['poison', ...texts(600)])
    await clock.advance(1000)
    expect(delivery.status()).toMatchObject({
      state: 'paused',
      reason: 'dead_letters_full',
      pendingRows: 1,
      tryEveryMs: 0
    })
    expect(logged).toHaveLength(1)
    append(texts(10))
    await clock.advance(60_000)
    expect(output.sent).toHaveLength(1)
    stored = 0
    await clock.until(() => track.settled === track.read)
    expect(link.letters).toHaveLength(1)
    expect(delivery.status().state).toBe('running')
  })

  test('delivery counts refused rows as lost where the user wants that', async () => {
    const letters = { maxBytes: 1100, whenFull: 'drop' as const, storedBytes: () => 0 }
    const { clock, link, output, delivery, append, track, meter, pending } = roomOf({ letters })
    output.answer = rows => judged(rows, poison)
    append(['poison', 'poison', 'poison', ...texts(600)])
    await clock.until(() => delivery.status().pendingRows === 0)
    expect(link.letters).toHaveLength(2)
    expect(track.ledger().lostRows).toEqual({ dead_letters_full: 1 })
    expect(pending()).toBe(0)
    expect(track.settled).toBe(track.read)
    expect(meter.of('collector_lost_rows_total', 'main/es', 'dead_letters_full').value).toBe(1)
  })

  test('delivery puts rows into the dead letters that a step has sent there, as they were read', async () => {
    const { clock, link, output, delivery, append, end } = roomOf()
    append(['good', 'bad'], 0, [Fate.kept, Fate.deadLettered])
    await clock.until(() => delivery.status().pendingRows === 0)
    expect([end('delivered'), end('dead_lettered')]).toEqual([1, 1])
    expect(link.letters).toMatchObject([{ position: 5, length: 4, type: 'parse' }])
    expect(Buffer.from(link.letters[0]!.row).toString()).toBe('bad')
    expect(output.sent[0]!.rows).toHaveLength(1)
  })

  test('delivery replays dead letters and keeps them out of the ledger', async () => {
    const { clock, link, output, delivery, track } = roomOf({ batchBytes: 64 })
    output.answer = rows => judged(rows, row => (row.includes('poison') ? 3 : row.includes('there') ? 1 : 0))
    const rows = ['one', 'there', 'poison', ...texts(20)].map((row, id) => ({ id, row: Buffer.from(`${row}\n`) }))
    const replayed = delivery.replay(rows)
    await clock.until(() => delivery.status().pendingRows === 0)
    const verdicts = await replayed
    expect([verdicts.get(0), verdicts.get(1), verdicts.get(2)]).toEqual(['delivered', 'duplicate', 'refused'])
    expect(verdicts.size).toBe(23)
    expect(link.letters).toHaveLength(0)
    expect(track.ledger().read).toBe(0)
    expect(delivery.status()).toMatchObject({ bufferedBytes: 0, rows: { delivered: 0 } })
    expect(await delivery.replay([])).toEqual(new Map())
  })

  test('delivery replays dead letters while they are full', async () => {
    const letters = { maxBytes: 1000, whenFull: 'pause' as const, storedBytes: () => 1000 }
    const { clock, output, delivery, append } = roomOf({ letters })
    output.answer = rows => judged(rows, poison)
    append(['poison', ...texts(600)])
    await clock.until(() => delivery.status().reason === 'dead_letters_full')
    append(texts(10))
    const replayed = delivery.replay([{ id: 1, row: Buffer.from('mended\n') }])
    await clock.advance(5000)
    expect(await replayed).toEqual(new Map([[1, 'delivered']]))
    expect(output.sent.map(({ rows }) => rows.length)).toEqual([601, 1])
    expect(delivery.status()).toMatchObject({ reason: 'dead_letters_full', pendingRows: 11 })
  })

  test('delivery takes dead letters back that can not be sent for long, wherever they wait', async () => {
    const { clock, output, delivery } = roomOf({ batchBytes: 64, maxConcurrency: 1, replayMs: 57_500 })
    output.answer = rows => judged(rows, row => (row.includes('busy') ? 2 : 0))
    output.latencyMs = 5000
    const rows = Array.from({ length: 100 }, (_, id) => ({
      id,
      row: Buffer.from(`${id % 7 ? 'row' : 'busy'} ${id}\n`)
    }))
    const replayed = delivery.replay(rows)
    await clock.advance(57_501)
    expect(delivery.status()).toMatchObject({ queuedRequests: 0, inFlightRequests: 1 })
    await clock.advance(5000)
    const verdicts = await replayed
    expect(delivery.status()).toMatchObject({ bufferedBytes: 0, pendingRows: 0 })
    const { length } = output.sent
    const sent = new Set(output.sent.flatMap(one => one.rows))
    expect([...verdicts.keys()].every(id => sent.has(`row ${id}\n`))).toBe(true)
    expect(verdicts.size).toBeGreaterThan(20)
    await clock.advance(60_000)
    expect(output.sent).toHaveLength(length)
  })

  test('delivery takes dead letters back within 5 s where the server is away, and sends them when it is back', async () => {
    const { clock, output, delivery } = roomOf()
    output.send = () => Promise.reject(new SendError('connection refused', 'retry'))
    const rows = [{ id: 1, row: Buffer.from('row\n') }]
    let verdicts: unknown
    void delivery.replay(rows).then(all => (verdicts = all))
    await clock.advance(5000)
    expect(verdicts).toEqual(new Map())
    expect(delivery.status()).toMatchObject({ bufferedBytes: 0, pendingRows: 0 })
    output.send = () => Promise.resolve(judged(['row'], () => 0))
    const again = delivery.replay(rows)
    await clock.advance(60_000)
    expect(await again).toEqual(new Map([[1, 'delivered']]))
  })

  test('delivery rejects a replay that its end cuts off', async () => {
    const { clock, output, delivery } = roomOf()
    output.latencyMs = 1000
    const replayed = delivery.replay([{ id: 1, row: Buffer.from('x\n') }])
    await clock.advance(10)
    const expected = expect(replayed).rejects.toThrow('output was closed')
    await delivery.close()
    await expected
  })

  test('delivery leaves rows to those after it that are refused by the last answer before it is closed', async () => {
    const { clock, link, output, delivery, append, track, pending } = roomOf()
    output.send = (_, signal) =>
      new Promise(resolve => signal.addEventListener('abort', () => resolve(judged(['poison'], poison))))
    append(['poison'])
    await clock.advance(1000)
    await delivery.close()
    await clock.advance(60_000)
    expect([link.letters.length, pending(), track.settled]).toEqual([0, 1, 0])
  })
})
