import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { OutputContext } from '../../src/config/define.ts'
import type { Output, Shipment, Verdicts } from '../../src/core/output.ts'
import { Verdict } from '../../src/core/outcome.ts'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { file } from '../../src/outputs/file/index.ts'
import { FakeClock } from '../fakes/clock.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { tempFolder } from '../fakes/folder.ts'
import { newContext } from './context.ts'
import { newBatch, newBody, newSource, shipmentOf } from './rows.ts'

const never = new AbortController().signal
const source = newSource().id

/** An output of one run: what it notes stays for the next. */
class Run {
  readonly output: Output

  constructor(
    path: string,
    options: object = {},
    context: Partial<OutputContext> = {},
    notes = new Map<string, string>()
  ) {
    const given = { path, format: 'raw', ...options }
    this.output = file.create(optionsOf(file, given), newContext(notes, context)) as Output
  }

  shipment(lines: readonly string[], from = 0, more: Partial<Shipment> = {}): Shipment {
    const { batch } = newBatch(lines.map(line => ({ line })))
    for (let row = 0; row < batch.rows; row++) batch.positions[row]! += from
    const body = newBody()
    this.output.encode(batch, body)
    return shipmentOf(body, more)
  }

  send(lines: readonly string[], from = 0, more: Partial<Shipment> = {}): Promise<Verdicts> {
    return this.output.send(this.shipment(lines, from, more), never)
  }

  /** The same rows as an earlier run may have sent them. */
  sendAgain(lines: readonly string[], from = 0): Promise<Verdicts> {
    return this.send(lines, from, { mayRepeat: new Uint8Array(lines.length).fill(1) })
  }
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

const big = (letter: string): string => letter.repeat(600)
const follows = (pattern: string): string => `type: file, paths: ["${pattern}"]`
/** What is said of a configuration with these inputs and outputs. */
const said = async (inputs: string, outputs: string, more = ''): Promise<string[]> => {
  const path = join(tempFolder(), 'file.yaml')
  writeFileSync(path, `version: 1\ninputs: { logs: { ${inputs} } }\noutputs: { ${outputs} }\n${more}`)
  const loaded = await loadConfig([path], { env: {}, components })
  return 'problems' in loaded ? loaded.problems.map(({ message }) => message) : []
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('file', () => {
  it('appends rows as documents or as they were read, in a folder of its own', async () => {
    const folder = tempFolder()
    const path = join(folder, 'audit/auth.ndjson')
    const documents = new Run(path, { format: 'ndjson' })
    await documents.send(['one', 'two'])
    expect(linesOf(path).map(line => JSON.parse(line) as object)).toMatchObject([
      { message: 'one' },
      { message: 'two' }
    ])
    expect([modeOf(path), modeOf(join(folder, 'audit'))]).toEqual([0o600, 0o700])
    await documents.output.close!()
    const lines = new Run(join(folder, 'all.log'), { readable_by: 'group' })
    await lines.send(['one', 'two'])
    await lines.send(['three'], 100)
    expect(linesOf(join(folder, 'all.log'))).toEqual(['one', 'two', 'three'])
    expect(modeOf(join(folder, 'all.log'))).toBe(0o640)
    await lines.output.close!()
  })

  it('writes what comes at the same time one behind the other', async () => {
    const path = join(tempFolder(), 'a.log')
    const run = new Run(path)
    const pairs = Array.from({ length: 20 }, (_, i) => [`${i}-a`, `${i}-b`])
    await Promise.all(pairs.map((pair, i) => run.send(pair, i * 100)))
    expect(linesOf(path)).toEqual(pairs.flat())
    await run.output.close!()
  })
})

/** A run that wrote two batches and of which nothing more is known. */
async function killed(path: string, options: object = {}) {
  const notes = new Map<string, string>()
  const run = new Run(path, options, {}, notes)
  await run.send(['one', 'two'])
  await run.send(['three', 'four'], 8)
  await run.output.close!()
  return notes
}

describe('file, after a kill', () => {
  const lines = ['one', 'two', 'three', 'four', 'five']
  const rest = ['three', 'four']

  it('knows the rows that it has', async () => {
    const path = join(tempFolder(), 'a.log')
    const run = new Run(path, {}, {}, await killed(path))
    const { each } = await run.sendAgain(lines)
    const { exists, delivered } = Verdict
    expect([...each!.verdict]).toEqual([exists, exists, exists, exists, delivered])
    expect(linesOf(path)).toEqual(lines)
    await run.output.close!()
  })

  it('cuts off what is left of an unfinished append, wherever it ended', async () => {
    const folder = tempFolder()
    for (let missing = 1; missing <= 'three\nfour\n'.length; missing++) {
      const path = join(folder, `${missing}.log`)
      const notes = await killed(path)
      truncateSync(path, statSync(path).size - missing)
      const run = new Run(path, {}, {}, notes)
      await run.output.prepare!(never)
      expect(linesOf(path)).toEqual(['one', 'two'])
      await run.sendAgain(lines)
      expect(linesOf(path)).toEqual(lines)
      await run.output.close!()
    }
  })

  it('does not trust bytes that a power cut has left', async () => {
    const path = join(tempFolder(), 'a.log')
    const notes = await killed(path)
    truncateSync(path, 'one\ntwo\n'.length)
    appendFileSync(path, Buffer.alloc('three\nfour\n'.length))
    const run = new Run(path, {}, {}, notes)
    await run.sendAgain(lines)
    expect(linesOf(path)).toEqual(lines)
    await run.output.close!()
  })

  it.each<[string, (path: string) => void, readonly string[], number]>([
    ['was renamed', path => renameSync(path, `${path}.1`), ['five'], 1],
    ['was deleted: what may not have been written is written', path => rmSync(path), [...rest, 'five'], 3],
    ['was emptied', path => truncateSync(path), [...rest, 'five'], 3],
    ['is another one', path => (rmSync(path), writeFileSync(path, 'x')), ['x', ...rest, 'five'], 3],
    ['was gone on with', path => appendFileSync(path, 'x'), [...lines.slice(0, 4), 'x', 'five'], 1],
    [
      'was gone on with before its last rows were written',
      path => (truncateSync(path, 'one\ntwo\n'.length), appendFileSync(path, 'x\n')),
      ['one', 'two', 'x', ...rest, 'five'],
      3
    ]
  ])('goes on where the file %s', async (_, change, expected, delivered) => {
    const path = join(tempFolder(), 'a.log')
    const notes = await killed(path)
    change(path)
    const run = new Run(path, {}, {}, notes)
    const { each } = await run.sendAgain(lines)
    expect(each!.verdict.filter(verdict => verdict === Verdict.delivered)).toHaveLength(delivered)
    expect(linesOf(path)).toEqual(expected)
    await run.output.close!()
  })

  it('looks for the end of the last run where that has written, whatever the path is now', async () => {
    const folder = tempFolder()
    const notes = await killed(join(folder, 'a.log'))
    truncateSync(join(folder, 'a.log'), 10)
    const run = new Run(join(folder, 'b.log'), {}, {}, notes)
    await run.sendAgain(lines)
    expect(linesOf(join(folder, 'a.log'))).toEqual(['one', 'two'])
    expect(linesOf(join(folder, 'b.log'))).toEqual([...rest, 'five'])
    await run.output.close!()
  })

  it('knows rows of rotated files', async () => {
    const folder = tempFolder()
    const path = join(folder, 'a.log')
    const notes = await killed(path, { rotate: { max_bytes: 1024 } })
    const run = new Run(path, { rotate: { max_bytes: 1024 } }, {}, notes)
    await run.send(['x'.repeat(1020)], 100)
    await run.output.close!()
    const next = new Run(path, {}, {}, notes)
    expect((await next.sendAgain(lines)).each!.verdict.filter(one => one === Verdict.exists)).toHaveLength(4)
    await next.output.close!()
  })

  it('forgets rows that cursors have passed', async () => {
    const path = join(tempFolder(), 'a.log')
    const notes = new Map<string, string>()
    let cursor = 0
    const run = new Run(path, {}, { cursor: () => cursor }, notes)
    const noted = (): unknown =>
      (JSON.parse(notes.get('written')!) as { rows: unknown[][] }).rows.map(([, rows]) => rows)
    await run.send(['one', 'two'])
    await run.send(['three'], 8)
    expect(noted()).toEqual([{ [source]: [0, 4] }, { [source]: [8] }])
    cursor = 4
    await run.send(['four'], 14)
    expect(noted()).toEqual([{ [source]: [0, 4] }, { [source]: [8] }, { [source]: [14] }])
    cursor = 8
    await run.send(['five'], 19)
    expect(noted()).toEqual([{ [source]: [8] }, { [source]: [14] }, { [source]: [19] }])
    await run.output.close!()
  })
})

describe('file, in the hands of people', () => {
  it.each<[string, (path: string) => void, readonly string[], number]>([
    ['deleted', path => rmSync(path), ['two'], 1],
    ['moved', path => renameSync(path, `${path}.1`), ['two'], 1],
    ['emptied', path => truncateSync(path), ['two'], 1],
    ['cut within a line', path => truncateSync(path, 2), ['on', 'two'], 1],
    ['written to', path => appendFileSync(path, 'x\n'), ['one', 'x', 'two'], 0],
    ['written to without a line end', path => appendFileSync(path, 'x'), ['one', 'x', 'two'], 0]
  ])('goes on when its file is %s', async (_, change, expected, warnings) => {
    const path = join(tempFolder(), 'a.log')
    const said: string[] = []
    const log = { info() {}, error() {}, debug() {}, warn: (message: string) => said.push(message) }
    const run = new Run(path, {}, { log })
    await run.send(['one'])
    change(path)
    await run.send(['two'], 4)
    expect(linesOf(path)).toEqual(expected)
    expect(said).toHaveLength(warnings)
    await run.output.close!()
  })

  it.each<[string, (path: string) => void, string]>([
    ['a link', path => symlinkSync('/etc/hostname', path), 'it is a symbolic link'],
    ['a folder', path => mkdirSync(path), 'EISDIR'],
    ['a pipe', path => execFileSync('mkfifo', [path]), 'it is no regular file'],
    ['in a file', path => writeFileSync(join(path, '..'), ''), 'ENOTDIR']
  ])('pauses where its path is %s', async (_, make, said) => {
    const folder = join(tempFolder(), 'logs')
    if (said !== 'ENOTDIR') mkdirSync(folder)
    const path = join(folder, 'a.log')
    make(path)
    const run = new Run(path)
    const fault = { fault: 'pause', unknown: false, message: expect.stringContaining(said) as string }
    await expect(run.send(['one'])).rejects.toMatchObject(fault)
    await run.output.close!()
  })
})

describe('file, rotation', () => {
  const start = Date.UTC(2026, 10, 30, 22, 40)

  function rotating(options: { rotate?: object; keep?: object }) {
    const clock = new FakeClock(start)
    const folder = tempFolder()
    const path = join(folder, 'auth.ndjson')
    const given = { ...options, rotate: { max_bytes: 1024, ...options.rotate } }
    const run = new Run(path, given, { clock })
    let at = 0
    const send = async (letter: string): Promise<Verdicts> => run.send([big(letter)], (at += 1000))
    /** What each file has, by its name. */
    const files = (): Record<string, string> => {
      const entries = readdirSync(folder).toSorted()
      return Object.fromEntries(
        entries.map(name => {
          const bytes = readFileSync(join(folder, name))
          return [name, [...new Set((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())].join('').trim()]
        })
      )
    }
    return { clock, folder, path, run, send, files }
  }

  it('begins a new file by size, compresses the full one and keeps its mode', async () => {
    const { clock, folder, run, send, files } = rotating({})
    for (const letter of 'abc') {
      await send(letter)
      clock.move(1000)
    }
    await expect.poll(files, { timeout: 60_000 }).toEqual({
      'auth-20261130T224001.000Z.ndjson.gz': 'a',
      'auth-20261130T224002.000Z.ndjson.gz': 'b',
      'auth.ndjson': 'c'
    })
    expect(modeOf(join(folder, 'auth-20261130T224001.000Z.ndjson.gz'))).toBe(0o600)
    await run.output.close!()
  })

  it('begins a new file by age, with the first row that is too late for the old one', async () => {
    const { clock, run, send, files } = rotating({ rotate: { max_age: '1h', compression: 'none', max_bytes: '1MiB' } })
    await send('a')
    clock.move(3_500_000)
    await send('b')
    clock.move(200_000)
    expect(files()).toEqual({ 'auth.ndjson': 'a\nb' })
    await send('c')
    expect(Object.values(files())).toEqual(['a\nb', 'c'])
    await run.output.close!()
  })

  it('gives names that follow each other, though the clock goes back', async () => {
    const { clock, run, send, files } = rotating({ rotate: { compression: 'none' } })
    for (const letter of 'abcd') {
      await send(letter)
      clock.step(-5000)
    }
    expect(Object.values(files())).toEqual(['a', 'b', 'c', 'd'])
    await run.output.close!()
  })

  it.each<[string, object, string]>([
    ['by number', { max_files: 2 }, 'cde'],
    ['by age', { max_age: '2500ms' }, 'bcde'],
    ['all', {}, 'abcde']
  ])('keeps rotated files: %s, and what is none of them', async (_, keep, left) => {
    const { clock, folder, run, send, files } = rotating({ keep, rotate: { compression: 'none' } })
    const others = ['auth-old.ndjson', 'auth-20261130T224000.000Z.txt', 'auth-20261330T224000.000Z.ndjson']
    for (const name of others) writeFileSync(join(folder, name), name)
    for (const letter of 'abcde') {
      await send(letter)
      clock.move(1000)
    }
    for (const name of others) expect(files()).toHaveProperty([name])
    const own = (): string => {
      const ours = Object.entries(files()).filter(([name]) => !others.includes(name))
      return ours.map(([, letters]) => letters).join('')
    }
    await expect.poll(own, { timeout: 60_000 }).toBe(left)
    await run.output.close!()
  })

  it('finishes what a killed run has left half done', async () => {
    const { folder, run, files } = rotating({})
    const half = 'auth-20261130T220000.000Z.ndjson'
    const both = 'auth-20261130T221000.000Z.ndjson'
    writeFileSync(join(folder, half), 'h')
    writeFileSync(join(folder, `${half}.gz.tmp`), 'rubbish')
    writeFileSync(join(folder, both), 'b')
    execFileSync('gzip', ['-k', join(folder, both)])
    await run.output.prepare!(never)
    await expect
      .poll(files, { timeout: 60_000 })
      .toEqual({ [`${half}.gz`]: 'h', [`${both}.gz`]: 'b', 'auth.ndjson': '' })
    await run.output.close!()
  })

  it('touches no link, pipe or folder, whatever its name is, and goes on behind it', async () => {
    const { folder, run } = rotating({ keep: { max_files: 1 } })
    const at = (time: string): string => join(folder, `auth-20261130T${time}.000Z.ndjson`)
    const secret = join(tempFolder(), 'secret')
    writeFileSync(secret, 'secret')
    symlinkSync(secret, at('210000'))
    symlinkSync(secret, `${at('210500')}.gz`)
    execFileSync('mkfifo', [at('211000')])
    mkdirSync(at('212000'))
    mkdirSync(`${at('213000')}.gz.tmp`)
    writeFileSync(at('220000'), 'old')
    writeFileSync(at('221000'), 'new')
    symlinkSync(secret, at('222000'))
    const before = readdirSync(folder).filter(name => !/22[01]000/.test(name))
    await run.output.prepare!(never)
    const after = [...before, 'auth-20261130T221000.000Z.ndjson.gz', 'auth.ndjson'].toSorted()
    await expect.poll(() => readdirSync(folder).toSorted(), { timeout: 10_000 }).toEqual(after)
    expect(readFileSync(secret, 'utf8')).toBe('secret')
    await run.output.close!()
  })

  it('does not take the word of a compressed file that somebody else has begun', async () => {
    const { folder, run, files } = rotating({})
    const rotated = 'auth-20261130T220000.000Z.ndjson'
    writeFileSync(join(folder, rotated), 'h')
    writeFileSync(join(folder, `${rotated}.gz`), gzipSync('h').subarray(0, 5))
    await run.output.prepare!(never)
    await expect.poll(() => readdirSync(folder), { timeout: 10_000 }).toEqual([`${rotated}.gz`, 'auth.ndjson'])
    expect(files()).toEqual({ [`${rotated}.gz`]: 'h', 'auth.ndjson': '' })
    await run.output.close!()
  })

  it('goes on with the next one where one can not be compressed', async () => {
    const { folder, run } = rotating({})
    for (const minute of ['00', '10']) writeFileSync(join(folder, `auth-20261130T22${minute}00.000Z.ndjson`), 'h')
    // what is being written has a name that can not be taken
    mkdirSync(join(folder, 'auth-20261130T220000.000Z.ndjson.gz.tmp'))
    await run.output.prepare!(never)
    await expect.poll(() => readdirSync(folder), { timeout: 10_000 }).toContain('auth-20261130T221000.000Z.ndjson.gz')
    expect(readdirSync(folder)).toContain('auth-20261130T220000.000Z.ndjson')
    await run.output.close!()
  })

  it.each(['auth', 'auth.gz', 'auth.ndjson.gz', '.auth'])('knows rotated files of "%s"', async name => {
    const clock = new FakeClock(start)
    const folder = tempFolder()
    const rotate = { max_bytes: 1024, compression: 'none' }
    const run = new Run(join(folder, name), { rotate, keep: { max_files: 2 } }, { clock })
    for (const [i, letter] of ['a', 'b', 'c', 'd'].entries()) {
      await run.send([big(letter)], (i + 1) * 1000)
      clock.step(-5000)
    }
    const kept = (): string[] => readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8')[0]!)
    await expect.poll(() => kept().toSorted(), { timeout: 10_000 }).toEqual(['b', 'c', 'd'])
    await run.output.close!()
  })
})

describe('file, looked at', () => {
  it.each<[string, (path: string) => void, string, string]>([
    ['a file', path => writeFileSync(path, ''), 'ok', 'can be written'],
    ['not there', path => rmSync(join(path, '..'), { recursive: true }), 'ok', 'can be created'],
    ['a link', path => symlinkSync(join(path, '..', 'b.log'), path), 'failed', 'it is no regular file'],
    ['a folder', path => mkdirSync(path), 'failed', 'it is no regular file'],
    [
      'in a file',
      path => (rmSync(join(path, '..'), { recursive: true }), writeFileSync(join(path, '..'), '')),
      'failed',
      'ENOTDIR'
    ]
  ])('is %s', async (_, make, state, said) => {
    const path = join(tempFolder(), 'logs', 'a.log')
    mkdirSync(join(path, '..'))
    make(path)
    const text = expect.stringContaining(said) as string
    expect(await new Run(path).output.look!()).toEqual([{ what: path, state, text }])
  })
})

describe('file, its path', () => {
  const audit = 'audit: { type: file, path: /var/audit/auth.ndjson }'

  it.each([
    [
      'of another output',
      follows('/var/log/*.log'),
      `${audit}, b: { type: file, path: /var/audit/../audit/auth.ndjson }`
    ],
    ['that is followed', follows('/var/**/*.ndjson'), audit],
    ['whose rotated files are followed', follows('/var/audit/auth-*.ndjson'), audit],
    ['with fields', follows('/var/log/*.log'), 'b: { type: file, path: "/var/audit/{{service}}.ndjson" }'],
    ['with dates', follows('/var/log/*.log'), 'b: { type: file, path: "/var/audit/%Y.ndjson" }']
  ])('is none %s', async (_, inputs, outputs) => {
    expect(await said(inputs, outputs)).toEqual([expect.stringMatching(/^Cannot write to a file that|a path is taken/)])
  })

  it('is that of one pipeline: each would write, rotate and recover it by itself', async () => {
    const inputs = `${follows('/var/log/a/*.log')} }, more: { ${follows('/var/log/b/*.log')}`
    const pipelines = 'pipelines: { a: { inputs: [logs], outputs: [audit] }, b: { inputs: [more], outputs: [audit] } }'
    const message = 'Cannot write to a file from pipelines "a" and "b": give each an output of its own'
    expect(await said(inputs, audit, pipelines)).toEqual([message])
  })

  it.each([
    ['that is left out', `${follows('/var/**/*.ndjson')}, exclude: ["auth*"]`, ''],
    [
      'that feeds another pipeline',
      follows('/var/**/*.ndjson'),
      'pipelines: { p: { inputs: [logs], outputs: [null] } }'
    ]
  ])('may be one %s', async (_, inputs, more) => {
    expect(await said(inputs, `${audit}, null: { type: "null" }`, more)).toEqual([])
  })
})
