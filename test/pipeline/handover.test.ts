import { appendFileSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { balances } from '../fakes/balance.ts'
import { type Run, rows, Stage, type Wanted } from './stage.ts'

/** Longer than what is on its way may take to be settled. */
const settleMs = 3000

const other = { other: 'paths: ["other/*.log"], scan_interval: 100ms' }

/** A stage with a second folder of logs. */
async function openStage(...options: Parameters<typeof Stage.create>): Promise<Stage> {
  const stage = await Stage.create(...options)
  mkdirSync(join(stage.folder, 'other'))
  return stage
}

/** The second pipeline reads these inputs, the first one names this service. */
function twoPipelines(second: string, service: string): Wanted {
  const more =
    'pipelines:\n' +
    `  default: { inputs: [logs], outputs: [es], process: [{ normalize: { service: ${service} } }] }\n` +
    `  two: { inputs: [${second}], outputs: [second] }\n`
  return { outputs: { es: '', second: 'namespace: second' }, inputs: other, more }
}

function startedAt(run: Run): Record<string, number> {
  const { inputs, outputs } = run.shard.status()
  return Object.fromEntries([...inputs, ...outputs].map(one => [one.name, one.startedAt]))
}

/** Sums of what an output has of all its sources. */
function sums(run: Run, output = 'default/es'): { read: number; delivered: number; duplicate: number } {
  const sum = { read: 0, delivered: 0, duplicate: 0 }
  for (const { ledger } of run.ledgers(output)) {
    sum.read += ledger.read
    sum.delivered += ledger.rows[0]!
    sum.duplicate += ledger.rows[1]!
  }
  return sum
}

function expectBalance(run: Run): void {
  const samples = run.shard.samples().map(({ name, labels, value }) => ({ name, output: labels[0] ?? '', value }))
  for (const [output, difference] of Object.entries(balances(samples))) expect(difference, output).toBe(0)
}

describe('a shard that goes on with another plan', () => {
  test('reads a new input, and leaves the others as they are', async () => {
    const stage = await openStage()
    stage.writeRows(0, 100)
    stage.writeRows(100, 150, 'other/a.log')
    const run = await stage.start()
    await run.settled(100)
    const before = startedAt(run)
    await run.pass(2000)
    stage.writeRows(200, 300)
    await stage.change(run, { inputs: other })
    await run.settled(250)
    expect(stage.messages().toSorted()).toEqual([...rows(0, 150), ...rows(200, 300)].toSorted())
    const after = startedAt(run)
    expect(after).toMatchObject(before)
    expect(after['other']).toBeGreaterThan(before['logs']!)
    expect(sums(run)).toEqual({ read: 250, delivered: 250, duplicate: 0 })
  })

  test('stops an input, and goes on at its cursors when it comes back, also in a file that was renamed meanwhile', async () => {
    const stage = await openStage()
    stage.writeRows(0, 50, 'other/a.log')
    const run = await stage.start({ inputs: other })
    await run.settled(50)
    await stage.change(run, {})
    expect(run.shard.status().inputs.map(input => input.name)).toEqual(['logs'])
    // Another shard may go on with it: who knows all of them says when it is gone.
    expect(run.sample('collector_input_rows_total', 'other')).toBe(50)
    expect(run.sample('collector_input_sources', 'other')).toBeUndefined()
    run.shard.meter.forget('input', 'other')
    stage.writeRows(50, 80, 'other/a.log')
    renameSync(join(stage.folder, 'other/a.log'), join(stage.folder, 'other/b.log'))
    stage.writeRows(80, 90, 'other/a.log')
    await run.pass(3000)
    expect(stage.messages()).toEqual(rows(0, 50))
    await stage.change(run, { inputs: other })
    await run.until('all rows are there', () => stage.messages().length >= 90)
    await run.pass(2000)
    expect(stage.messages().toSorted()).toEqual(rows(0, 90).toSorted())
    expect(stage.server.stats.bulkRows).toBe(90)
  })

  test('begins an input that has changed anew, at its cursors', async () => {
    const stage = await openStage()
    stage.writeRows(0, 50)
    stage.write('{"message":"unfin')
    const run = await stage.start()
    await run.settled(50)
    await stage.change(run, { input: 'service: changed, partial_timeout: 1h' })
    stage.write('ished"}\n')
    stage.writeRows(50, 70)
    await run.settled(71)
    expect(stage.messages().toSorted()).toEqual([...rows(0, 70), 'unfinished'].toSorted())
  })

  test('lets an output go on at its cursors with other options', async () => {
    const stage = await openStage()
    stage.writeRows(0, 1000)
    const run = await stage.start({ outputs: { es: '', second: 'namespace: second' } })
    await run.until('it reads', () => sums(run).read > 0)
    const before = startedAt(run)
    for (let i = 1; i <= 20; i++) {
      await stage.change(run, { outputs: { es: `batch: { max_bytes: ${100 + i}KiB }`, second: 'namespace: second' } })
      stage.writeRows(i * 1000, i * 1000 + 1000)
      expectBalance(run)
    }
    await run.settled(21_000)
    await run.settled(21_000, 'default/second')
    expect(stage.messages().toSorted()).toEqual(rows(0, 21_000).toSorted())
    expect(stage.messages('second').toSorted()).toEqual(rows(0, 21_000).toSorted())
    const { 'default/es': es, ...rest } = startedAt(run)
    expect(before).toMatchObject(rest)
    expect(es).toBeGreaterThan(before['default/es']!)
    expect(run.sample('collector_output_id_collisions_total', 'default/es')).toBe(0)
  })

  test('adds an output that begins where another stands, or at the beginning, and removes it', async () => {
    const stage = await openStage()
    stage.writeRows(0, 100)
    const run = await stage.start()
    await run.settled(100)
    const now = 'namespace: now'
    const whole = 'namespace: whole, start_from: beginning'
    await stage.change(run, { outputs: { es: '', now, whole } })
    stage.writeRows(100, 200)
    await run.settled(200)
    await run.settled(100, 'default/now')
    await run.settled(200, 'default/whole')
    expect([stage.messages('now'), stage.messages('whole')]).toEqual([rows(100, 200), rows(0, 200)])
    await stage.change(run, { outputs: { es: '', whole } })
    expect(run.sample('collector_read_rows_total', 'default/now')).toBe(100)
    expect(run.sample('collector_output_concurrency', 'default/now')).toBeUndefined()
    stage.writeRows(200, 300)
    await run.settled(300)
    await run.settled(300, 'default/whole')
    await stage.change(run, { outputs: { es: '', now, whole } })
    await run.until('it has caught up', () => stage.messages('now').length >= 200)
    await run.pass(1000)
    expect(stage.messages('now').toSorted()).toEqual(rows(100, 300))
  })

  test('changes the steps in front of outputs, and which inputs go to them', async () => {
    const stage = await openStage()
    stage.writeRows(0, 10)
    stage.writeRows(100, 110, 'other/a.log')
    const run = await stage.start(twoPipelines('other', 'one'))
    await run.settled(10)
    await run.settled(10, 'two/second')
    await stage.change(run, twoPipelines('other, logs', 'two'))
    stage.write('plain text\n')
    stage.writeRows(110, 120, 'other/a.log')
    await run.settled(11)
    await run.settled(21, 'two/second')
    expect(stage.messages('second').toSorted()).toEqual([...rows(100, 120), 'plain text'].toSorted())
    const text = stage.server.documents().find(({ source }) => source.includes('"message":"plain text"'))
    expect(text!.source).toContain('"service.name":"two"')
    await stage.change(run, twoPipelines('logs', 'two'))
    stage.writeRows(120, 130, 'other/a.log')
    stage.writeRows(10, 20)
    await run.settled(11, 'two/second')
    expect(stage.messages('second')).toHaveLength(31)
    expect(run.shard.status().inputs.map(input => input.name)).toEqual(['logs'])
  })

  test('does not wait for an output that is away, and reads again what it did not take', async () => {
    const stage = await openStage({ requests: { '503': 1 } })
    stage.writeRows(0, 1000)
    const run = await stage.start()
    await run.until('it retries', () => run.shard.status().outputs[0]!.state === 'retrying')
    expect(await stage.change(run, { outputs: { es: 'batch: { max_bytes: 64KiB }' } })).toBeLessThan(settleMs)
    expectBalance(run)
    await stage.change(run, { outputs: { es: 'batch: { max_bytes: 65KiB }' }, inputs: other })
    expectBalance(run)
    stage.server.options = {}
    stage.writeRows(1000, 2000)
    await run.settled(2000)
    expect(stage.messages().toSorted()).toEqual(rows(0, 2000).toSorted())
    expect(sums(run)).toEqual({ read: 2000, delivered: 2000, duplicate: 0 })
    expectBalance(run)
  })

  test('knows rows again whose requests it gave up, and gives up soon', async () => {
    const stage = await openStage({ requests: { hang: 1 } })
    stage.writeRows(0, 1000)
    const run = await stage.start()
    await run.until('requests hang', () => run.shard.status().outputs[0]!.inFlightBytes > 0)
    await run.pass(100)
    stage.server.options = {}
    const ms = await stage.change(run, { outputs: { es: 'batch: { max_bytes: 64KiB }' } })
    expect(ms).toBeGreaterThanOrEqual(settleMs)
    expect(ms).toBeLessThan(settleMs * 2)
    await run.settled(1000)
    expect(stage.messages().toSorted()).toEqual(rows(0, 1000).toSorted())

    // stored, but nobody hears of it: the rows of the next delivery are there already
    stage.server.options = { requests: { 'cut-after': 1 } }
    stage.writeRows(1000, 2000)
    await run.until('rows are stored', () => stage.messages().length > 1000)
    await stage.change(run, { outputs: { es: 'batch: { max_bytes: 65KiB }' } })
    stage.server.options = {}
    await run.settled(2000)
    await run.pass(2000)
    expect(stage.messages().toSorted()).toEqual(rows(0, 2000).toSorted())
    expect(sums(run).duplicate).toBeGreaterThan(0)
    expect(run.sample('collector_output_id_collisions_total', 'default/es')).toBe(0)
    expectBalance(run)
  })

  test('knows rows again that were sent two deliveries ago', async () => {
    const stage = await openStage()
    stage.writeRows(0, 1)
    const run = await stage.start()
    await run.settled(1)
    // stored, but nobody hears of it
    stage.server.options = { requests: { 'cut-after': 1 } }
    stage.writeRows(1, 5000)
    await run.until('all rows are stored', () => stage.messages().length === 5000)
    stage.server.options = { requests: { '503': 1 } }
    // without room for them all, the next one goes before it has come to the last of them
    await stage.change(run, { outputs: { es: 'batch: { max_bytes: 64KiB }, max_in_flight_bytes: 64KiB' } })
    await run.until('rows are read again', () => sums(run).read > 1)
    expect(sums(run).read).toBeLessThan(5000)
    await stage.change(run, {})
    stage.server.options = {}
    await run.settled(5000)
    expect(stage.messages()).toHaveLength(5000)
    expect(run.sample('collector_output_id_collisions_total', 'default/es')).toBe(0)
    expectBalance(run)
  })

  test('does not send twice what is on its way from an input that went and came back', async () => {
    const stage = await openStage({ requests: { '503': 1 } })
    stage.writeRows(0, 100)
    stage.writeRows(1000, 2000, 'other/a.log')
    const run = await stage.start({ inputs: other })
    await run.until('it retries', () => run.shard.status().outputs[0]!.state === 'retrying')
    for (let i = 0; i < 3; i++) {
      await stage.change(run, {})
      await stage.change(run, { inputs: other })
      await run.until('the rows are read again', () => sums(run).read === 1100)
    }
    stage.server.options = {}
    await run.until('all rows are there', () => stage.messages().length >= 1100)
    await run.pass(5000)
    await run.settled(1100)
    expect(stage.messages().toSorted()).toEqual([...rows(0, 100), ...rows(1000, 2000)].toSorted())
    expect(run.sample('collector_output_id_collisions_total', 'default/es')).toBe(0)
    expectBalance(run)
  })

  test('does not send twice what waits to be sent again meanwhile', async () => {
    const stage = await openStage()
    const busy = { status: 429, type: 'es_rejected_execution_exception', reason: 'busy' }
    let isBusy = true
    let asked = 0
    // one of twenty is taken, so that requests do not fail as a whole
    const isRefused = (source: string): boolean => isBusy && source.includes('row 10') && asked++ % 20 !== 0
    stage.server.store.judge = source => (isRefused(source) ? busy : undefined)
    stage.writeRows(0, 1, 'other/a.log')
    const run = await stage.start({ inputs: other })
    await run.settled(1)
    // what was there when a file was opened may have been sent before: these rows are new
    stage.writeRows(1000, 1100, 'other/a.log')
    await run.until('rows are to be sent again', () => run.shard.status().outputs[0]!.retriedRows > 0)
    await stage.change(run, {})
    isBusy = false
    await stage.change(run, { inputs: other })
    await run.until('all rows are there', () => stage.messages().length >= 101)
    await run.pass(5000)
    await run.settled(101)
    expect(stage.messages().toSorted()).toEqual(['row 0', ...rows(1000, 1100)])
    expect(run.sample('collector_output_id_collisions_total', 'default/es')).toBe(0)
    expectBalance(run)
  })

  test('gives the files of an input that went to one that wants them, too', async () => {
    const stage = await openStage()
    stage.writeRows(0, 10, 'other/a.log')
    const both = { ...other, wide: 'paths: ["*/*.log"], scan_interval: 100ms' }
    const run = await stage.start({ inputs: both })
    await run.settled(10)
    await stage.change(run, { inputs: { wide: both.wide } })
    stage.writeRows(10, 20, 'other/a.log')
    await run.until('the other one reads on', () => stage.messages().length >= 20)
    await run.pass(1000)
    expect(stage.messages().toSorted()).toEqual(rows(0, 20).toSorted())
  })

  test('stores its cursors, so that the next run goes on where this one is', async () => {
    const stage = await openStage()
    stage.writeRows(0, 100)
    const run = await stage.start()
    await run.settled(100)
    await stage.change(run, { outputs: { es: 'batch: { max_bytes: 64KiB }' } })
    await run.stop(0)
    appendFileSync(join(stage.folder, 'agent.log'), '')
    const next = await stage.start()
    stage.writeRows(100, 110)
    await next.settled(110)
    expect(sums(next)).toEqual({ read: 110, delivered: 110, duplicate: 0 })
  })
})
