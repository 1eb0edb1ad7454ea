import { describe, expect, it } from 'vitest'
import { endOf, pendingRows } from '../../src/core/outcome.ts'
import type { DeadLetter } from '../../src/core/record.ts'
import { type Run, rows, Stage } from './stage.ts'

const poor = { status: 400, type: 'document_parsing_exception', reason: 'no' }

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
    const letters = stage.link.letters
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
