import { appendFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { seal } from '../../src/state/database.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { Site } from './live.ts'

describe('a state that is in use', () => {
  test('is shown and exported, and is not changed', async () => {
    const site = new Site()
    writeFileSync(join(site.folder, 'a.log'), 'one\ntwo\n')
    site.configure('inputs: { agent: { type: file, paths: [a.log] } }\noutputs: { nowhere: { type: "null" } }')
    const live = await site.start()
    const at = ['--state-dir', site.stateDir]
    while (!(await site.execute('state', 'show', ...at)).out.includes('  8  ')) await live.status()
    expect((await site.execute('state', 'show', ...at)).out).toContain('a collector runs on it')
    const file = join(site.folder, 'state.ndjson')
    expect(await site.execute('state', 'export', file, ...at)).toMatchObject({ code: 0 })
    const reset = await site.execute('state', 'reset', '--all', '--yes', ...at)
    expect(reset).toMatchObject({
      code: 4,
      err: expect.stringMatching(/another collector \(process \d+\) holds it. Stop it first/)
    })
    expect(await site.execute('state', 'import', file, ...at)).toMatchObject({ code: 4 })
    await live.stop()
  })

  test('with a newer layout ends the start with exit code 3, and is as it was', async () => {
    const site = new Site()
    writeFileSync(join(site.folder, 'a.log'), 'one\n')
    site.configure('inputs: { agent: { type: file, paths: [a.log] } }\noutputs: { nowhere: { type: "null" } }')
    await (await site.start()).stop()
    const path = join(site.stateDir, 'state.db')
    const database = new DatabaseSync(path)
    database.prepare(`UPDATE meta SET value = '99', seal = ? WHERE key = 'version'`).run(seal('version', '99'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    const before = readFileSync(path)
    const { code, err } = await site.execute('run', site.config)
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringContaining('a newer version of the collector wrote it (layout 99)')
    })
    expect((await site.execute('state', 'show', '--state-dir', site.stateDir)).code).toBe(3)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('is read again after a reset, which the store answers with what it has', async () => {
    const server = await FakeElasticsearch.start()
    const site = new Site()
    const path = join(site.folder, 'a.log')
    writeFileSync(path, 'one\ntwo\n')
    site.configure(
      `inputs: { agent: { type: file, paths: [a.log] } }\noutputs: { es: { type: elasticsearch, endpoints: ["${server.url}"] } }`
    )
    const first = await site.start()
    await first.stop()
    expect(server.documents()).toHaveLength(2)
    expect(
      (await site.execute('state', 'reset', '--source', 'a.log', '--yes', '--state-dir', site.stateDir)).code
    ).toBe(0)
    appendFileSync(path, 'three\n')
    const second = await site.start()
    await second.stop()
    expect(server.stats.bulkRows).toBe(5)
    expect(server.documents()).toHaveLength(3)
    const { out } = await site.execute('ledger', '--json', '--state-dir', site.stateDir)
    expect(JSON.parse(out)).toMatchObject({ total: { read: 5, delivered: 3, duplicate: 2, pending: 0 } })
    await server.stop()
  })

  test('still has the rows of a deleted file after a reset, of which the spool holds the rest', async () => {
    const server = await FakeElasticsearch.start()
    server.options = { requests: { '503': 1 } }
    const site = new Site()
    const path = join(site.folder, 'a.log')
    writeFileSync(path, 'one\ntwo\n')
    const output = `es: { type: elasticsearch, endpoints: ["${server.url}"], retry: { min: 50ms, max: 100ms } }`
    site.configure(`inputs: { agent: { type: file, paths: [a.log] } }\noutputs: { ${output} }`)
    const first = await site.start()
    while (server.stats.bulkRequests === 0) await first.status()
    rmSync(path)
    const spool = join(site.stateDir, 'spool')
    while (!existsSync(spool) || !readdirSync(spool).some(name => name.endsWith('.db'))) await first.status()
    first.kill()
    const at = ['--state-dir', site.stateDir]
    while ((await site.execute('state', 'reset', '--source', 'a.log', '--yes', ...at)).code === 4);
    const exported = await site.execute('state', 'export', join(site.folder, 'state.ndjson'), ...at)
    expect(exported.err).toContain('of deleted files are held in')
    server.options = {}
    const second = await site.start()
    while (server.store.count() < 2) await second.status()
    await second.stop()
    expect(server.documents().map(({ source }) => (JSON.parse(source) as { message: string }).message)).toEqual([
      'one',
      'two'
    ])
    await server.stop()
  })
})
