import { afterEach, describe, expect, inject, test } from 'vitest'
import { lineOf } from '../integrity/line.ts'
import { eachOnce, Stage } from './stage.ts'

const url = inject('elasticsearch')

let stage: Stage
afterEach(() => stage.remove())

describe('refused rows', () => {
  test('a refused row becomes a dead letter, and after mending its replay makes it searchable', async () => {
    stage = new Stage({ url })
    const { client, site, stream } = stage
    stage.write('a', ['{"message":"first"}'])
    site.start()
    await stage.holds(1)
    await client.indices.putMapping({ index: stream, dynamic: 'strict' })
    stage.write('a', ['{"message":"unwanted","flavour":"vanilla"}', '{"message":"last"}'])
    await stage.holds(2)
    await stage.eventually('a dead letter', 30_000, async () =>
      (await stage.letters()).length === 1 ? undefined : 'there is none'
    )
    const [letter] = await stage.letters()
    expect(letter).toMatchObject({ status: 400, type: 'strict_dynamic_mapping_exception' })
    const shown = await site.verb('dlq', 'show', String(letter!.id))
    expect(shown).toContain('vanilla')
    expect(shown).toContain('strict_dynamic_mapping_exception')
    expect(await site.verb('dlq', 'list')).toContain('strict_dynamic_mapping_exception')

    await expect(site.verb('dlq', 'replay', '--all')).rejects.toThrow('Command failed')
    expect(await stage.letters()).toHaveLength(1)

    await client.indices.putMapping({ index: stream, dynamic: true })
    expect(await site.verb('dlq', 'replay', '--all')).toContain('delivered 1')
    expect(await stage.letters()).toEqual([])
    await stage.holds(3)
    const found = await client.search({ index: stream, query: { term: { 'attributes.flavour': 'vanilla' } } })
    expect(found.hits.hits).toHaveLength(1)
    expect(await stage.stop()).toMatchObject({ read: 3, delivered: 2, dead_lettered: 1 })
  })

  test('while an ingest pipeline is missing nothing becomes a dead letter, and all is there once it exists', async () => {
    const lines = 5000
    const pipeline = `later-${Date.now()}`
    stage = new Stage({ url })
    const { client, site, stream } = stage
    stage.writeJournal('j0', 0, 1)
    site.start()
    await stage.holds(1)
    await client.indices.putSettings({ index: stream, settings: { index: { default_pipeline: pipeline } } })
    stage.writeJournal('j0', 1, lines)
    await stage.says(/pipeline with id.*paused/)
    expect(await stage.letters()).toEqual([])
    expect(await stage.count()).toBe(1)
    await client.ingest.putPipeline({ id: pipeline, processors: [] })
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
    await client.indices.putSettings({ index: stream, settings: { index: { default_pipeline: '_none' } } })
    await client.ingest.deletePipeline({ id: pipeline })
  })

  test('when everything is refused for one reason nothing becomes a dead letter, and all is there after mending', async () => {
    const lines = 3000
    stage = new Stage({ url })
    const { client, site, stream } = stage
    stage.writeJournal('j0', 0, 1)
    site.start()
    await stage.holds(1)
    await client.indices.putMapping({ index: stream, dynamic: 'strict' })
    const marked = Array.from({ length: lines - 1 }, (_, i) =>
      lineOf('j0', i + 1).replace('{', '{"flavour":"vanilla",')
    )
    stage.write('j0', marked)
    await stage.says(/paused: refuses_all/)
    expect(await stage.letters()).toEqual([])
    await client.indices.putMapping({ index: stream, dynamic: true })
    await stage.settles(lines)
    expect(await stage.stop()).toMatchObject({ read: lines, dead_lettered: 0 })
    expect(await stage.journal('j0', lines)).toEqual(eachOnce)
  })
})
