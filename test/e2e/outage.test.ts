import type { Client } from '@elastic/elasticsearch'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { canStartServers, Elasticsearch } from './elasticsearch.ts'
import { eachOnce, Stage } from './stage.ts'

const url = inject('elasticsearch')

let stage: Stage
afterEach(() => stage.remove())

interface Refusal {
  readonly what: string
  readonly begin: (client: Client, index: string) => Promise<unknown>
  readonly end: (client: Client, index: string) => Promise<unknown>
  readonly said: RegExp
}

const blocked = (client: Client, index: string, write: boolean): Promise<unknown> =>
  client.indices.putSettings({ index, settings: { index: { blocks: { write } } } })
const refusals: readonly Refusal[] = [
  {
    what: 'a write block',
    begin: (client, index) => blocked(client, index, true),
    end: (client, index) => blocked(client, index, false),
    said: /cluster_block_exception.*paused/
  },
  {
    what: 'a closed index',
    begin: (client, index) => client.indices.close({ index }),
    end: (client, index) => client.indices.open({ index }),
    said: /index_closed_exception.*paused/
  }
]

describe('outages', () => {
  test.each(refusals)('$what for a while: nothing is lost and nothing becomes a dead letter', async refusal => {
    const lines = 10_000
    stage = new Stage({ url })
    const { client, site } = stage
    stage.writeJournal('j0', 0, 1)
    site.start()
    await stage.holds(1)
    const index = await stage.writeIndex()
    await refusal.begin(client, index)
    stage.writeJournal('j0', 1, lines)
    await stage.says(refusal.said)
    await refusal.end(client, index)
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
  })

  test.skipIf(!canStartServers)('a restart in the middle of 200,000 lines: exactly 200,000 documents', async () => {
    const lines = 200_000
    const server = await Elasticsearch.start()
    try {
      stage = new Stage({ url: server.url })
      stage.writeJournal('j0', 0, lines / 2)
      stage.writeJournal('j1', 0, lines / 2)
      stage.site.start()
      await stage.holds(lines / 10)
      await server.stop()
      await stage.says(/failed, retrying/)
      await server.startAgain()
      await stage.settles(lines, 180_000)
      expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
      expect(await stage.count()).toBe(lines)
      expect(await stage.journal('j0', lines / 2)).toEqual(eachOnce)
      expect(await stage.journal('j1', lines / 2)).toEqual(eachOnce)
    } finally {
      await server.remove()
    }
  })
})
