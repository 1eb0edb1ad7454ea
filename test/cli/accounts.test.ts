import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LedgerRow } from '../../src/pipeline/collector.ts'
import { Site } from './live.ts'

test('dead letters are said in the log and counted in the status', async () => {
  const site = new Site()
  writeFileSync(join(site.folder, 'a.log'), '{"n":1}\nsecret\nsecret\n')
  const input = 'agent: { type: file, paths: [a.log], parser: json, on_parse_error: dead_letter }'
  site.configure(`inputs: { ${input} }\noutputs: { nowhere: { type: "null" } }`)
  const live = await site.start()
  const log = await live.said('dead letters now (parse)')
  expect(log).toContain('2 rows were refused')
  expect(log).not.toContain('secret')
  expect(await live.status()).toMatchObject({ outputs: [{ name: 'default/nowhere', deadLetters: 2 }] })
})

test('accounts of other configurations on the same state are shown only when asked for', async () => {
  const site = new Site()
  for (const name of ['a', 'b']) writeFileSync(join(site.folder, `${name}.log`), 'a line\n')
  const use = (file: string): void => {
    const input = `agent: { type: file, paths: [${file}.log] }`
    site.configure(`inputs: { ${input} }\noutputs: { nowhere: { type: "null" } }`)
  }
  const accounts = async (...flags: string[]): Promise<string[]> => {
    const { out } = await site.execute('ledger', '--state-dir', site.stateDir, '--json', ...flags)
    const { rows } = JSON.parse(out) as { rows: LedgerRow[] }
    return rows.map(row => row.name.slice(site.folder.length + 1)).toSorted()
  }
  use('a')
  const first = await site.start()
  while ((await accounts()).length === 0);
  await first.stop()
  use('b')
  const second = await site.start()
  while ((await accounts()).length === 0);
  expect(await accounts()).toEqual(['b.log'])
  expect(await accounts('--all')).toEqual(['a.log', 'b.log'])
  const table = await site.execute('ledger', '--state-dir', site.stateDir)
  expect(table.out).toContain('1 account of other configurations: see "mcp-collector ledger --all"')
  const { err } = await second.stop()
  expect(err).toMatch(/"read":1,"delivered":1,.*"message":"Stopped"/)
  expect(await accounts()).toEqual(['a.log', 'b.log'])
})
