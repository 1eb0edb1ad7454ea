import { statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endOf } from '../../src/core/outcome.ts'
import { rows, Stage } from './stage.ts'

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

  it('does not say that rows are lost which a killed run may have sent', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 3)
    const path = join(stage.folder, 'agent.log')
    const bytes = statSync(path).size
    const first = await stage.start()
    await first.settled(3)
    await first.stop()
    expect(stage.messages()).toHaveLength(3)
    stage.forgetCursors()
    unlinkSync(path)
    const second = await stage.start()
    await second.pass(3000)
    const message = 'Bytes are lost, at most so many: the run before may have sent some of them'
    expect(stage.warnings).toEqual([[message, { path, reason: 'deleted_unread', from: 0, bytes }]])
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
    expect(stage.link.letters.map(({ row }) => Buffer.from(row).toString())).toEqual(letters)
    await run.stop()
    const again = await stage.start({ input })
    stage.write('{"message":"last"}\n')
    await again.settled(5)
    expect(stage.messages()).toEqual(['good', 'too', 'last'])
    expect(stage.link.letters).toHaveLength(letters.length)
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

  it('says how far rules are behind an input', async () => {
    const stage = await Stage.create()
    stage.writeRows(0, 10)
    const rule = 'groups: [{ name: g, rules: [{ record: rows, expr: \'count_over_time({level="info"}[1m])\' }] }]'
    writeFileSync(join(stage.folder, 'rules.yaml'), rule)
    const run = await stage.open({ more: 'rules: { files: [rules.yaml] }' })
    await run.pass(10_000)
    expect(run.shard.observed().unseenMs).toBe(Infinity)
    expect(run.shard.status().inputs[0]!.unseenMs).toBeGreaterThanOrEqual(10_000)
    expect(run.sample('collector_rules_lag_seconds', 'logs')).toBeGreaterThanOrEqual(10)
    run.shard.read()
    await run.settled(10)
    expect(run.shard.observed().unseenMs).toBeLessThan(1000)
    expect(run.shard.status().inputs[0]).not.toHaveProperty('unseenMs')
    expect(run.sample('collector_rules_lag_seconds', 'logs')).toBeLessThan(1)
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
