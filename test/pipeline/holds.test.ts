import { randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lossReasons } from '../../src/core/outcome.ts'
import { MemoryLink } from '../fakes/state-link.ts'
import { rows, Stage } from './stage.ts'

const down = { requests: { '503': 1 } }
const holdDeleted = 64 << 20
const output = { es: 'max_in_flight_bytes: 100KiB, batch: { max_bytes: 20KiB }' }

/** Names of deleted files that this process has open. */
function deletedOpen(stage: Stage): string[] {
  const links = readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return []
    }
  })
  return links.filter(link => link.startsWith(stage.folder) && link.endsWith('.log (deleted)'))
}

function segments(stage: Stage): string[] {
  try {
    return readdirSync(join(stage.folder, 'state/spool')).filter(name => name.endsWith('.db'))
  } catch {
    return []
  }
}

const sorted = (messages: readonly string[]): string[] =>
  messages.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))

it('keeps what an output has not taken of deleted files, and lets them go', async () => {
  const stage = await Stage.create(down)
  stage.writeRows(0, 5000)
  const run = await stage.start({ outputs: output, holdDeleted })
  await run.pass(1000)
  rmSync(join(stage.folder, 'agent.log'))
  stage.writeRows(5000, 9000)
  await run.pass(3000)
  rmSync(join(stage.folder, 'agent.log'))
  stage.writeRows(9000, 9100)
  expect(deletedOpen(stage)).toHaveLength(2)
  await run.pass(9000)
  expect(deletedOpen(stage)).toEqual([])
  expect(segments(stage)).toEqual(['1.db'])
  expect(run.shard.status().kept).toMatchObject({ maxBytes: holdDeleted, segments: 1, sources: 2, damagedBlocks: 0 })
  expect(run.sample('collector_spool_bytes')).toBeGreaterThan(0)
  stage.server.options = {}
  await run.until('all are delivered', () => stage.messages().length >= 9100)
  expect(sorted(stage.messages())).toEqual(rows(0, 9100))
  await run.until('the spool is empty', () => segments(stage).length === 0)
  expect(run.sample('collector_spool_bytes')).toBe(0)
  expect(run.sample('collector_spool_evicted_bytes_total', 'logs') ?? 0).toBe(0)
})

it('copies nothing where outputs take all in time', async () => {
  const stage = await Stage.create()
  stage.writeRows(0, 5000)
  const run = await stage.start({ holdDeleted })
  await run.settled(5000)
  rmSync(join(stage.folder, 'agent.log'))
  await run.pass(15_000)
  expect(deletedOpen(stage)).toEqual([])
  expect(() => statSync(join(stage.folder, 'state/spool'))).toThrow()
})

it('goes on from the spool after a stop and after a kill, wherever that was', async () => {
  for (const passMs of [0, 1200, 2500, 9000]) {
    const stage = await Stage.create(down)
    stage.writeRows(0, 3000)
    const first = await stage.start({ outputs: output, holdDeleted })
    await first.pass(1000)
    rmSync(join(stage.folder, 'agent.log'))
    await first.pass(passMs)
    await first.stop()
    expect(deletedOpen(stage)).toEqual([])
    stage.server.options = {}
    const second = await stage.start({ outputs: output, holdDeleted })
    await second.until('all are delivered', () => stage.messages().length >= 3000)
    expect(sorted(stage.messages())).toEqual(rows(0, 3000))
    for (const reason of lossReasons) expect(second.sample('collector_lost_bytes_total', 'default/es', reason)).toBe(0)
    await second.until('the spool is empty', () => segments(stage).length === 0)
    await second.stop()
  }
})

it('counts what had no room, to the byte, for the output that has not read it alone', async () => {
  const stage = await Stage.create()
  const outputs = {
    es: '',
    away: `endpoints: ["http://127.0.0.1:1"], namespace: away, ${output.es}`
  }
  const random = Array.from({ length: 12_000 }, (_, i) => `row ${i} ${randomBytes(300).toString('base64')}`)
  stage.write(`${random.join('\n')}\n`)
  const { size } = statSync(join(stage.folder, 'agent.log'))
  const run = await stage.start({ outputs, holdDeleted: 2 << 20 })
  await run.settled(12_000)
  rmSync(join(stage.folder, 'agent.log'))
  await run.pass(15_000)
  expect(deletedOpen(stage)).toEqual([])
  const evicted = run.sample('collector_spool_evicted_bytes_total', 'logs')!
  expect(evicted).toBeGreaterThan(size / 4)
  expect(evicted).toBeLessThan(size)
  expect(stage.warnings.find(([message]) => message.startsWith('No room'))?.[1]).toMatchObject({ bytes: evicted })
  await run.stop()
  const next = await stage.start({ outputs: { ...outputs, away: 'namespace: away' }, holdDeleted: 2 << 20 })
  const account = (name: string) => next.ledgers(`default/${name}`)[0]!.ledger
  await next.until('the rest is counted', () => (account('away').lostBytes['queue_evicted'] ?? 0) > 0)
  expect(account('away').lostBytes).toEqual({ queue_evicted: evicted })
  expect(account('es')).toMatchObject({ read: 12_000, lostBytes: {} })
  await next.until('all are delivered', () => account('away').rows[0] === account('away').read)
  const bytes = stage.messages('away').reduce((sum, message) => sum + message.length + 1, 0)
  expect(bytes).toBe(size - evicted)
})

it('reads on in the file while one output is slow and another one stopped', async () => {
  const stage = await Stage.create()
  const outputs = { es: '', away: `endpoints: ["http://127.0.0.1:1"], namespace: away, ${output.es}` }
  stage.writeRows(0, 2000)
  const run = await stage.start({ outputs, holdDeleted })
  await run.settled(2000)
  renameSync(join(stage.folder, 'agent.log'), join(stage.folder, 'agent.log.1'))
  stage.writeRows(2000, 2001)
  await run.pass(3000)
  rmSync(join(stage.folder, 'agent.log.1'))
  await run.pass(12_000)
  expect(deletedOpen(stage)).toEqual([])
  expect(sorted(stage.messages())).toEqual(rows(0, 2001))
  expect(stage.messages('away')).toEqual([])
})

it('sends what only the spool knows, where the state was lost', async () => {
  const stage = await Stage.create(down)
  stage.writeRows(0, 3000)
  const first = await stage.start({ outputs: output, holdDeleted })
  await first.pass(1000)
  rmSync(join(stage.folder, 'agent.log'))
  await first.pass(9000)
  await first.stop()
  stage.server.options = {}
  stage.link = new MemoryLink()
  const second = await stage.start({ outputs: output, holdDeleted, isStateLost: true })
  await second.until('all are delivered', () => stage.messages().length >= 3000)
  expect(sorted(stage.messages())).toEqual(rows(0, 3000))
})
