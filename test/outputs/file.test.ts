import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { tempFolder } from '../fakes/folder.ts'
import { FileRun, linesOf, modeOf } from './file-run.ts'

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
