import { expect, test } from 'vitest'
import { Fate } from '../../src/core/row.ts'
import { countFates } from '../../src/delivery/fates.ts'
import { batchOf, roomOf, texts } from './support.ts'

const never = Number.POSITIVE_INFINITY

test('rows before the place that is given up are lost, whether or not there is room', async () => {
  const { delivery, track, append, output, clock, meter, warned } = roomOf()
  track.giveUpTo = 50
  append(texts(5, 9))
  expect(track.settled).toBe(50)
  append(texts(3, 9))
  await clock.advance(2000)
  expect(output.sent.flatMap(({ rows }) => rows)).toHaveLength(3)
  expect(track.ledger()).toMatchObject({ read: 8, lostRows: { backlog_evicted: 5 }, lostBytes: {} })
  expect(delivery.status().pendingRows).toBe(0)
  expect(meter.of('collector_lost_rows_total', 'main/es', 'backlog_evicted').value).toBe(5)
  expect(warned).toEqual(['Rows are given up: the output is behind by more than max_backlog'])
})

test('a chunk that ends behind that place is delivered', async () => {
  const { track, append, output, clock } = roomOf()
  track.giveUpTo = 45
  append(texts(5, 9))
  await clock.advance(2000)
  expect(output.sent.flatMap(({ rows }) => rows)).toHaveLength(5)
})

test('of rows that are given up only those count as lost that the output would have got, and other outputs get them', () => {
  const { delivery, track } = roomOf()
  track.giveUpTo = 40
  const fates = [Fate.kept, Fate.filtered, Fate.kept, Fate.throttled]
  const batch = batchOf(track.source, 0, texts(4, 9), fates)
  delivery.append(track, batch, 40, never, 0)
  expect([...batch.fate.subarray(0, 4)]).toEqual(fates)
  expect(track.ledger()).toMatchObject({ read: 4, rows: [0, 0, 1, 0, 1, 0, 0], lostRows: { backlog_evicted: 2 } })
})

test('rows that are too old are given up, row by row', async () => {
  const { delivery, track, output, clock } = roomOf({ maxBacklogAgeMs: 60_000 })
  const batch = batchOf(track.source, 0, texts(4, 9))
  batch.time.set([clock.now() - 60_001, clock.now() - 59_999, clock.now() + 5000, 0])
  delivery.append(track, batch, 40, never, 0)
  await clock.advance(2000)
  expect(output.sent.flatMap(({ rows }) => rows)).toEqual([`a:10:${texts(4, 9)[1]!}\n`, `a:20:${texts(4, 9)[2]!}\n`])
  expect(track.ledger()).toMatchObject({ read: 4, lostRows: { backlog_evicted: 2 } })
})

test('however much is given up, it takes no memory', () => {
  const { track, append } = roomOf()
  append(['the first one waits'])
  const batch = batchOf(track.source, track.read, texts(1, 9), [Fate.evicted])
  const fates = new Int32Array(Object.keys(Fate).length)
  countFates(batch, fates)
  const before = process.memoryUsage().arrayBuffers
  for (let chunk = 0; chunk < 50_000; chunk++, batch.base += 10) track.append(batch, batch.base + 10, never, fates)
  expect(track.settled).toBe(0)
  expect(track.ledger().lostRows.backlog_evicted).toBe(50_000)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
})
