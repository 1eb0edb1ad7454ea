import { onTestFinished, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import type { DeadLetter } from '../../src/core/record.ts'
import { DeadLetterDesk } from '../../src/pipeline/letters.ts'
import type { ShardPort } from '../../src/pipeline/shard-port.ts'
import { StateStore } from '../../src/state/store.ts'
import { tempFolder } from '../fakes/folder.ts'

it('letters of rows that were never encoded are not sent', async () => {
  const sent: string[] = []
  const shard = {
    replay: (_output: string, rows: readonly { id: number; row: Uint8Array }[]) => {
      for (const { row } of rows) sent.push(Buffer.from(row).toString())
      return Promise.resolve(Object.fromEntries(rows.map(({ id }) => [id, 'delivered'])))
    }
  } as unknown as ShardPort
  const state = StateStore.open(tempFolder(), { clock: systemClock, log: silentLog })
  onTestFinished(() => state.close())
  const refused = { ...letter(0, '{"create":{}}\n{}\n'), status: 400, type: 'mapping' }
  const number = state.append(
    [refused, letter(20, '{"delete":{"_id":"x"}}')].map(one => ({ kind: 'letter', letter: one }))
  )
  await state.untilDurable(number)

  const desk = new DeadLetterDesk(state, shard, () => undefined)
  expect(await desk.replay([1, 2])).toMatchObject({ delivered: 1, refused: 1, unsent: 0 })
  expect(sent).toEqual(['{"create":{}}\n{}\n'])
  expect(await desk.list({ limit: 9 })).toMatchObject([{ id: 2, type: 'parse' }])
})

function letter(position: number, row: string): DeadLetter {
  const place = { output: 'default/es', source: 'AAAAAAAAAAAAAAAA', position, length: 20 }
  return { ...place, status: 0, type: 'parse', reason: 'json', at: 0, row: Buffer.from(row) }
}

it('letters of an output that takes none are not tried one chunk after another', async () => {
  let asked = 0
  const shard = {
    replay: () => {
      asked++
      return Promise.resolve({})
    }
  } as unknown as ShardPort
  const state = StateStore.open(tempFolder(), { clock: systemClock, log: silentLog })
  onTestFinished(() => state.close())
  const letters = Array.from({ length: 2500 }, (_, i) => ({ ...letter(i, `row ${i}`), status: 400, type: 'mapping' }))
  await state.untilDurable(state.append(letters.map(one => ({ kind: 'letter', letter: one }))))

  const desk = new DeadLetterDesk(state, shard, () => undefined)
  const { delivered, refused, unsent, reasons } = await desk.replay(letters.map((_, i) => i + 1))
  expect({ delivered, refused, unsent }).toEqual({ delivered: 0, refused: 0, unsent: 2500 })
  expect(reasons).toEqual([expect.stringContaining('the output takes no rows now')])
  expect(asked).toBe(1)
})
