import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { canStartServers, Elasticsearch } from './elasticsearch.ts'
import { eachOnce, Stage } from './stage.ts'

describe.skipIf(!canStartServers)('limits of the server', () => {
  let server: Elasticsearch
  let stage: Stage
  beforeAll(async () => {
    server = await Elasticsearch.start('http.max_content_length=3mb', 'indexing_pressure.memory.limit=1mb')
  })
  afterEach(() => stage.remove())
  afterAll(() => server.remove())

  test('requests larger than it reads are split, and all lines arrive', async () => {
    const lines = 60_000
    stage = new Stage({ url: server.url, output: 'gzip_level: 0, max_concurrency: 1' })
    stage.writeJournal('j0', 0, lines)
    stage.site.start()
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
  })

  test('more requests at a time than it has memory for are sent again, and all lines arrive', async () => {
    const lines = 100_000
    stage = new Stage({ url: server.url, output: 'batch: { max_bytes: 512KiB }' })
    for (const file of ['j0', 'j1']) stage.writeJournal(file, 0, lines / 2)
    stage.site.start()
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    for (const file of ['j0', 'j1']) expect(await stage.journal(file, lines / 2)).toEqual(eachOnce)
  })

  test('requests that one by one are more than it has memory for become smaller, and all lines arrive', async () => {
    const lines = 60_000
    stage = new Stage({ url: server.url })
    stage.writeJournal('j0', 0, lines)
    stage.site.start()
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
  })
})
