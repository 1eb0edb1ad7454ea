import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Verdict } from '../../src/core/outcome.ts'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { tempFolder } from '../fakes/folder.ts'
import { FileRun, linesOf, modeOf, never } from './file-run.ts'
import { newSource } from './rows.ts'

const source = newSource().id

describe('file', () => {
  it('appends rows as documents or as they were read, in a folder of its own', async () => {
    const folder = tempFolder()
    const path = join(folder, 'audit/auth.ndjson')
    const documents = new FileRun(path, { format: 'ndjson' })
    await documents.send(['one', 'two'])
    expect(linesOf(path).map(line => JSON.parse(line) as object)).toMatchObject([
      { message: 'one' },
      { message: 'two' }
    ])
    expect([modeOf(path), modeOf(join(folder, 'audit'))]).toEqual([0o600, 0o700])
    await documents.output.close!()
    const lines = new FileRun(join(folder, 'all.log'), { readable_by: 'group' })
    await lines.send(['one', 'two'])
    await lines.send(['three'], 100)
    expect(linesOf(join(folder, 'all.log'))).toEqual(['one', 'two', 'three'])
    expect(modeOf(join(folder, 'all.log'))).toBe(0o640)
    await lines.output.close!()
  })

  it.each([0o077, 0o177])('lets those find its folders who may read it, whatever the umask is: %o', async mask => {
    const folder = tempFolder()
    const run = new FileRun(join(folder, 'a/b/c.log'), { readable_by: 'group' })
    const old = process.umask(mask)
    try {
      await run.send(['one'])
    } finally {
      process.umask(old)
    }
    expect(['a', 'a/b', 'a/b/c.log'].map(path => modeOf(join(folder, path)))).toEqual([0o750, 0o750, 0o640])
    await run.output.close!()
  })

  it('writes what comes at the same time one behind the other', async () => {
    const path = join(tempFolder(), 'a.log')
    const run = new FileRun(path)
    const pairs = Array.from({ length: 20 }, (_, i) => [`${i}-a`, `${i}-b`])
    await Promise.all(pairs.map((pair, i) => run.send(pair, i * 100)))
    expect(linesOf(path)).toEqual(pairs.flat())
    await run.output.close!()
  })
})

/** A run that wrote two batches and of which nothing more is known. */
async function killed(path: string, options: object = {}) {
  const notes = new Map<string, string>()
  const run = new FileRun(path, options, {}, notes)
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
    const run = new FileRun(path, {}, {}, await killed(path))
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
      const run = new FileRun(path, {}, {}, notes)
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
    const run = new FileRun(path, {}, {}, notes)
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
    const run = new FileRun(path, {}, {}, notes)
    const { each } = await run.sendAgain(lines)
    expect(each!.verdict.filter(verdict => verdict === Verdict.delivered)).toHaveLength(delivered)
    expect(linesOf(path)).toEqual(expected)
    await run.output.close!()
  })

  it('looks for the end of the last run where that has written, whatever the path is now', async () => {
    const folder = tempFolder()
    const notes = await killed(join(folder, 'a.log'))
    truncateSync(join(folder, 'a.log'), 10)
    const run = new FileRun(join(folder, 'b.log'), {}, {}, notes)
    await run.sendAgain(lines)
    expect(linesOf(join(folder, 'a.log'))).toEqual(['one', 'two'])
    expect(linesOf(join(folder, 'b.log'))).toEqual([...rest, 'five'])
    await run.output.close!()
  })

  it('knows rows of rotated files', async () => {
    const folder = tempFolder()
    const path = join(folder, 'a.log')
    const notes = await killed(path, { rotate: { max_bytes: 1024 } })
    const run = new FileRun(path, { rotate: { max_bytes: 1024 } }, {}, notes)
    await run.send(['x'.repeat(1020)], 100)
    await run.output.close!()
    const next = new FileRun(path, {}, {}, notes)
    expect((await next.sendAgain(lines)).each!.verdict.filter(one => one === Verdict.exists)).toHaveLength(4)
    await next.output.close!()
  })

  it('forgets rows that cursors have passed', async () => {
    const path = join(tempFolder(), 'a.log')
    const notes = new Map<string, string>()
    let cursor = 0
    const run = new FileRun(path, {}, { cursor: () => cursor }, notes)
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
    const run = new FileRun(path, {}, { log })
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
    const run = new FileRun(path)
    const fault = { fault: 'pause', unknown: false, message: expect.stringContaining(said) as string }
    await expect(run.send(['one'])).rejects.toMatchObject(fault)
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
    expect(await new FileRun(path).output.look!()).toEqual([{ what: path, state, text }])
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

function follows(pattern: string): string {
  return `type: file, paths: ["${pattern}"]`
}

/** What is said of a configuration with these inputs and outputs. */
async function said(inputs: string, outputs: string, more = ''): Promise<string[]> {
  const path = join(tempFolder(), 'file.yaml')
  writeFileSync(path, `version: 1\ninputs: { logs: { ${inputs} } }\noutputs: { ${outputs} }\n${more}`)
  const loaded = await loadConfig([path], { env: {}, components })
  return 'problems' in loaded ? loaded.problems.map(({ message }) => message) : []
}
