import { describe, expect, it } from 'vitest'
import { endOf } from '../../src/core/outcome.ts'
import { Stage } from './stage.ts'

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
