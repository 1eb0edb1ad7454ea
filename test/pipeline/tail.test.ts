import { describe, expect, test } from 'vitest'
import type { Batch } from '../../src/core/batch.ts'
import { Meter } from '../../src/core/metrics.ts'
import { Fate } from '../../src/core/row.ts'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import type { Tailing, TailRefusal, TailRows, TailWanted } from '../../src/pipeline/collector.ts'
import { Tail } from '../../src/pipeline/tail.ts'
import { TailDesk, type TailShards } from '../../src/pipeline/tail-desk.ts'
import { FakeClock } from '../fakes/clock.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'
import { Stage } from './stage.ts'

const flushMs = 100
const json: TailWanted = { query: '', format: 'json', color: false }

/** A tail, and rows as it sees them. */
class Place {
  readonly bench = new Bench()
  readonly clock = new FakeClock()
  readonly sent: TailRows[] = []
  readonly tail = new Tail({
    keys: this.bench.keys,
    hostName: 'host',
    clock: this.clock,
    onRows: (_, rows) => this.sent.push(rows)
  })

  read(...lines: string[]): Batch {
    const { bench } = this
    bench.fill(Buffer.from(`${lines.join('\n')}\n`))
    auto.create(optionsOf(auto, {}), bench.context).parse(bench.batch)
    normalize.create(optionsOf(normalize, {}), bench.context).apply(bench.batch)
    return bench.batch
  }

  see(...lines: string[]): void {
    this.tail.observe(this.read(...lines))
  }

  /** What was sent since the last call. */
  take(): { messages: unknown[]; leftOut: number } {
    this.clock.move(flushMs)
    const parts = this.sent.splice(0)
    return { messages: parts.flatMap(messagesOf), leftOut: parts.reduce((sum, { leftOut }) => sum + leftOut, 0) }
  }
}

function messagesOf({ lines, rows }: TailRows): unknown[] {
  const found = linesOf(lines)
  expect(found).toHaveLength(rows)
  return found.map(line => (JSON.parse(line) as { message: string }).message)
}

function linesOf(lines: Uint8Array): string[] {
  return Buffer.from(lines).toString().split('\n').slice(0, -1)
}

const row = (message: string, level = 'info'): string => JSON.stringify({ level, service_name: 'auth', message })

describe('what a shard shows', () => {
  test('rows that the query selects, in messages', async () => {
    const place = new Place()
    await place.tail.open(7, { ...json, query: '{level="error"} |= "disk"' })
    place.see(row('disk full', 'error'), row('disk fine'), row('net', 'error'))
    expect(place.sent).toEqual([])
    place.see(row('disk gone', 'error'))
    expect(place.take()).toEqual({ messages: ['disk full', 'disk gone'], leftOut: 0 })
  })

  test('rows as they are, whatever becomes of them; that stays as it was', async () => {
    const place = new Place()
    await place.tail.open(1, { ...json, query: '{level="info"}' })
    const batch = place.read(row('a'), row('b', 'error'), row('c'))
    batch.fate.set([Fate.deadLettered, Fate.filtered, Fate.kept])
    place.tail.observe(batch)
    expect([...batch.fate.subarray(0, 3)]).toEqual([Fate.deadLettered, Fate.filtered, Fate.kept])
    expect(place.take().messages).toEqual(['a', 'c'])
  })

  test('lines that the query makes, in place of the messages; rows keep theirs', async () => {
    const place = new Place()
    await place.tail.open(1, { ...json, query: '{level="info"} | line_format `{{.service_name}} says "{{.message}}"`' })
    const batch = place.read(row('a'), row('b', 'error'))
    const before = [batch.used, place.bench.row(0)]
    place.tail.observe(batch)
    expect(place.take().messages).toEqual(['auth says "a"'])
    expect([batch.used, place.bench.row(0)]).toEqual(before)
  })

  test('lines for people, without what would steer their terminal', async () => {
    const place = new Place()
    await place.tail.open(1, { query: '', format: 'text', color: true })
    place.see(row('\u001b[2Jboo', 'error'))
    place.clock.move(flushMs)
    const [line] = linesOf(place.sent[0]!.lines)
    expect(line).toContain('\u001b[31merror')
    expect(line).toContain('auth')
    expect(line).toContain('\\x1b[2Jboo')
  })

  test('no more than there is room for, while nobody takes it: the rest is counted', async () => {
    const place = new Place()
    await place.tail.open(1, json)
    const many = Array.from({ length: 500 }, (_, i) => row(`${i} ${'x'.repeat(150)}`))
    place.see(row('first'))
    expect(place.take().messages).toEqual(['first'])
    for (let batch = 0; batch < 100; batch++) place.see(...many)
    expect(place.take()).toEqual({ messages: [], leftOut: 0 })
    place.tail.more(1)
    place.clock.move(flushMs)
    const [{ lines, rows, leftOut }] = place.sent as [TailRows]
    expect(lines.length).toBeLessThan(1024 * 1024)
    expect(rows + leftOut).toBe(50_000)
    expect(rows).toBeGreaterThan(500)
    place.sent.length = 0
    place.see(row('unseen while that is on its way'))
    place.tail.more(1)
    expect(place.take()).toEqual({ messages: ['unseen while that is on its way'], leftOut: 0 })
  })

  test('nothing to who has gone, also before it was shown anything', async () => {
    const place = new Place()
    const opening = place.tail.open(1, json)
    place.tail.close(1)
    await opening
    await place.tail.open(2, json)
    place.see(row('a'))
    place.tail.close(2)
    place.see(row('b'))
    expect(place.take()).toEqual({ messages: [], leftOut: 0 })
  })
})

test('a shard shows rows once, however many pipelines read them, also those that are dropped', async () => {
  const stage = await Stage.create()
  const more =
    'process: [{ drop: { if: \'{level="debug"}\' } }]\npipelines: { one: { outputs: [es] }, two: { outputs: [more] } }\n'
  const run = await stage.start({ outputs: { es: '', more: 'namespace: other' }, more })
  await run.shard.tail.open(1, json)
  stage.write(`${row('a', 'debug')}\n${row('b')}\n`)
  await run.settled(2, 'one/es')
  await run.settled(2, 'two/more')
  await run.pass(2 * flushMs)
  expect(stage.shown.map(([tail]) => tail)).toEqual([1])
  expect(stage.shown.flatMap(([, rows]) => messagesOf(rows))).toEqual(['a', 'b'])
})

const rowsOf = (text: string, leftOut = 0): TailRows => ({ lines: Buffer.from(text), rows: 1, leftOut })

/** A desk, with what it asks of shards. */
function desk() {
  const calls: string[] = []
  const meter = new Meter()
  const shards: TailShards = {
    onRows: () => {},
    listen: (tail: number, { query }: TailWanted) => Promise.resolve(void calls.push(`listen ${tail} ${query}`)),
    unlisten: (tail: number) => void calls.push(`unlisten ${tail}`)
  }
  return {
    desk: new TailDesk(shards, meter),
    shards,
    calls,
    open: async (tails: TailDesk, query = '') => opened(await tails.open({ ...json, query })),
    count: (name: Parameters<Meter['of']>[0]) => meter.of(name).value
  }
}

describe('who looks at rows', () => {
  test('gets what all shards send, each of which waits until its message is taken', async () => {
    const { desk: tails, shards, calls, open, count } = desk()
    const tail = await open(tails, '{level="info"}')
    expect(calls).toEqual(['listen 1 {level="info"}'])
    expect(count('collector_tail_listeners')).toBe(1)
    shards.onRows(1, rowsOf('a'), () => calls.push('more of 0'))
    shards.onRows(1, rowsOf('b', 3), () => calls.push('more of 1'))
    shards.onRows(9, rowsOf('of another one'), () => calls.push('more of 9'))
    expect(await tail.next()).toEqual(rowsOf('a'))
    expect(calls).toHaveLength(1)
    expect(await tail.next()).toEqual(rowsOf('b', 3))
    expect(calls.slice(1)).toEqual(['more of 0'])
    const next = tail.next()
    expect(calls.slice(2)).toEqual(['more of 1'])
    shards.onRows(1, rowsOf('c'), () => {})
    expect(await next).toEqual(rowsOf('c'))
    expect([count('collector_tail_rows_total'), count('collector_tail_left_out_rows_total')]).toEqual([3, 3])
  })

  test('is no load any more once it has gone', async () => {
    const { desk: tails, calls, open, count } = desk()
    const tail = await open(tails)
    const next = tail.next()
    tail.close()
    tail.close()
    expect(await next).toBeUndefined()
    expect(calls.slice(1)).toEqual(['unlisten 1'])
    expect(count('collector_tail_listeners')).toBe(0)
  })

  test('is told of the end, behind the last rows', async () => {
    const { desk: tails, shards, open } = desk()
    const tail = await open(tails)
    shards.onRows(1, rowsOf('last'), () => {})
    tails.close()
    expect(await tail.next()).toEqual(rowsOf('last'))
    expect(await tail.next()).toBeUndefined()
    expect(await (await open(tails)).next()).toBeUndefined()
  })

  test('is refused with a mistake in the query, and where there are too many', async () => {
    const { desk: tails, calls, open } = desk()
    expect(await tails.open({ ...json, query: '{level="info"} | nope' })).toMatchObject({ position: 17 })
    expect(calls).toEqual([])
    const all = []
    for (let tail = 0; tail < 16; tail++) all.push(await open(tails))
    expect(await tails.open(json)).toEqual({ error: '16 look at rows already, and no more may' })
    all[3]!.close()
    await open(tails)
  })
})

function opened(tail: Tailing | TailRefusal): Tailing {
  if ('error' in tail) throw new Error(tail.error)
  return tail
}
