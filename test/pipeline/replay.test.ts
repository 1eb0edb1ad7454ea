import { onTestFinished, describe, expect, it } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { ReplayRow } from '../../src/delivery/replay.ts'
import { DeadLetterDesk, maxAgeMs } from '../../src/pipeline/letters.ts'
import type { ReplayVerdicts } from '../../src/pipeline/messages.ts'
import { StateStore } from '../../src/state/store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'

type Replay = (rows: readonly ReplayRow[]) => Promise<ReplayVerdicts>

async function deskOf(rows: readonly Buffer[], replay: Replay) {
  const clock = new FakeClock()
  const state = StateStore.open(tempFolder(), { clock, log: silentLog })
  onTestFinished(() => state.close())
  state.letters.write(
    rows.map((row, position) => {
      const place = { output: 'default/es', source: 'AAAAAAAAAAAAAAAA', position, length: 1 }
      return { ...place, row, status: 400, type: 'mapping', reason: '', at: 0 }
    })
  )
  const desk = new DeadLetterDesk(state, { replay: (_output, rows) => replay(rows) }, () => undefined, clock)
  const ids = state.letters.list({ limit: 1000 }).map(letter => letter.id)
  return { clock, desk, ids, state, left: () => state.letters.list({ limit: 1000 }).length }
}

const all = (rows: readonly ReplayRow[]): ReplayVerdicts => Object.fromEntries(rows.map(({ id }) => [id, 'delivered']))

describe('a replay of dead letters', () => {
  it('sends large rows in chunks of some MiB', async () => {
    const sizes: number[] = []
    const { desk, ids, left } = await deskOf(
      Array.from({ length: 10 }, () => Buffer.alloc(1 << 20)),
      async rows => {
        sizes.push(rows.length)
        return all(rows)
      }
    )
    expect(await desk.replay(ids)).toMatchObject({ delivered: 10, unsent: 0 })
    expect([sizes, left()]).toEqual([[4, 4, 2], 0])
  })

  it('sends no more than a thousand rows at a time, each once', async () => {
    const counts: number[] = []
    const small = Array.from({ length: 1500 }, (_, i) => Buffer.from(String(i)))
    const { desk, left } = await deskOf(small, async rows => {
      counts.push(rows.length)
      return all(rows)
    })
    const ids = Array.from({ length: 3000 }, (_, i) => 1 + (i % 1500))
    expect(await desk.replay(ids)).toMatchObject({ delivered: 1500, unsent: 0 })
    expect([counts, left()]).toEqual([[1000, 500], 0])
  })

  it('accounts for those that a stop leaves', async () => {
    const small = Array.from({ length: 2500 }, (_, i) => Buffer.from(String(i)))
    const { desk, state } = await deskOf(small, async rows => {
      state.close()
      return all(rows)
    })
    const ids = Array.from({ length: 2500 }, (_, i) => i + 1)
    const { delivered, unsent, reasons } = await desk.replay(ids)
    expect([delivered, unsent, reasons]).toEqual([0, 2500, [expect.stringMatching(/^the collector stops/)]])
  })

  it('says of letters that are refused again that they are, and keeps them', async () => {
    const { desk, ids, left } = await deskOf([Buffer.from('a'), Buffer.from('b')], async rows => {
      return Object.fromEntries(rows.map(({ id }, i) => [id, i === 0 ? 'duplicate' : 'refused']))
    })
    const refused = { refused: 1, reasons: ['the output has refused it again'] }
    expect(await desk.replay(ids)).toMatchObject({ delivered: 1, unsent: 0, ...refused })
    expect(left()).toBe(1)
  })

  it('deletes what is delivered after the answer, and sends no letter a second time until then', async () => {
    const verdicts = Promise.withResolvers<ReplayVerdicts>()
    const { clock, desk, ids, left } = await deskOf([Buffer.from('a'), Buffer.from('b')], () => verdicts.promise)
    const first = desk.replay(ids)
    await clock.advance(10)
    expect(await desk.replay(ids)).toMatchObject({ unsent: 2, reasons: ['the letter is being sent already'] })
    await clock.advance(60_000)
    expect(await first).toMatchObject({ delivered: 0, unsent: 2 })
    verdicts.resolve({ [ids[0]!]: 'delivered' })
    await clock.settle()
    expect(left()).toBe(1)
    expect(await desk.replay([ids[1]!])).toMatchObject({
      unsent: 1,
      reasons: [expect.stringContaining('takes no rows')]
    })
  })
})

it('dead letters of each output have an age of their own, those of a removed one the longest', () => {
  const outputs = ['a', 'b'].map((name, i) => ({ name, delivery: { deadLetters: { maxAgeMs: i + 1 } } }))
  const config = { outputs } as unknown as Parameters<typeof maxAgeMs>[0]
  expect(['main/a', 'main/b', 'main/gone'].map(id => maxAgeMs(config, id))).toEqual([1, 2, 2])
})
