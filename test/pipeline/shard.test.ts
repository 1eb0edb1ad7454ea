import { renameSync, statSync, truncateSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endOf, pendingRows } from '../../src/core/outcome.ts'
import type { DeadLetter, StateRecord } from '../../src/core/record.ts'
import { type Run, rows, Stage } from './stage.ts'

const poor = { status: 400, type: 'document_parsing_exception', reason: 'no' }

describe('shard', () => {
  it('reads a file to its end and settles every row', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 5000)
    const run = await stage.start()
    await run.settled(5000)
    expect(stage.messages()).toEqual(rows(0, 5000))
    const [account] = run.ledgers()
    expect(account!.ledger.rows[endOf.delivered]).toBe(5000)
    expect(account!.position).toBe(statSync(join(stage.folder, 'agent.log')).size)
    expect(run.sample('collector_input_rows_total', 'logs')).toBe(5000)
    expect(run.sample('collector_input_lag_bytes', 'logs', 'default/es')).toBe(0)
  })

  it('stores cursors once a second, together with the sizes that a scan found', async () => {
    const stage = await Stage.create()
    const run = await stage.start()
    const { link, clock } = stage
    const commits = new Map<number, Set<string>>()
    const append = link.append.bind(link)
    link.append = records => {
      const kinds = commits.get(clock.monotonic()) ?? new Set()
      for (const { kind } of records) kinds.add(kind)
      commits.set(clock.monotonic(), kinds)
      return append(records)
    }
    for (let row = 0; row < 50; row++) {
      stage.writeRows(row, row + 1)
      await run.pass(100)
    }
    const withCursor = [...commits.values()].filter(kinds => kinds.has('cursor'))
    expect(withCursor.length).toBeGreaterThan(3)
    expect(withCursor.length).toBeLessThan(11)
    expect(withCursor.filter(kinds => kinds.has('source')).length).toBeGreaterThan(withCursor.length - 3)
  })

  it('says what was gone before it was read, once for all outputs', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 3)
    const path = join(stage.folder, 'agent.log')
    const bytes = statSync(path).size
    const run = await stage.open({ outputs: { es: '', two: 'namespace: two' } })
    truncateSync(path, 0)
    run.shard.read()
    await run.pass(3000)
    const message = 'Bytes are lost: they were gone before they were read'
    expect(stage.warnings).toEqual([[message, { path, reason: 'truncated_gap', from: 0, bytes }]])
  })

  it('counts the rows that its parser does not understand', async () => {
    const stage = await Stage.create()
    stage.write('{"message":"good"}\n{"message":\n{"a":1,"a":2}\nplain\n')
    const run = await stage.start({ input: 'parser: { use: json }' })
    await run.settled(4)
    expect(run.sample('collector_parse_errors_total', 'logs', 'json')).toBe(2)
    expect(run.sample('collector_parse_errors_total', 'logs', 'json_duplicate_key')).toBe(1)
    expect(stage.messages()).toEqual(['good', '{"message":', '{"a":1,"a":2}', 'plain'])
  })

  it.each([
    { option: 'drop', end: 'filtered', letters: [] },
    { option: 'dead_letter', end: 'dead_lettered', letters: ['{"message":', 'plain \u0001'] }
  ] as const)('on_parse_error: $option keeps such rows from outputs', async ({ option, end, letters }) => {
    const stage = await Stage.create()
    stage.write('{"message":"good"}\n{"message":\nplain \u0001\n{"message":"too"}\n')
    const input = `parser: json, on_parse_error: ${option}`
    const run = await stage.start({ input })
    await run.settled(4)
    expect(stage.messages()).toEqual(['good', 'too'])
    expect(run.ledgers()[0]!.ledger.rows[endOf[end]]).toBe(2)
    expect(run.sample('collector_parse_errors_total', 'logs', 'json')).toBe(2)
    expect(lettersOf(stage.link.records).map(({ row }) => Buffer.from(row).toString())).toEqual(letters)
    await run.stop()
    const again = await stage.start({ input })
    stage.write('{"message":"last"}\n')
    await again.settled(5)
    expect(stage.messages()).toEqual(['good', 'too', 'last'])
    expect(lettersOf(stage.link.records)).toHaveLength(letters.length)
  })

  it('accounts for what is cut off long lines, over a restart once', async () => {
    const stage = await Stage.create()
    stage.write(`${'x'.repeat(100)}\nshort\n`)
    const input = 'max_line_bytes: 64, parser: raw'
    const run = await stage.start({ input })
    await run.settled(2)
    expect(stage.messages()).toEqual(['x'.repeat(64), 'short'])
    expect(run.ledgers()[0]!.ledger.lostBytes).toEqual({ too_large: 36 })
    expect(run.sample('collector_lost_bytes_total', 'default/es', 'too_large')).toBe(36)
    await run.stop()
    const again = await stage.start({ input })
    stage.write(`${'y'.repeat(70)}\n`)
    await again.settled(3)
    expect(again.ledgers()[0]!.ledger.lostBytes).toEqual({ too_large: 42 })
  })

  it('stores what is cut off long lines with their cursor, also while the next line has no end', async () => {
    const stage = await Stage.create()
    const input = 'max_line_bytes: 64, parser: raw'
    const first = await stage.start({ input })
    stage.write(`${'x'.repeat(100)}\n${'y'.repeat(300_000)}`)
    const cursor = () => stage.link.stored().cursors[0]
    await first.until('the cursor is stored', () => cursor()?.position === 101)
    expect(cursor()!.ledger).toMatchObject({ read: 1, lostBytes: { too_large: 36 } })
    expect(first.sample('collector_lost_bytes_total', 'default/es', 'too_large')).toBe(36)
  })

  it('reads nothing before it is told to', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const run = await stage.open()
    await run.pass(3000)
    expect(run.shard.status().inputs[0]!.sources).toMatchObject([{ read: 0, settled: 0 }])
    run.shard.read()
    await run.settled(10)
  })

  it('goes on at its cursors after a restart, with the account as it was', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 100)
    const first = await stage.start()
    await first.settled(100)
    expect(await first.stop()).toBe(0)
    stage.writeRows(100, 150)
    const second = await stage.start()
    await second.settled(150)
    expect(stage.messages()).toEqual(rows(0, 150))
    expect(stage.server.stats.bulkRows).toBe(150)
  })

  it('sends rows again whose cursor was not stored, and counts the answer as their delivery', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 100)
    const first = await stage.start()
    await first.until('all rows are there', () => stage.messages().length === 100)
    stage.forgetCursors()
    await first.stop(0)
    stage.forgetCursors()
    const second = await stage.start()
    await second.settled(100)
    expect(stage.messages()).toEqual(rows(0, 100))
    expect(second.ledgers()[0]!.ledger.rows[endOf.duplicate]).toBe(100)
  })
})

describe('shard with lines that belong together', () => {
  const trace = 'ERROR no\njava.lang.Error: no\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)'
  const wanted = { input: 'multiline: auto, partial_timeout: 10s, parser: raw' }

  it('sends them as one row, when none has come for the timeout, and what comes later as another', async () => {
    const stage = await Stage.create()
    stage.write(`${trace}\n`)
    const run = await stage.start(wanted)
    await run.pass(4500)
    expect(stage.messages()).toEqual([])
    await run.settled(1)
    stage.write('\tat a.B.e(B.java:3)\nINFO ready\n')
    await run.settled(3)
    expect(stage.messages()).toEqual([trace, '\tat a.B.e(B.java:3)', 'INFO ready'])
    expect(run.ledgers()[0]!.ledger.read).toBe(3)
    await run.stop()
    // read again, they are cut where time has cut them
    stage.forgetCursors()
    const second = await stage.start(wanted)
    await second.settled(3)
    expect(second.ledgers()[0]!.ledger.rows[endOf.duplicate]).toBe(3)
    expect(stage.messages()).toHaveLength(3)
  })

  it('waits for the end of a line as long as for any, and cuts both at once', async () => {
    const stage = await Stage.create()
    stage.write(`${trace}\n\tat a.B.e(`)
    const run = await stage.start(wanted)
    await run.pass(9500)
    expect(stage.messages()).toEqual([])
    await run.settled(1)
    expect(stage.messages()).toEqual([`${trace}\n\tat a.B.e(`])
  })

  it('sends what is there when it is stopped, and holds back a line without an end', async () => {
    const stage = await Stage.create()
    stage.write(`${trace}\n`)
    stage.write(`INFO one\n${trace}\n\tat a.B`, 'other.log')
    const first = await stage.start(wanted)
    await first.settled(1)
    expect(await first.stop()).toBe(0)
    expect(stage.messages()).toEqual(['INFO one', trace])
    stage.write('.e(B.java:3)\nINFO two\n', 'other.log')
    stage.write('\tat a.B.e(B.java:3)\n')
    const second = await stage.start(wanted)
    await second.settled(5)
    const later = ['\tat a.B.e(B.java:3)', 'INFO two', `${trace}\n\tat a.B.e(B.java:3)`]
    expect(stage.messages().toSorted()).toEqual([...later, 'INFO one', trace].toSorted())
    expect(second.ledgers().every(({ ledger }) => ledger.rows[endOf.duplicate] === 0)).toBe(true)
  })

  it('reads them from their first line when it died among them', async () => {
    const stage = await Stage.create()
    stage.write(`INFO one\n${trace.slice(0, 40)}`)
    const first = await stage.start(wanted)
    await first.settled(1)
    await first.pass(1500)
    await first.stop(0)
    stage.write(`${trace.slice(40)}\nINFO two\n`)
    const second = await stage.start(wanted)
    await second.settled(3)
    expect(stage.messages()).toEqual(['INFO one', trace, 'INFO two'])
    expect(second.ledgers()[0]!.ledger.rows[endOf.duplicate]).toBe(0)
  })

  it('counts groups that it cuts at a limit once, however many outputs there are', async () => {
    const stage = await Stage.create()
    stage.write(`${trace}\nINFO two\n`)
    const outputs = { one: '', two: 'namespace: two' }
    const run = await stage.start({ input: 'multiline: { preset: java, max_lines: 2 }', outputs })
    await run.until('all is there', () => stage.messages('two').length === 4)
    expect(run.sample('collector_input_split_groups_total', 'logs')).toBe(2)
  })
})

describe('shard with an unfinished last line', () => {
  it('sends it once, when it has not grown for partial_timeout', async () => {
    const stage = await Stage.create()
    stage.write('first\nlast')
    const run = await stage.start()
    await run.until('the whole line is there', () => stage.messages().length === 1)
    await run.pass(4000)
    stage.write(' one')
    await run.pass(4500)
    expect(stage.messages()).toEqual(['first'])
    await run.settled(2)
    expect(stage.messages()).toEqual(['first', 'last one'])
  })

  it('looks at the file again before it cuts', async () => {
    const stage = await Stage.create()
    stage.write('first\nlast')
    const run = await stage.start()
    await run.until('the whole line is there', () => stage.messages().length === 1)
    stage.write(' one\n')
    stage.clock.move(6000)
    await run.settled(2)
    expect(stage.messages()).toEqual(['first', 'last one'])
  })

  it('cuts it at the same place for an output that had no room meanwhile', async () => {
    const [stage, other] = [await Stage.create(), await Stage.create()]
    const outputs = { one: '', two: `endpoints: ["${other.server.url}"], max_in_flight_bytes: 64KiB` }
    await other.server.stop()
    stage.writeRows(0, 800)
    stage.write('x'.repeat(40_000))
    const run = await stage.start({ outputs })
    await run.settled(801, 'default/one')
    stage.write('yz\nnext\n')
    await run.settled(803, 'default/one')
    await other.server.resume()
    await run.settled(803, 'default/two')
    expect(other.messages().slice(800)).toEqual(['x'.repeat(40_000), 'yz', 'next'])
  })

  it('cuts it at the same place when it is read again', async () => {
    const stage = await Stage.create()
    stage.write('first\nlast')
    const first = await stage.start()
    await first.settled(2)
    stage.write(' words\n')
    await first.settled(3)
    await first.stop()
    stage.forgetCursors()
    const second = await stage.start()
    await second.settled(3)
    expect(stage.messages()).toEqual(['first', 'last', ' words'])
  })
})

describe('shard with an output that has no room', () => {
  it('stops reading, then goes on without a gap', async () => {
    const stage = await Stage.create()
    const wanted = { outputs: { es: 'max_in_flight_bytes: 256KiB, batch: { max_bytes: 64KiB }' } }
    stage.writeRows(0, 20_000)
    await stage.server.stop()
    const run = await stage.start(wanted)
    await run.pass(5000)
    const { read, size } = run.shard.status().inputs[0]!.sources[0]!
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(size / 2)
    await stage.server.resume()
    await run.settled(20_000)
    expect(stage.messages().length).toBe(20_000)
    expect(new Set(stage.messages())).toEqual(new Set(rows(0, 20_000)))
  })

  it('keeps other outputs of the same file going', async () => {
    const stage = await Stage.create()
    const tight = 'max_in_flight_bytes: 64KiB'
    stage.writeRows(0, 5000)
    const outputs = { stuck: `endpoints: ["http://127.0.0.1:9"], ${tight}`, es: '' }
    const run = await stage.start({ outputs })
    await run.settled(5000, 'default/es')
    const [stuck] = run.ledgers('default/stuck')
    expect(stuck!.position).toBe(0)
    expect(pendingRows(stuck!.ledger)).toBeLessThan(5000)
    expect(run.shard.status().outputs).toMatchObject([{ name: 'default/stuck', state: 'retrying' }, { state: 'idle' }])
  })

  it('reads no further while the state can not be written', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const run = await stage.start()
    await run.settled(10)
    stage.link.writable = false
    stage.writeRows(10, 20)
    await run.pass(5000)
    expect(run.ledgers()[0]!.ledger.read).toBe(10)
    stage.link.writable = true
    await run.settled(20)
  })
})

describe('shard with a rotated file', () => {
  it('lets go of it, and goes on where it was when it grows after all', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const run = await stage.start()
    const lag = (): number | undefined => run.sample('collector_input_lag_bytes', 'logs', 'default/es')
    expect(lag()).toBeGreaterThan(0)
    await run.settled(10)
    renameSync(join(stage.folder, 'agent.log'), join(stage.folder, 'agent.log.1'))
    await run.until('the source is closed', () => run.ledgers().length === 0)
    expect(lag()).toBe(0)
    stage.writeRows(10, 15, 'agent.log.1')
    await run.until('the source is open again', () => run.ledgers().length === 1)
    await run.settled(15)
    expect(stage.messages()).toEqual(rows(0, 15))
    expect(stage.server.stats.bulkRows).toBe(15)
    const [account] = run.ledgers()
    expect(account).toMatchObject({ position: statSync(join(stage.folder, 'agent.log.1')).size })
    expect(account!.ledger.rows[endOf.delivered]).toBe(15)
  })

  it('reads what was added to it while nobody looked, also when the run that found it was cut short', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const input = 'paths: ["*.log*"]'
    const first = await stage.start({ input })
    await first.settled(10)
    renameSync(join(stage.folder, 'agent.log'), join(stage.folder, 'agent.log.1'))
    await first.until('the source is closed', () => first.ledgers().length === 0)
    await first.stop()
    stage.writeRows(10, 15, 'agent.log.1')
    await stage.server.stop()
    const second = await stage.start({ input })
    await second.pass(3000)
    expect(await second.stop(0)).toBe(5)
    await stage.server.resume()
    const third = await stage.start({ input })
    await third.until('all rows are there', () => stage.messages().length === 15)
    expect(stage.messages()).toEqual(rows(0, 15))
  })

  it('reads old and new file side by side', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const run = await stage.start()
    await run.settled(10)
    renameSync(join(stage.folder, 'agent.log'), join(stage.folder, 'agent.log.1'))
    stage.writeRows(10, 20, 'agent.log.1')
    stage.writeRows(20, 30)
    await run.until('all rows are there', () => stage.messages().length === 30)
    expect(stage.messages().toSorted()).toEqual(rows(0, 30).toSorted())
  })
})

describe('shard with old content that is left out', () => {
  it('reads what was added while nobody looked', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    stage.clock.move(60_000)
    const input = 'ignore_older: 1s'
    const first = await stage.start({ input })
    await first.pass(3000)
    await first.stop()
    stage.writeRows(10, 15)
    const second = await stage.start({ input })
    await second.settled(5)
    expect(stage.messages()).toEqual(rows(10, 15))
  })
})

describe('shard that drains', () => {
  it('still reads what is written after it began', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const run = await stage.start()
    await run.settled(10)
    const behind = run.stop(10_000)
    stage.writeRows(10, 20)
    expect(await behind).toBe(0)
    expect(stage.messages()).toEqual(rows(0, 20))
    expect(stage.link.stored().cursors).toMatchObject([{ position: statSync(join(stage.folder, 'agent.log')).size }])
  })

  it('goes on reading while the state can not be written, or the output has no room, for half of the time', async () => {
    const stage = await Stage.create()
    const run = await stage.start()
    stage.link.writable = false
    stage.writeRows(0, 10)
    await run.pass(3000)
    const behind = run.stop(10_000)
    await run.pass(3000)
    stage.link.writable = true
    expect(await behind).toBe(0)
    expect(stage.messages()).toEqual(rows(0, 10))
  })

  it('stores what stands before its cursors, also in a file that has no name any more', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const run = await stage.start()
    await run.until('all rows are there', () => stage.messages().length === 10)
    expect(stage.link.stored().cursors).toEqual([])
    unlinkSync(join(stage.folder, 'agent.log'))
    await run.stop(500)
    expect(stage.link.stored().cursors.map(({ marker }) => marker.length)).toEqual([32])
  })

  it('tells how many rows stay behind when the output does not answer', async () => {
    const stage = await Stage.create()
    stage.server.failNext('hang')
    stage.writeRows(0, 10)
    const run = await stage.start()
    await run.until('a request is under way', () => stage.server.stats.bulkRequests > 0)
    expect(await run.stop(2000)).toBe(10)
    const next = await stage.start()
    await next.settled(10)
    expect(stage.messages()).toEqual(rows(0, 10))
  })
})

describe('shard with inputs that find the same file', () => {
  const inputs = { one: 'paths: ["agent.log"]' }

  it('reads it once, and says so', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 100)
    stage.write('{"message":"other"}\n', 'other.log')
    const run = await stage.start({ inputs })
    await run.settled(101)
    await run.pass(2000)
    expect(stage.messages().toSorted()).toEqual([...rows(0, 100), 'other'].toSorted())
    expect(stage.server.stats.bulkRows).toBe(101)
    expect(run.shard.status().problems).toMatchObject([
      { input: 'one', path: join(stage.folder, 'agent.log'), reason: 'followed by input "logs" already' }
    ])
  })

  it('leaves it to the input that an earlier run followed it with', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 100)
    const first = await stage.start({ input: 'paths: ["no.log"]', inputs })
    await first.settled(100)
    await first.stop()
    stage.writeRows(100, 110)
    const second = await stage.start({ inputs })
    await second.settled(110)
    expect(stage.messages()).toEqual(rows(0, 110))
    expect(stage.server.stats.bulkRows).toBe(110)
    expect(second.shard.status().problems).toMatchObject([{ input: 'logs', reason: 'followed by input "one" already' }])
  })

  it('gives it to another once its input is gone from the configuration', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 100)
    const first = await stage.start({ input: 'paths: ["no.log"]', inputs })
    await first.settled(100)
    await first.stop()
    stage.writeRows(100, 110)
    const second = await stage.start()
    await second.settled(110)
    expect(stage.messages()).toEqual(rows(0, 110))
    expect(second.shard.status().problems).toEqual([])
  })
})

describe('shard with several outputs', () => {
  const outputs = { one: 'namespace: one', two: 'namespace: two' }

  it('gives the rows of an input to both of its pipelines', async () => {
    const stage = await Stage.create()
    const more = 'pipelines: { a: { outputs: [one] }, b: { outputs: [two] } }'
    stage.writeRows(0, 100)
    const run = await stage.start({ outputs, more })
    await run.settled(100, 'a/one')
    await run.settled(100, 'b/two')
    expect(stage.messages('one')).toEqual(rows(0, 100))
    expect(stage.messages('two')).toEqual(rows(0, 100))
  })

  it('starts a new output now, or at the beginning', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const first = await stage.start({ outputs: { one: 'namespace: one' } })
    await first.settled(10, 'default/one')
    await first.stop()
    const added = { ...outputs, late: 'namespace: late, start_from: beginning' }
    const second = await stage.start({ outputs: added })
    stage.writeRows(10, 15)
    await second.until('the new outputs have all', () => stage.messages('late').length === 15)
    await second.until('the old output has all', () => stage.messages('one').length === 15)
    await second.until('the new one has what is new', () => stage.messages('two').length === 5)
    expect(stage.messages('two')).toEqual(rows(10, 15))
    expect(stage.messages('late')).toEqual(rows(0, 15))
  })

  it('starts a new output at the beginning of a row', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    stage.write('{"message":"half')
    const first = await stage.start({ outputs: { one: 'namespace: one' } })
    await first.settled(10, 'default/one')
    await first.stop()
    const second = await stage.start({ outputs })
    stage.write(' a row"}\n')
    await second.settled(1, 'default/two')
    expect(stage.messages('two')).toEqual(['half a row'])
  })

  it('counts what an input reads once', async () => {
    const stage = await Stage.create()
    stage.write('{"message":\nplain\n')
    const run = await stage.start({ outputs, input: 'parser: { use: json }' })
    await run.settled(2, 'default/one')
    await run.settled(2, 'default/two')
    expect(run.sample('collector_input_rows_total', 'logs')).toBe(2)
    expect(run.sample('collector_input_read_bytes_total', 'logs')).toBe(18)
    expect(run.sample('collector_parse_errors_total', 'logs', 'json')).toBe(2)
  })

  it('starts no output before the place that read_from chose', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    stage.clock.move(60_000)
    const input = 'read_from: 3'
    const first = await stage.start({ outputs: { one: 'namespace: one' }, input })
    await first.settled(3, 'default/one')
    await first.stop()
    const late = { one: 'namespace: one', late: 'namespace: late, start_from: beginning' }
    const second = await stage.start({ outputs: late, input })
    await second.settled(3, 'default/late')
    expect(stage.messages('late')).toEqual(rows(7, 10))
  })
})

describe('shard with refused rows', () => {
  it('stores them as dead letters, and sends them again when asked', async () => {
    const stage = await Stage.create()
    stage.server.store.judge = source => (source.includes('row 3') ? poor : undefined)
    stage.writeRows(0, 10)
    const run = await stage.start()
    await run.settled(10)
    const letters = lettersOf(stage.link.records)
    expect(letters).toMatchObject([{ output: 'default/es', status: 400 }])
    expect(run.ledgers()[0]!.ledger.rows[endOf.dead_lettered]).toBe(1)

    expect(await replayed(run, letters)).toEqual({ 0: 'refused' })
    stage.server.store.judge = () => undefined
    expect(await replayed(run, letters)).toEqual({ 0: 'delivered' })
    expect(await replayed(run, letters)).toEqual({ 0: 'duplicate' })
    expect(stage.messages().toSorted()).toEqual(rows(0, 10))
    await expect(run.shard.replay('default/gone', [])).rejects.toThrow('"default/gone"')
  })
})

async function replayed(run: Run, letters: readonly DeadLetter[]): Promise<unknown> {
  let answer: unknown
  const given = letters.map(({ row }, id) => ({ id, row }))
  const asked = run.shard.replay('default/es', given).then(verdicts => (answer = verdicts))
  await run.until('the letters are answered', () => answer !== undefined)
  return asked
}

function lettersOf(records: readonly StateRecord[]): DeadLetter[] {
  return records.flatMap(record => (record.kind === 'letter' ? [record.letter] : []))
}
