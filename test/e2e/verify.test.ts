import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { Stage } from './stage.ts'

const url = inject('elasticsearch')
const bin = resolve(import.meta.dirname, '../../bin/mcp-collector.js')
const rows = 12_000

let stage: Stage
afterEach(() => stage.remove())

interface Report {
  readonly code: number
  readonly rows: number
  readonly found: number
  readonly missing: Record<string, { readonly list: readonly { readonly line: number }[] }>
  readonly double: { readonly rows: number; readonly list: readonly { readonly places: readonly string[] }[] }
}

function verify(): Promise<Report> {
  const { folder, logs, state } = stage.site
  const words = ['verify', join(logs, 'j0.log'), '--output', 'es', '--json']
  const where = ['--config', join(folder, 'config.yaml'), '--state-dir', state]
  return new Promise((done, fail) => {
    execFile(process.execPath, [bin, ...words, ...where], { maxBuffer: 1 << 26 }, (error, out, err) => {
      if (out === '') fail(new Error(err))
      else done({ ...(JSON.parse(out) as Report), code: error === null ? 0 : Number(error.code) })
    })
  })
}

describe('verify', () => {
  test('finds every row of a file, those that somebody deleted, and those that stand in two indices', async () => {
    stage = new Stage({ url })
    stage.writeJournal('j0', 0, rows)
    stage.site.start()
    await stage.settles(rows)
    await stage.stop()
    expect(await verify()).toMatchObject({ code: 0, rows, found: rows, missing: {}, double: { rows: 0 } })

    const { client, stream } = stage
    await stage.count()
    const { hits } = await client.search<object>({ index: stream, size: 3, sort: ['log.offset'] })
    const [first, second, third] = hits.hits
    for (const hit of [second!, third!]) await client.delete({ index: hit._index, id: hit._id! })
    await client.indices.rollover({ alias: stream })
    await client.create({ index: stream, id: first!._id!, document: first!._source! })
    const report = await verify()
    expect(report).toMatchObject({ code: 1, rows, found: rows - 2 })
    expect(report.missing['unexplained']!.list.map(({ line }) => line)).toEqual([2, 3])
    expect(report.double.rows).toBe(1)
    expect(new Set(report.double.list[0]!.places).size).toBe(2)
  })
})
