import { afterEach, describe, expect, inject, test } from 'vitest'
import { Proxy } from './proxy.ts'
import { eachOnce, Stage } from './stage.ts'

const url = inject('elasticsearch')

let stage: Stage
let proxy: Proxy
afterEach(async () => {
  await stage.remove()
  await proxy.close()
})

describe('rollover', () => {
  test('rows whose answer was lost stand once, though the data stream rolled over before they are sent again', async () => {
    const lines = 20_000
    proxy = await Proxy.listen(url)
    stage = new Stage({ url, endpoint: proxy.url, output: 'batch: { max_bytes: 1MiB }' })
    let lost = 0
    proxy.loses = async ({ request, status }) => {
      if (status !== 200 || !request.url!.includes('_bulk') || lost > 2) return false
      lost++
      await stage.client.indices.rollover({ alias: stage.stream })
      return true
    }
    stage.writeJournal('j0', 0, lines)
    stage.site.start()
    await stage.settles(lines)
    const ledger = await stage.stop()
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
    expect(await stage.count()).toBe(lines)
    expect(lost).toBe(3)
    expect(ledger.duplicate).toBeGreaterThan(0)
    const { data_streams: streams } = await stage.client.indices.getDataStream({ name: stage.stream })
    expect(streams[0]?.indices).toHaveLength(4)
  })

  test('rows of a killed collector stand once, though the data stream rolled over before the next start', async () => {
    const lines = 20_000
    proxy = await Proxy.listen(url)
    stage = new Stage({ url, endpoint: proxy.url, output: 'batch: { max_bytes: 1MiB }' })
    stage.writeJournal('j0', 0, lines)
    const committed = Promise.withResolvers<void>()
    proxy.loses = async ({ request, status }) => {
      if (status !== 200 || !request.url!.includes('_bulk')) return false
      await stage.site.end('SIGKILL')
      committed.resolve()
      return true
    }
    stage.site.start()
    await committed.promise
    await stage.client.indices.rollover({ alias: stage.stream })
    proxy.loses = () => false
    stage.site.start()
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    expect(await stage.count()).toBe(lines)
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
  })
})
