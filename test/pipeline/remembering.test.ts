import { expect, test } from 'vitest'
import { endOf } from '../../src/core/outcome.ts'
import { Stage } from './stage.ts'

const count = 400
/** Ten rows a second, one of them a second passes. */
const lines = Array.from({ length: count }, (_, i) => {
  const time = new Date(Date.parse('2026-11-22T10:00:00Z') + i * 100).toISOString()
  return `{"timestamp":"${time}","service_name":"a","message":"row ${i}"}\n`
})
const passing = Array.from({ length: count / 10 }, (_, i) => `row ${i * 10}`)
const more = 'process:\n  - throttle: { rate: 1 }\n'

/** How many rows of an output were delivered, were there already, and throttled. */
function endsOf(rows: readonly number[]): number[] {
  return [rows[endOf.delivered]!, rows[endOf.duplicate]!, rows[endOf.throttled]!]
}

/** A field of each row that the server has. */
function toldBy(stage: Stage, field: string): unknown[] {
  return stage.server.documents().map(({ source }) => {
    const { attributes } = JSON.parse(source) as { attributes?: Record<string, unknown> }
    return attributes?.[field]
  })
}

test('what is left out is in the ledger, and the next row says so', async () => {
  const stage = await Stage.create()
  stage.write(lines.join(''))
  const run = await stage.start({ more })
  await run.settled(count)
  expect(stage.messages()).toEqual(passing)
  expect(endsOf(run.ledgers()[0]!.ledger.rows)).toEqual([40, 0, 360])
  expect(toldBy(stage, 'log.throttled')).toEqual([undefined, ...Array<number>(39).fill(9)])
})

test('a restart that forgot everything makes the same rows under the same ids', async () => {
  const stage = await Stage.create()
  stage.write(lines.slice(0, 155).join(''))
  const first = await stage.start({ more })
  await first.settled(155)
  await first.stop(0)
  stage.forgetCursors()
  stage.write(lines.slice(155).join(''))
  const second = await stage.start({ more })
  await second.settled(count)
  expect(stage.messages()).toEqual(passing)
  expect(endsOf(second.ledgers()[0]!.ledger.rows)).toEqual([24, 16, 360])
})

test('a restart in between begins with full buckets: a row more at most, and none twice', async () => {
  const stage = await Stage.create()
  stage.write(lines.slice(0, 155).join(''))
  const first = await stage.start({ more })
  await first.settled(155)
  await first.stop()
  stage.write(lines.slice(155).join(''))
  const second = await stage.start({ more })
  await second.settled(count)
  const messages = stage.messages()
  expect(new Set(messages).size).toBe(messages.length)
  expect(messages.length).toBe(41)
  expect(endsOf(second.ledgers()[0]!.ledger.rows)).toEqual([41, 0, 359])
})

test('an output that is behind uses up nothing of the others', async () => {
  const stage = await Stage.create()
  const late = 'namespace: late, start_from: beginning'
  stage.write(lines.slice(0, 200).join(''))
  const run = await stage.start({ more, outputs: { es: '' } })
  await run.settled(200)
  await stage.change(run, { more, outputs: { es: '', late } })
  stage.write(lines.slice(200).join(''))
  await run.settled(count, 'default/late')
  await run.settled(count)
  expect(stage.messages('default')).toEqual(passing)
  expect(stage.messages('late')).toEqual(passing)
})

test('what repeats is in the ledger as deduplicated, and the next row says how often', async () => {
  const stage = await Stage.create()
  stage.write(lines.map(line => line.replace(/row \d+/, 'again')).join(''))
  const run = await stage.start({ more: 'process:\n  - dedupe: {}\n' })
  await run.settled(count)
  const { rows } = run.ledgers()[0]!.ledger
  expect([rows[endOf.delivered], rows[endOf.deduplicated]]).toEqual([4, 396])
  expect(toldBy(stage, 'log.deduplicated')).toEqual([undefined, 99, 99, 99])
})

test('metrics count each row once, whatever outputs are behind, and go on over a reload', async () => {
  const stage = await Stage.create()
  const counted = 'process:\n  - metrics: { name: rows, help: Rows, labels: [service_name] }\n'
  const late = 'namespace: late, start_from: beginning'
  stage.write(lines.slice(0, 200).join(''))
  const run = await stage.start({ more: counted })
  await run.settled(200)
  await stage.change(run, { more: counted, outputs: { es: '', late } })
  stage.write(lines.slice(200).join(''))
  await run.settled(count, 'default/late')
  await run.settled(count)
  // the output reads again what is behind its cursor, by other steps
  await stage.change(run, { more: `${counted}  - drop: { if: '{level="debug"}' }\n`, outputs: { es: '', late } })
  stage.write(lines.join(''))
  await run.settled(2 * count)
  const [family] = run.shard.families()
  expect(family!.series).toMatchObject([{ values: ['a'], value: 2 * count }])
})
