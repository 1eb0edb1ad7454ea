import fs from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { systemDisk } from '../../src/inputs/file/disk.ts'
import { FaultyDisk } from '../fakes/disk.ts'
import { Logs, lines } from './logs.ts'

const logs = new Logs()
const { at, append } = logs
const old = new Date(Date.now() - 60_000)

beforeEach(() => {
  append('a.log', 'some bytes\n')
  append('other.log', 'same bytes\n')
  fs.utimesSync(at('a.log'), old, old)
  fs.utimesSync(at('other.log'), old, old)
})

test.each<[isLike: boolean, what: string, change: () => void]>([
  [true, 'is left alone', () => fs.readFileSync(at('a.log'))],
  [false, 'grows', () => append('a.log', 'more\n')],
  [false, 'has a new time', () => fs.utimesSync(at('a.log'), new Date(), new Date())],
  [false, 'is written anew, and dated back', () => rewrite('a.log', 'SOME BYTES\n')],
  [false, 'is replaced by one of its size and time', () => fs.renameSync(at('other.log'), at('a.log'))],
  [false, 'is a link now', () => (fs.rmSync(at('a.log')), fs.symlinkSync(at('other.log'), at('a.log')))],
  [false, 'is gone', () => fs.rmSync(at('a.log'))]
])('a file looks like before: %s, when it %s', (isLike, _what, change) => {
  const before = systemDisk.lstat(at('a.log'))!
  change()
  expect(systemDisk.looksLike(at('a.log'), before)).toBe(isLike)
})

test('of files at rest a scan asks no more than whether they look as before', async () => {
  for (let n = 0; n < 20; n++) append(`m${n}.log`, lines(0, 2))
  const faulty = new FaultyDisk()
  const run = await logs.follow('m*.log', {}, { disk: faulty.disk })
  await run.pass(10_000)
  const asked = { ...faulty.calls }
  run.follower.scan()
  expect(faulty.calls.looksLike - asked.looksLike).toBe(20)
  // with the folder, and the folders above it now and then
  expect(faulty.calls.lstat - asked.lstat - 20).toBeLessThan(10)
  expect(faulty.calls.fstat).toBe(asked.fstat)
  append('m7.log', 'news\n')
  run.follower.scan()
  await run.pass(1000)
  expect(run.texts.at(-1)).toBe('news')
})

test.each<[what: string, change: () => void]>([
  ['is dated back behind a change', () => append('logs/b.log', 'b\n')],
  ['is replaced by one of its time', replaceFolder]
])('a folder is listed again when it %s', async (_what, change) => {
  fs.mkdirSync(at('logs'))
  append('logs/a.log', 'a\n')
  fs.utimesSync(at('logs'), old, old)
  const run = await logs.follow('logs/*.log')
  await run.pass(10_000)
  change()
  fs.utimesSync(at('logs'), old, old)
  run.follower.scan()
  await run.pass(1000)
  expect(run.texts).toContain('b')
})

function replaceFolder(): void {
  fs.renameSync(at('logs'), at('logs.old'))
  fs.mkdirSync(at('logs'))
  append('logs/b.log', 'b\n')
}

function rewrite(name: string, text: string): void {
  fs.writeFileSync(at(name), text)
  fs.utimesSync(at(name), old, old)
}
