import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endOf } from '../../src/core/outcome.ts'
import { rows, Stage } from './stage.ts'

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

  /** An earlier run has followed it with the input `one`. */
  async function followedByOne(): Promise<Stage> {
    const stage = await Stage.create()
    stage.writeRows(0, 100)
    const first = await stage.start({ input: 'paths: ["no.log"]', inputs })
    await first.settled(100)
    await first.stop()
    stage.writeRows(100, 110)
    return stage
  }

  it('leaves it to the input that an earlier run followed it with', async () => {
    const stage = await followedByOne()
    const second = await stage.start({ inputs })
    await second.settled(110)
    expect(stage.messages()).toEqual(rows(0, 110))
    expect(stage.server.stats.bulkRows).toBe(110)
    expect(second.shard.status().problems).toMatchObject([{ input: 'logs', reason: 'followed by input "one" already' }])
  })

  it('gives it to another once its input is gone from the configuration', async () => {
    const stage = await followedByOne()
    const second = await stage.start()
    await second.settled(110)
    expect(stage.messages()).toEqual(rows(0, 110))
    expect(second.shard.status().problems).toEqual([])
  })
})
