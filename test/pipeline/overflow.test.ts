import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Run, rows, Stage } from './stage.ts'

const tight = 'max_in_flight_bytes: 64KiB, batch: { max_bytes: 32KiB }, max_backlog: { bytes: 1MiB }'
const input = 'paths: ["*.log*"]'
/** Rows of an hour, in a file of their own. */
const hour = 5000
/** A line that does not say when it was written. */
const timeless = (row: number): string =>
  `${JSON.stringify({ level: 'info', message: `row ${row}`, rest: 'x'.repeat(50) })}\n`
const number = (message: string): number => Number(message.slice(4))

/** Files that are read to their end are closed meanwhile, and with them their accounts. */
const settled = (run: Run, many: number, output = 'default/es'): Promise<void> =>
  run.until(`${many} rows are settled`, () => {
    const read = run.sample('collector_read_rows_total', output)
    return read === many && run.sample('collector_output_pending_rows', output) === 0
  })

const lost = (run: Run, output = 'default/es'): number =>
  run.sample('collector_lost_rows_total', output, 'backlog_evicted')!

async function writeHours(stage: Stage, run: Run, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) {
    stage.writeRows(at * hour, (at + 1) * hour)
    await run.pass(2000)
    const path = join(stage.folder, 'agent.log')
    renameSync(path, `${path}.${at}`)
    await run.pass(500)
  }
}

it('gives up the oldest rows of an output that is too far behind, and delivers what is left', async () => {
  const stage = await Stage.create()
  await stage.server.stop()
  const run = await stage.start({ input, outputs: { es: tight } })
  await writeHours(stage, run, 0, 6)
  await run.pass(5000)
  expect(stage.warnings.some(([, fields]) => fields?.['reason'] === 'backlog_evicted')).toBe(true)
  expect(lost(run)).toBeGreaterThan(2 * hour)
  await stage.server.resume()
  await settled(run, 6 * hour)
  const messages = stage
    .messages()
    .map(number)
    .toSorted((a, b) => a - b)
  expect(messages.length).toBe(6 * hour - lost(run))
  expect(run.sample('collector_rows_total', 'default/es', 'delivered')).toBe(messages.length)
  // those that were on their way, a gap, and the rest
  const gap = messages.findIndex((row, index) => row !== index)
  expect(gap).toBeGreaterThan(0)
  expect(gap).toBeLessThan(hour)
  const kept = messages.slice(gap)
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 6 * hour - kept.length + index))
  // about as much as may be behind
  const rowBytes = statSync(join(stage.folder, 'agent.log.5')).size / hour
  expect(kept.length * rowBytes).toBeGreaterThan(0.9 * 2 ** 20)
  expect(kept.length * rowBytes).toBeLessThan(1.1 * 2 ** 20)
})

it('gives up the oldest rows also where they do not say when they were written, and are read late', async () => {
  const stage = await Stage.create()
  for (let at = 0; at < 3; at++) {
    stage.write(Array.from({ length: hour }, (_, row) => timeless(at * hour + row)).join(''), `agent.log.${at}`)
    await delay(20)
  }
  stage.clock.move(3_600_000)
  await stage.server.stop()
  const run = await stage.start({ input, outputs: { es: tight } })
  await run.until('rows are given up', () => lost(run) > 0)
  await run.pass(3000)
  await stage.server.resume()
  await settled(run, 3 * hour)
  const kept = new Set(stage.messages().map(number))
  expect(kept.size).toBe(3 * hour - lost(run))
  const gone = Array.from({ length: 3 * hour }, (_, row) => row).filter(row => !kept.has(row))
  expect(gone.at(-1)).toBe(gone[0]! + gone.length - 1)
  expect(gone.at(-1)).toBeLessThan(hour)
})

it('leaves the rows to an output that is not behind', async () => {
  const [stage, far] = [await Stage.create(), await Stage.create()]
  const outputs = { es: '', far: `endpoints: ["${far.server.url}"], ${tight}` }
  await far.server.stop()
  const run = await stage.start({ input, outputs })
  await writeHours(stage, run, 0, 4)
  await settled(run, 4 * hour)
  expect(stage.messages().length).toBe(4 * hour)
  await far.server.resume()
  await settled(run, 4 * hour, 'default/far')
  expect(lost(run, 'default/far')).toBeGreaterThan(hour)
  expect(far.messages().length).toBe(4 * hour - lost(run, 'default/far'))
  expect(lost(run)).toBe(0)
})

it('parts two outputs without room of which one gives rows up', async () => {
  const stage = await Stage.create()
  await stage.server.stop()
  const patient = 'max_in_flight_bytes: 64KiB, batch: { max_bytes: 32KiB }, namespace: patient'
  const run = await stage.start({ input, outputs: { es: tight, patient } })
  await writeHours(stage, run, 0, 3)
  await run.pass(3000)
  await stage.server.resume()
  await settled(run, 3 * hour, 'default/patient')
  await settled(run, 3 * hour)
  expect(stage.messages('patient')).toHaveLength(3 * hour)
  expect(new Set(stage.messages('patient')).size).toBe(3 * hour)
  expect(stage.messages().length).toBeLessThan(2.5 * hour)
})

it('loses nothing while the backlog is within the limit', async () => {
  const stage = await Stage.create()
  await stage.server.stop()
  const run = await stage.start({ input, outputs: { es: tight.replace('1MiB', '64MiB') } })
  await writeHours(stage, run, 0, 3)
  await stage.server.resume()
  await settled(run, 3 * hour)
  expect(
    stage
      .messages()
      .map(number)
      .toSorted((a, b) => a - b)
  ).toEqual(rows(0, 3 * hour).map(number))
})
