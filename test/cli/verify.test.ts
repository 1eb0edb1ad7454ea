import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { unpacked } from '../../src/cli/unpacked.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { saltedId } from '../../src/outputs/row-id.ts'
import { StateStore } from '../../src/state/store.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { letter } from '../state/support.ts'
import { command, type Finished } from './command.ts'
import { Site } from './live.ts'

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `{"message":"row ${from + i}"}\n`).join('')

const rowAt = (time: string): string => `{"message":"row","timestamp":"2026-11-22T10:${time}Z"}\n`

interface Report {
  readonly equal: boolean
  readonly rows: number
  readonly found: number
  readonly leftOut: Record<string, number>
  readonly missing: Record<string, { rows: number; list: { position: number; line: number }[] }>
  readonly double: { rows: number; list: { line: number; places: string[] }[] }
  readonly unfinishedBytes: number
  readonly known: boolean
}

/** A folder with a log, and a server that gets its rows. */
class Desk {
  readonly site = new Site()
  readonly path = join(this.site.folder, 'a.log')
  readonly server: FakeElasticsearch

  constructor(server: FakeElasticsearch, input = '', more = '') {
    this.server = server
    const output = `es: { type: elasticsearch, endpoints: ["${server.url}"], retry: { min: 50ms, max: 100ms }${more} }`
    this.site.configure(`inputs: { agent: { type: file, paths: [a.log]${input} } }\noutputs: { ${output} }`)
  }

  static async open(input?: string, output?: string): Promise<Desk> {
    const server = await FakeElasticsearch.start()
    onTestFinished(() => server.stop())
    return new Desk(server, input, output)
  }

  /** A run that delivers what is there. */
  async deliver(): Promise<void> {
    const live = await this.site.start()
    expect(await live.stop()).toMatchObject({ code: 0 })
  }

  /** As if the row there had been refused. */
  bury(position: number, length: number): void {
    const state = StateStore.open(this.site.stateDir, { clock: systemClock, log: silentLog })
    const { id } = state.load().sources[0]!
    const refused = letter(position, 'default/es', '{"create":{}}\n{}\n')
    state.append([{ kind: 'letter', letter: { ...refused, source: id, length } }])
    state.close()
  }

  text(path = this.path): Promise<Finished> {
    return command(['verify', path, '--output', 'es', '--config', this.site.config])
  }

  /** Resolves once the server has so many documents. */
  async count(wanted: number): Promise<void> {
    await vi.waitUntil(() => this.server.store.count() >= wanted, { timeout: 60_000 })
  }

  async json(path = this.path): Promise<Report & { code: number }> {
    const { code, out, err } = await command(['verify', path, '--output', 'es', '--config', this.site.config, '--json'])
    if (out === '') throw new Error(err)
    return { ...(JSON.parse(out) as Report), code }
  }
}

test('a file whose rows are all there is equal, also while the collector runs', async () => {
  const desk = await Desk.open()
  writeFileSync(desk.path, rows(0, 3000))
  const live = await desk.site.start()
  await desk.count(3000)
  // its cursor is stored within two seconds
  let text = await desk.text()
  while (text.out.includes('not settled')) text = await desk.text()
  expect(text).toEqual({
    code: 0,
    out: `${desk.path}: 3,000 rows in it, 3,000 of them in es\nequal: every row is there once\n`,
    err: ''
  })
  expect(desk.server.stats.bulkRows).toBe(3000)
  await live.stop()
})

test('tells rows that are gone, refused, left out, not settled yet, twice or without an end', async () => {
  const desk = await Desk.open(', parser: json, on_parse_error: drop')
  const { server } = desk
  writeFileSync(desk.path, `${rows(0, 500)}not JSON\n${rows(500, 1000)}`)
  await desk.deliver()
  expect(await desk.json()).toMatchObject({ code: 0, rows: 1001, found: 1000, leftOut: { filtered: 1 }, missing: {} })
  desk.bury(rows(0, 11).length, rows(11, 12).length)
  server.store.remove(server.documents()[11]!.id)
  const [first, second, third, fourth] = server.documents()
  // what a row gets whose id another one has
  server.store.remove(fourth!.id)
  server.store.create(fourth!.stream, saltedId(fourth!.id), fourth!.source)
  server.store.remove(second!.id)
  server.store.remove(third!.id)
  server.store.rollover(first!.stream)
  server.store.create(first!.stream, first!.id, first!.source)
  appendFileSync(desk.path, `${rows(1000, 1002)}{"message":"unfini`)
  const report = await desk.json()
  expect(report).toMatchObject({ code: 1, equal: false, rows: 1003, found: 997, unfinishedBytes: 18 })
  expect(report.missing).toMatchObject({
    dead_letter: { rows: 1 },
    unexplained: { rows: 2, list: [{ line: 2 }, { line: 3 }] },
    pending: { rows: 2, list: [{ line: 1002 }, { line: 1003 }] }
  })
  expect(report.double).toMatchObject({
    rows: 1,
    list: [{ line: 1, places: [expect.any(String), expect.any(String)] }]
  })
  const { out, code } = await desk.text()
  expect(code).toBe(1)
  expect(out).toContain('missing: 2 rows not settled yet')
  expect(out).toContain('twice: 1 row in more than one index')
  expect(out).toMatch(/not equal\n$/)
})

test('counts lines as the input reads them', async () => {
  const desk = await Desk.open(', line_end: cr')
  writeFileSync(desk.path, 'one\rtwo\nmore\rthree\r')
  await desk.deliver()
  appendFileSync(desk.path, 'four\rfive\r')
  const missing = { pending: { rows: 2, list: [{ line: 4 }, { line: 5 }] } }
  expect(await desk.json()).toMatchObject({ rows: 5, found: 3, missing })
})

test('follows a file over its renames and truncations', async () => {
  const desk = await Desk.open()
  writeFileSync(desk.path, rows(0, 100))
  await desk.deliver()
  truncateSync(desk.path, 0)
  appendFileSync(desk.path, rows(100, 150))
  await desk.deliver()
  const rotated = `${desk.path}.1`
  renameSync(desk.path, rotated)
  writeFileSync(desk.path, rows(150, 160))
  await desk.deliver()
  expect(desk.server.store.count()).toBe(160)
  expect(await desk.json()).toMatchObject({ code: 0, rows: 10, found: 10 })
  expect(await desk.json(rotated)).toMatchObject({ code: 0, rows: 50, found: 50 })
})

test('a copy that a rotation has compressed is compared with what its file was', async () => {
  const desk = await Desk.open()
  const pathOf = (name: string): string => join(desk.site.folder, name)
  writeFileSync(desk.path, rows(0, 100))
  await desk.deliver()
  rmSync(desk.path)
  writeFileSync(pathOf('a.log.1.gz'), gzipSync(rows(0, 100)))
  writeFileSync(pathOf('a.log.2.zst'), zstdCompressSync(rows(0, 101)))
  writeFileSync(pathOf('b.log.1.gz'), gzipSync(rows(1, 100)))
  writeFileSync(pathOf('cut.log.gz'), gzipSync(rows(0, 100)).subarray(0, 100))
  expect(await desk.json(pathOf('a.log.1.gz'))).toMatchObject({ code: 0, known: true, rows: 100, found: 100 })
  const missing = { pending: { rows: 1, list: [{ line: 101 }] } }
  expect(await desk.json(pathOf('a.log.2.zst'))).toMatchObject({ code: 1, rows: 101, found: 100, missing })
  expect((await desk.text(pathOf('b.log.1.gz'))).err).toContain('No input follows "')
  const { err } = await desk.text(pathOf('cut.log.gz'))
  expect(err).toMatch(/^error: Cannot decompress ".*cut.log.gz" into a file in ".*": unexpected end of file\n$/)
})

test('a compressed copy that the collector has met is known by what it was said to be, one that it has read by itself', async () => {
  const desk = await Desk.open(', compression: auto')
  writeFileSync(desk.site.config, readFileSync(desk.site.config, 'utf8').replace('[a.log]', '["*.log*"]'))
  const [copy, own] = ['a.log.1.gz', 'b.log.1.gz'].map(name => join(desk.site.folder, name)) as [string, string]
  writeFileSync(desk.path, rows(0, 100))
  const live = await desk.site.start()
  await desk.count(100)
  writeFileSync(copy, gzipSync(rows(0, 100)))
  rmSync(desk.path)
  writeFileSync(own, gzipSync(rows(500, 700)))
  await desk.count(300)
  await live.stop()
  expect(await desk.json(copy)).toMatchObject({ code: 0, rows: 100, found: 100 })
  expect(await desk.json(own)).toMatchObject({ code: 0, rows: 200, found: 200 })
})

test('what is decompressed is for its owner alone, and gone afterwards', async () => {
  const { folder } = new Site()
  const path = join(folder, 'a.log.1.gz')
  writeFileSync(path, gzipSync(rows(0, 100)))
  vi.stubEnv('TMPDIR', folder)
  const failing = unpacked(
    path,
    () => {},
    async content => {
      expect(readFileSync(content, 'utf8')).toBe(rows(0, 100))
      expect(statSync(content).mode & 0o777).toBe(0o600)
      throw new Error('in vain')
    }
  )
  await expect(failing).rejects.toThrow('in vain')
  vi.unstubAllEnvs()
  expect(readdirSync(folder).filter(name => name.startsWith('mcp-collector-'))).toEqual([])
})

test('tells rows that an output has given up', async () => {
  const desk = await Desk.open('', ', max_backlog: { age: 1h }')
  writeFileSync(desk.path, `{"message":"old","timestamp":"2020-01-01T00:00:00Z"}\n${rows(0, 10)}`)
  await desk.deliver()
  expect(desk.server.store.count()).toBe(10)
  const missing = { backlog_evicted: { rows: 1, list: [{ line: 1 }] } }
  expect(await desk.json()).toMatchObject({ code: 1, rows: 11, found: 10, missing })
  expect((await desk.text()).out).toContain('missing: 1 row not there: the output has given up rows of this file')
})

test('tells rows that a step which remembers rows may have left out', async () => {
  const desk = await Desk.open()
  appendFileSync(desk.site.config, '\nprocess: [{ throttle: { rate: 0.001 } }]\n')
  writeFileSync(desk.path, rowAt('00:00'))
  await desk.deliver()
  // the bucket of this run is empty, that of a single run would be full until 10:16:40
  appendFileSync(desk.path, rowAt('10:00') + rowAt('20:00'))
  await desk.deliver()
  expect(desk.server.store.count()).toBe(2)
  const missing = { left_out: { rows: 1, list: [{ line: 3 }] } }
  expect(await desk.json()).toMatchObject({ code: 1, rows: 3, found: 1, leftOut: { throttled: 1 }, missing })
  expect((await desk.text()).out).toContain('missing: 1 row not there: throttle or dedupe have left rows')
})

test('says what is in the way', async () => {
  const desk = await Desk.open()
  writeFileSync(desk.path, rows(0, 10))
  expect(await desk.text()).toMatchObject({ code: 1, err: expect.stringContaining('No collector runs') })
  await desk.deliver()
  const other = join(desk.site.folder, 'other.log')
  expect((await desk.text(other)).err).toContain(`Cannot read "${other}"`)
  writeFileSync(other, rows(0, 1))
  expect((await desk.text(other)).err).toContain(`No input follows "${other}"`)
  const wrong = await desk.site.execute('verify', desk.path, '--output', 'nope', '--config', desk.site.config)
  expect(wrong).toMatchObject({ code: 1, err: 'error: No output "nope" gets rows of input "agent": it goes to "es"\n' })
  desk.server.options = { forbidden: ['mget'] }
  expect((await desk.text()).err).toContain('needs the rights "read" and "view_index_metadata"')
  writeFileSync(desk.site.config, 'version: 1\n')
  expect((await desk.text()).code).toBe(2)
})

test('an output that nobody can ask is refused, and so is a broken connection', async () => {
  const desk = await Desk.open()
  writeFileSync(desk.path, rows(0, 10))
  await desk.deliver()
  await desk.server.stop()
  expect(await desk.text()).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error: Cannot send to "http.*refused/)
  })
  desk.site.configure('inputs: { agent: { type: file, paths: [a.log] } }\noutputs: { es: { type: "null" } }')
  expect(await desk.text()).toMatchObject({ code: 1, err: 'error: This output can not be asked what it has\n' })
})

test('rows of a file that no collector has met are all missing', async () => {
  const desk = await Desk.open()
  mkdirSync(join(desk.site.folder, 'empty'))
  writeFileSync(desk.path, rows(0, 10))
  await desk.deliver()
  renameSync(desk.path, `${desk.path}.old`)
  writeFileSync(desk.path, rows(20, 25))
  expect(await desk.json()).toMatchObject({ code: 1, known: false, rows: 5, missing: { pending: { rows: 5 } } })
})
