import { appendFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OutputContext } from '../../src/config/define.ts'
import { Verdict } from '../../src/core/outcome.ts'
import { tempFolder } from '../fakes/folder.ts'
import { newContext } from './context.ts'
import { FileRun, linesOf, never } from './file-run.ts'
import { newSource } from './rows.ts'

const source = newSource().id

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
    ],
    [
      'was gone on with behind what was left of its last rows',
      path => (truncateSync(path, 'one\ntwo\nthr'.length), appendFileSync(path, 'x'.repeat(20))),
      ['one', 'two', `thr${'x'.repeat(20)}`, ...rest, 'five'],
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

  it('knows rows of a file that was rotated last of all, though it is compressed', async () => {
    const folder = tempFolder()
    const path = join(folder, 'a.log')
    const notes = new Map<string, string>()
    const context = newContext(notes)
    let mostNotes = 2
    const setNote = (key: string, value: string): Promise<void> =>
      mostNotes-- > 0 ? context.setNote(key, value) : Promise.reject(new Error('killed'))
    const run = new FileRun(path, { rotate: { max_bytes: 1024 } }, { setNote }, notes)
    await run.send(['x'.repeat(1000)])
    await expect(run.send(['y'.repeat(1000)], 1001)).rejects.toMatchObject({ fault: 'retry' })
    await expect.poll(() => readdirSync(folder).join(), { timeout: 10_000 }).toMatch(/^a-[^,]*Z\.log\.gz,a\.log$/)
    await run.output.close!()
    const next = new FileRun(path, {}, {}, notes)
    const { each } = await next.sendAgain(['x'.repeat(1000), 'y'.repeat(1000)])
    expect([...each!.verdict]).toEqual([Verdict.exists, Verdict.delivered])
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

/** A run that has looked up rows of earlier ones. */
async function stage(context: Partial<OutputContext> = {}) {
  const path = join(tempFolder(), 'a.log')
  const run = new FileRun(path, {}, context)
  onTestFinished(() => run.output.close!())
  await run.sendAgain(['zero'])
  return { path, run }
}

describe('file, after a failure', () => {
  const lines = ['one', 'two']

  it('knows rows of its own, too', async () => {
    const { path, run } = await stage()
    await run.sendAgain(lines, 10)
    const { each } = await run.sendAgain(lines, 10)
    expect([...each!.verdict]).toEqual([Verdict.exists, Verdict.exists])
    expect(linesOf(path)).toEqual(['zero', ...lines])
  })

  it('writes rows that could not be noted, once', async () => {
    const notes = new Map<string, string>()
    const { setNote } = newContext(notes)
    let isFailing = false
    const { path, run } = await stage({
      setNote: (key, value) => (isFailing ? Promise.reject(new Error('rotten')) : setNote(key, value))
    })
    isFailing = true
    await expect(run.sendAgain(lines, 10)).rejects.toMatchObject({ fault: 'retry', unknown: false })
    isFailing = false
    await run.sendAgain(lines, 10)
    expect(linesOf(path)).toEqual(['zero', ...lines])
  })

  it('takes back what could not be flushed, and writes it once', async () => {
    const { path, run } = await stage()
    const handle = await open(path)
    const disk = Object.getPrototypeOf(handle) as { datasync: () => Promise<void> }
    await handle.close()
    const { datasync } = disk
    disk.datasync = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    try {
      await expect(run.send(lines, 10)).rejects.toThrow(`Cannot write to "${path}": the disk is full`)
    } finally {
      disk.datasync = datasync
    }
    expect(linesOf(path)).toEqual(['zero'])
    await run.sendAgain(lines, 10)
    expect(linesOf(path)).toEqual(['zero', ...lines])
  })
})
