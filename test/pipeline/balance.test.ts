import { renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { type LossReason, lossReasons } from '../../src/core/outcome.ts'
import { balances } from '../fakes/balance.ts'
import { type Run, Stage } from './stage.ts'

const outputs = {
  es: 'namespace: default, dead_letters: { max_bytes: 4KiB, when_full: drop }',
  slow: 'namespace: slow, max_in_flight_bytes: 1MiB'
}
const poison = 'poison'

/** Compares at every step: whatever has become of rows meanwhile, all of them are somewhere. */
async function watch(run: Run, isOver: () => boolean): Promise<number> {
  let scrapes = 0
  let mostPending = 0
  await run.until('all rows have ended', () => {
    const samples = run.shard.samples().map(({ name, labels, value }) => ({ name, output: labels[0] ?? '', value }))
    expect(balances(samples)).toEqual({ 'default/es': 0, 'default/slow': 0 })
    for (const output of Object.keys(outputs)) {
      mostPending = Math.max(mostPending, run.sample('collector_output_pending_rows', `default/${output}`)!)
    }
    scrapes++
    return isOver()
  })
  expect(scrapes).toBeGreaterThan(20)
  return mostPending
}

it('accounts for every row at every scrape, whatever the output answers and the files do', async () => {
  const stage = await Stage.create({
    items: { p429: 0.1, p503: 0.05 },
    requests: { 'cut-after': 0.1, 'cut-before': 0.1, '429': 0.1, '413': 0.05, 'non-json': 0.05 }
  })
  stage.server.store.judge = source =>
    source.includes(poison) ? { status: 400, type: 'document_parsing_exception', reason: 'no' } : undefined
  const input = 'parser: json, on_parse_error: drop, max_line_bytes: 2KiB'
  const run = await stage.start({ outputs, input })
  const path = join(stage.folder, 'agent.log')
  let lines = 0
  const write = (count: number): void => {
    let text = ''
    for (let i = 0; i < count; i++, lines++) {
      if (lines % 100 === 7) text += 'not JSON\n'
      else if (lines % 100 === 13) text += `{"message":"${poison} ${lines}"}\n`
      else if (lines % 1000 === 21) text += `{"message":"${'x'.repeat(3000)}"}\n`
      else text += `{"message":"row ${lines}"}\n`
    }
    stage.write(text)
  }
  const isRead = (count: number): boolean =>
    Object.keys(outputs).every(output => run.sample('collector_read_rows_total', `default/${output}`) === count)
  const isOver = (count: number): boolean =>
    isRead(count) &&
    Object.keys(outputs).every(output => run.sample('collector_output_pending_rows', `default/${output}`) === 0)
  write(20_000)
  expect(await watch(run, () => isRead(20_000))).toBeGreaterThan(1000)
  renameSync(path, `${path}.1`)
  write(10_000)
  await watch(run, () => isOver(30_000))
  const end = (name: string): number => run.sample('collector_rows_total', 'default/es', name)!
  expect(end('filtered')).toBeGreaterThanOrEqual(300)
  expect(end('dead_lettered')).toBeGreaterThan(0)
  expect(end('duplicate')).toBeGreaterThan(0)
  expect(run.sample('collector_lost_rows_total', 'default/es', 'dead_letters_full')).toBeGreaterThan(0)
  expect(run.sample('collector_lost_bytes_total', 'default/es', 'too_large')).toBeGreaterThan(30 * 900)
})

/** What brings each loss about. */
const causes: Readonly<Record<LossReason, (stage: Stage) => Promise<Run>>> = {
  truncated_gap: async stage => {
    stage.writeRows(0, 5)
    const run = await stage.open()
    truncateSync(join(stage.folder, 'agent.log'), 0)
    run.shard.read()
    return run
  },
  deleted_unread: async stage => {
    stage.writeRows(0, 5)
    await (await stage.open()).stop()
    rmSync(join(stage.folder, 'agent.log'))
    return await stage.start()
  },
  queue_evicted: async stage => {
    stage.writeRows(0, 5)
    const run = await stage.open({ holdDeleted: 0 })
    rmSync(join(stage.folder, 'agent.log'))
    await run.pass(10_000)
    run.shard.read()
    return run
  },
  corrupt_frame: async stage => {
    stage.writeRows(0, 5)
    const first = await stage.open({ holdDeleted: 1 << 20 })
    rmSync(join(stage.folder, 'agent.log'))
    await first.pass(10_000)
    await first.stop()
    const database = new DatabaseSync(join(stage.folder, 'state/spool/1.db'))
    database.exec(`UPDATE blocks SET packed = x'00'`)
    database.close()
    return await stage.start({ holdDeleted: 1 << 20 })
  },
  too_large: async stage => {
    stage.write(`${'x'.repeat(100)}\n`)
    return await stage.start({ input: 'max_line_bytes: 64' })
  },
  corrupt_archive: async stage => {
    const text = Array.from({ length: 20_000 }, (_, n) => `row ${n} ${Math.sin(n)}\n`).join('')
    const bytes = gzipSync(text)
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 100)
    writeFileSync(join(stage.folder, 'old.log.gz'), bytes)
    utimesSync(join(stage.folder, 'old.log.gz'), 0, 0)
    return await stage.start({ input: 'paths: ["*.log.gz"], compression: auto, ignore_older: 0s' })
  },
  backlog_evicted: async stage => {
    stage.writeRows(0, 100)
    return await stage.start({ outputs: { es: 'max_backlog: { age: 1h }' } })
  },
  dead_letters_full: async stage => {
    stage.server.store.judge = () => ({ status: 400, type: 'document_parsing_exception', reason: 'a secret' })
    stage.writeRows(0, 100)
    return await stage.start({ outputs: { es: 'dead_letters: { max_bytes: 1KiB, when_full: drop }' } })
  }
}

it.each(lossReasons)('%s: has a counter that begins at 0, and a line in the log', async reason => {
  const stage = await Stage.create()
  const idle = await Stage.create()
  const names = ['collector_lost_rows_total', 'collector_lost_bytes_total']
  const lost = (run: Run): number => names.reduce((sum, name) => sum + run.sample(name, 'default/es', reason)!, 0)
  expect(lost(await idle.start())).toBe(0)
  const run = await causes[reason](stage)
  await run.until('something is lost', () => lost(run) > 0)
  const { lostRows, lostBytes } = run.ledgers()[0]!.ledger
  expect((lostRows[reason] ?? 0) + (lostBytes[reason] ?? 0)).toBe(lost(run))
  const said = [
    ...stage.errors,
    ...stage.warnings.map(([message, fields]) => `${message} ${String(fields?.['reason'])}`)
  ]
  // The line about dead letters is not about bytes of a source.
  const words = reason === 'dead_letters_full' ? 'refused rows are lost' : reason
  expect(said).toContainEqual(expect.stringContaining(words))
  expect(said.join()).not.toContain('secret')
})
