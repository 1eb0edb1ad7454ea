import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import type { ExplainReport } from '../../src/cli/explain-report.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { tempFolder } from '../fakes/folder.ts'
import { command, type Finished, recorder, root } from './command.ts'
import { Site } from './live.ts'

/** A folder with logs and a configuration. */
class Place {
  readonly folder = tempFolder()
  readonly config = join(this.folder, 'my.yaml')

  constructor(input: string, more = 'outputs: { out: { type: stdout, format: json } }') {
    const yaml = `version: 1\ncollector: { state_dir: state, host_name: h }\ninputs: { app: { type: file, ${input} } }\n${more}\n`
    writeFileSync(this.config, yaml)
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  text(place: string, ...options: string[]): Promise<Finished> {
    return command(['explain', place, '--config', this.config, ...options])
  }

  async json(place: string, ...options: string[]): Promise<ExplainReport> {
    const { out, err } = await this.text(place, '--json', ...options)
    if (out === '') throw new Error(err)
    return JSON.parse(out) as ExplainReport
  }
}

const rows = `{"timestamp":"2026-11-30T12:00:00.123Z","level":"INFO","message":"ready","error":"none","n":12}

2026-11-30 12:00:01 ERROR no way
java.lang.RuntimeException: boom
	at a.b.C(D.java:1)
{"timestamp":"2026-11-30T12:00:02Z","level":"debug","message":"request","user":7}
`

test('shows a line on its way, from input to documents', async () => {
  const place = new Place(
    'paths: [a.log], service: shop, multiline: auto',
    `process: [{ drop: { if: '{level="debug"}' } }]
outputs:
  es: { type: elasticsearch, endpoints: ["http://127.0.0.1:1"] }
  otlp: { type: otlp, endpoint: "http://127.0.0.1:1", if: '{level="info"}', final: true }
  last: { type: stdout, format: json }`
  )
  const path = place.write('a.log', rows)
  const first = await place.text(`${path}:1`)
  expect(first).toMatchObject({ code: 0, err: '' })
  const [before, sent] = first.out.replaceAll(place.folder, '').split('output "es" (elasticsearch) gets\n')
  expect(before!.replace(/source {3}.{16}/, 'source   ID')).toBe(`/a.log:1 is taken by input "app" (file)

source   ID  dataset mcp.agent  service shop
         host.name  h
         log.file.path  /a.log
bytes    0 to 96 (96)
framing  lines, multiline (auto): line 1 is one row
row      {"timestamp":"2026-11-30T12:00:00.123Z","level":"INFO","message":"ready","error":"none","n":12}
parser   auto, which has found json in this file

pipeline "default"
step normalize
  error is called error.message now
step drop if {level="debug"}: changes nothing
fields   time           2026-11-30T12:00:00.123Z  field "timestamp"
         level          info  field "level"
         service_name   shop  option "service" of the input
         body           ready  field "message"
         error.message  none  field "error", renamed by normalize
         n              12  parser
`)
  expect(sent).toMatch(/^ {2}\{"create":\{"_id":"[\w-]{36}"\}\}\n {2}\{"@timestamp":"2026-11-30T12:00:00.123Z",/)
  expect(sent).toMatch(/output "otlp" \(otlp\) gets\n {2}\{"resourceLogs":.*"stringValue":"ready"/)
  expect(sent).toContain(
    'output "last" (stdout): does not get it: its "if" does not select the row, or an output before'
  )
  expect(sent).toContain('  its answer: not asked\n')

  const trace = await place.json(`${path}:5`)
  expect(trace.row).toMatchObject({ lines: [3, 5], start: 97, content: expect.stringMatching(/^2026.*\n.*\n\tat a/) })
  expect(trace.pipelines[0]!.fields).toMatchObject([
    { name: 'time', value: '2026-11-30T12:00:01.000Z', origin: 'the text of the row' },
    { name: 'level', value: 'error', origin: 'the text of the row' },
    { name: 'service_name' },
    { name: 'body', origin: 'the whole row' }
  ])
  const dropped = await place.json(`${path}:6`)
  expect(dropped.pipelines[0]).toMatchObject({
    steps: [{ name: 'normalize' }, { name: 'drop', if: '{level="debug"}', fate: 'filtered' }],
    outputs: [{ name: 'es', taken: false, why: 'it ended as filtered' }, { taken: false }, { taken: false }]
  })
  expect(await place.json(`${path}:2`)).toMatchObject({ pipelines: [] })
})

test('in colour', async () => {
  const place = new Place('paths: [a.log]')
  const out = recorder(true)
  const path = place.write('a.log', 'one\u001b[31m two\n')
  await main(['explain', `${path}:1`, '--config', place.config], {
    env: { HOME: '/nonexistent' },
    out,
    err: recorder()
  })
  expect(out.text()).toContain('<cyan>row     </> one\\x1b[31m two\n')
})

const cri = (stream: string, tag: string, text: string): string => `2026-11-30T12:00:00.5Z ${stream} ${tag} ${text}\n`

describe('reads', () => {
  test('records of containers, joined, with the names of the path', async () => {
    const place = new Place('', 'outputs: { out: { type: "null" } }')
    writeFileSync(
      place.config,
      'version: 1\ninputs: { pods: { type: containers, paths: ["pods/**/*.log"] } }\noutputs: { out: { type: "null" } }\n'
    )
    const log = cri('stdout', 'F', 'one') + cri('stderr', 'P', 'be') + cri('stderr', 'F', 'gun')
    const path = place.write('pods/shop_cart-7_3f2e/cart/0.log', log)
    const { row, source, pipelines } = await place.json(`${path}:3`)
    expect(row).toMatchObject({ lines: [2, 3], content: 'begun', flags: ['from stderr'] })
    expect(source).toMatchObject({ service: 'cart', resource: { 'kubernetes.pod.name': 'cart-7' } })
    expect(pipelines[0]!.fields).toMatchObject([
      { name: 'time', value: '2026-11-30T12:00:00.500Z', origin: 'the container runtime' },
      { name: 'service_name', value: 'cart', origin: 'the name of the container' },
      { name: 'body' }
    ])
  })

  test('UTF-16, lines that end with CR, archives, and a last line without an end', async () => {
    const wide = new Place('paths: [w.log], encoding: utf-16le')
    const path = wide.write('w.log', Buffer.from('\ufeffgrün\r\nzwei\u010a\r\ndrei', 'utf16le'))
    expect((await wide.json(`${path}:2`)).row).toMatchObject({ content: 'zwei\u010a', start: 14, lines: [2, 2] })
    expect((await wide.json(`${path}:3`)).row).toMatchObject({
      content: 'drei',
      flags: [expect.stringContaining('no line end')]
    })
    const old = new Place('paths: [m.log], line_end: cr')
    expect((await old.json(`${old.write('m.log', 'one\rtwo\rthree\r')}:2`)).row).toMatchObject({
      content: 'two',
      start: 4
    })
    const packed = new Place('paths: ["*.gz"], compression: auto, partial_timeout: 1h')
    const many = Array.from({ length: 50_000 }, (_, i) => `row ${i + 1}\n`).join('')
    expect(await packed.json(`${packed.write('a.gz', gzipSync(many))}:49999`)).toMatchObject({
      row: { content: 'row 49999', lines: [49_999, 49_999] },
      notes: []
    })
  })

  test('with the first of several parsers that understands the row', async () => {
    const place = new Place('paths: [a.log], parsers: [json, klog], on_parse_error: dead_letter')
    const path = place.write('a.log', '{"a":1}\nI1122 10:00:00.123456 1 main.go:7] started\nneither\n')
    expect((await place.json(`${path}:1`)).row).toMatchObject({ parser: 'json', error: '' })
    expect((await place.json(`${path}:2`)).row).toMatchObject({ parser: 'klog', error: '' })
    const third = await place.json(`${path}:3`)
    expect(third.row).toMatchObject({ error: 'klog' })
    expect(third.row).not.toHaveProperty('parser')
    expect(third.pipelines[0]!.outputs).toMatchObject([{ taken: false, why: expect.stringContaining('dead letter') }])
  })
})

describe('says why', () => {
  test('a file would not be read, and what would become of the line if it was', async () => {
    const place = new Place(`paths: ["${join(root, 'package.json')}"], read_from: end`)
    const { notes, row } = await place.json(`${join(root, 'package.json')}:1`)
    expect(notes).toEqual([expect.stringContaining('read from the end ("read_from")')])
    expect(row).toMatchObject({ content: '{' })
    const packed = new Place('paths: ["*.gz"]')
    const path = packed.write('a.gz', gzipSync('one\ntwo\n'))
    expect(await packed.json(`${path}:2`)).toMatchObject({
      notes: [expect.stringContaining('set "compression: auto"')],
      row: { content: 'two' }
    })
  })

  test('no input takes a file', async () => {
    const place = new Place('paths: ["*.log"], exclude: ["b.log"]')
    const [other, excluded] = [place.write('a.txt', 'one\n'), place.write('b.log', 'one\n')]
    expect(await place.text(`${other}:1`)).toEqual({
      code: 1,
      out: '',
      err: `error: No input takes "${other}"\n  app: none of its "paths" leads there: ${place.folder}/*.log\n`
    })
    const link = join(place.folder, 'c.log')
    symlinkSync(excluded, link)
    expect((await place.text(`${link}:1`)).err).toContain(
      '  app: a symbolic link: set "follow_symlinks" to follow it\n'
    )
    expect((await place.text(`${excluded}:1`)).err).toContain('  app: left out by "exclude": b.log\n')
    expect(JSON.parse((await place.text(`${excluded}:1`, '--json')).out)).toMatchObject({ input: null, refused: [{}] })
  })

  test.each([
    ['a.log', 2, 'error: Cannot explain "a.log": name a line of it, as in "a.log:1"'],
    ['a.log:0', 2, 'error: Cannot explain "a.log:0": name a line of it'],
    ['/nonexistent/a.log:1', 1, 'error: Cannot read "/nonexistent/a.log": '],
    ['/dev/zero:1', 1, 'error: Cannot read "/dev/zero": it is no regular file'],
    ['FILE:4', 1, 'error: There is no line 4 in "FILE": it has 3']
  ])('%s can not be explained', async (line, code, message) => {
    const place = new Place('paths: ["*.log"]')
    const path = place.write('a.log', 'one\ntwo\nthree')
    const finished = await place.text(line.replace('FILE', path))
    expect({ ...finished, err: finished.err.replace(path, 'FILE') }).toEqual({
      code,
      out: '',
      err: expect.stringContaining(message)
    })
  })

  test('an archive that is cut has no such line', async () => {
    const place = new Place('paths: ["*.gz"], compression: auto')
    const path = place.write('a.gz', gzipSync('one\ntwo\n').subarray(0, -6))
    expect((await place.text(`${path}:2`)).out).toContain('two')
    expect((await place.text(`${path}:3`)).err).toMatch(
      /: it has 2, the archive is cut short or damaged, the rest is lost: \S+\n$/
    )
  })

  test('an input is not there', async () => {
    const place = new Place('paths: ["*.log"]')
    expect(await place.text(`${place.write('a.log', 'one\n')}:1`, '--input', 'x')).toMatchObject({
      code: 2,
      err: 'error: No input "x": there is "app"\n'
    })
  })
})

test('shows what a run has sent, byte for byte, and asks whether it is there', async () => {
  const server = await FakeElasticsearch.start()
  onTestFinished(() => server.stop())
  const site = new Site()
  const path = join(site.folder, 'a.log')
  writeFileSync(path, `one\n${rows}`)
  site.configure(
    `inputs: { app: { type: file, paths: [a.log], multiline: auto } }
outputs: { es: { type: elasticsearch, endpoints: ["${server.url}"] } }`
  )
  const explained = async (line: number, at = path): Promise<ExplainReport> => {
    const { out } = await command(['explain', `${at}:${line}`, '--config', site.config, '--ask', '--json'])
    return JSON.parse(out) as ExplainReport
  }
  expect((await explained(2)).pipelines[0]!.outputs).toMatchObject([{ answer: 'it does not have the row' }])
  const live = await site.start()
  await vi.waitUntil(() => server.documents().length === 4, { timeout: 60_000 })
  await live.stop()
  const { source, pipelines } = await explained(7)
  const [output] = pipelines[0]!.outputs
  expect(output).toMatchObject({ answer: 'it has the row, once' })
  const [action, document] = output!.sent!.split('\n')
  const { _id: id } = (JSON.parse(action!) as { create: { _id: string } }).create
  expect(id.startsWith(source.id)).toBe(true)
  expect(server.documents().find(one => one.id === id)).toMatchObject({ source: document })
  // it stays with its input under another name
  const renamed = `${path}.1`
  renameSync(path, renamed)
  const again = await explained(7, renamed)
  expect(again).toMatchObject({ notes: [], source: { id: source.id, resource: { 'log.file.path': path } } })
  expect(again.pipelines).toEqual(pipelines)
})
