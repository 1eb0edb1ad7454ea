import fs from 'node:fs'
import { expect, test } from 'vitest'
import type { FollowInput } from '../../src/inputs/file/follower.ts'
import { Logs, olderThanRun } from './logs.ts'
import type { Run, RunOptions } from './run.ts'

const logs = new Logs()
const { at, append } = logs

function follow(more: Partial<FollowInput> = {}, options: Partial<RunOptions> = {}): Promise<Run> {
  return logs.follow('*.log', more, options)
}

test('follower drains a renamed file over several rotations', async () => {
  append('a.log', 'r0\n')
  const run = await follow()
  for (let i = 1; i <= 5; i++) {
    append('a.log', `late${i}\n`)
    for (let n = i; n > 1; n--) fs.renameSync(at(`a.log.${n - 1}`), at(`a.log.${n}`))
    fs.renameSync(at('a.log'), at('a.log.1'))
    append('a.log', `r${i}\n`)
    append('a.log.1', `held${i}\n`)
    await run.pass()
  }
  await run.pass(10_000)
  const expected = ['r0', ...[1, 2, 3, 4, 5].flatMap(i => [`late${i}`, `held${i}`, `r${i}`])]
  expect(run.texts.toSorted()).toEqual(expected.toSorted())
  expect(run.closed).toHaveLength(5)
})

test('follower reads on in a rotated file that grows after it had ended', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  fs.renameSync(at('a.log'), at('a.log.1'))
  append('a.log', 'new\n')
  await run.pass(5000)
  expect(run.closed).toHaveLength(1)
  append('a.log.1', 'late\n')
  await run.pass(2000)
  expect(run.texts).toEqual(['one', 'new', 'late'])
  expect(run.rows.at(-1)?.id).toBe(run.rows[0]!.id)
})

test('follower finds a file that was rotated out of the patterns while it was stopped', async () => {
  append('a.log', 'one\n')
  await (await follow()).stop()
  append('a.log', 'two\n')
  fs.renameSync(at('a.log'), at('a.log.1'))
  append('a.log', 'three\n')
  fs.renameSync(at('a.log.1'), at('a.log.2'))
  fs.renameSync(at('a.log'), at('a.log.1'))
  append('a.log', 'four\n')
  const run = await follow()
  await run.pass(5000)
  // the middle one was never seen by a run and has left the patterns
  expect(run.texts.toSorted()).toEqual(['four', 'two'])
  await run.stop()
  const last = await follow()
  await last.pass(5000)
  expect(last.texts).toEqual([])
})

test('follower does not read a finished file again under its new name', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  fs.renameSync(at('a.log'), at('old-a.log'))
  await run.pass(5000)
  await run.stop()
  const second = await follow()
  await second.pass(3000)
  expect([...run.texts, ...second.texts]).toEqual(['one'])
})

test('follower starts a new generation when a file is truncated, and counts what it had not read', async () => {
  append('a.log', 'one\ntwo\n')
  const run = await follow()
  fs.truncateSync(at('a.log'), 0)
  append('a.log', 'x\n')
  await run.pass()
  expect(run.texts).toEqual(['one', 'two', 'x'])
  expect(run.lost).toEqual([])
  expect(run.rows[2]!.id).not.toBe(run.rows[0]!.id)
})

test('follower counts bytes that were truncated unread', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  append('a.log', '1234567\n')
  run.follower.scan()
  fs.truncateSync(at('a.log'), 0)
  await run.pass(2000)
  expect(run.lost).toEqual([{ reason: 'truncated_gap', bytes: 8, path: at('a.log') }])
})

test('follower notices a file that was truncated and has grown past the old end between two looks', async () => {
  append('a.log', 'old 0\n'.repeat(20))
  const run = await follow()
  for (let round = 1; round <= 20; round++) {
    fs.truncateSync(at('a.log'), 0)
    append('a.log', `new ${round}\n`.repeat(20 + round * 2))
    await run.pass(2000)
    const ids = run.rows.filter(row => row.text === `new ${round}`)
    expect(ids).toHaveLength(20 + round * 2)
  }
  expect(run.rows).toHaveLength(20 + 20 * 20 + 420)
})

function heartbeats(from: number, count: number): string {
  return Array.from({ length: count }, (_, n) => `${from + n} ok ${'the same in every line '.repeat(4)}\n`).join('')
}

test('follower notices that also where all lines end alike', async () => {
  append('a.log', heartbeats(1000, 20))
  const run = await follow()
  fs.truncateSync(at('a.log'), 0)
  append('a.log', heartbeats(2000, 60))
  await run.pass(2000)
  expect(run.texts.map(text => Number(text.slice(0, 4)))).toEqual([
    ...Array.from({ length: 20 }, (_, n) => 1000 + n),
    ...Array.from({ length: 60 }, (_, n) => 2000 + n)
  ])
})

test('follower takes no byte of what a truncated file has grown to for a lost one', async () => {
  append('a.log', 'old\n'.repeat(10))
  const run = await follow()
  append('a.log', 'unread\n')
  run.follower.scan()
  fs.truncateSync(at('a.log'), 0)
  append('a.log', 'new\n'.repeat(500))
  await run.pass(2000)
  expect(run.lost).toEqual([{ reason: 'truncated_gap', bytes: 7, path: at('a.log') }])
  expect(run.texts.filter(text => text === 'new')).toHaveLength(500)
})

test('follower notices truncation and regrowth while it was stopped', async () => {
  append('a.log', 'same head, same head\nold\n'.repeat(80))
  const first = await follow()
  await first.stop()
  fs.truncateSync(at('a.log'), 0)
  append('a.log', `${'same head, same head\nold\n'.repeat(60)}${'fresh\n'.repeat(200)}`)
  const second = await follow()
  expect(second.texts.filter(text => text === 'fresh')).toHaveLength(200)
  expect(second.rows).toHaveLength(320)
  await second.stop()
  const third = await follow()
  await third.pass()
  expect(third.texts).toEqual([])
})

test('follower keeps the number of the generation over a stop with the file still empty', async () => {
  append('a.log', 'one\n')
  const first = await follow()
  await first.pass()
  fs.truncateSync(at('a.log'), 0)
  await first.pass(3000)
  await first.stop()
  await (await follow()).stop()
  append('a.log', 'one\n')
  const third = await follow()
  expect(third.texts).toEqual(['one'])
  expect(third.rows[0]!.id).not.toBe(first.rows[0]!.id)
})

test('follower tells a file that got the inode of a deleted one, live and after a stop', async ({ skip }) => {
  append('a.log', 'same banner\nrow\n')
  let run = await follow()
  const known = new Set<number>()
  const reused = { live: 0, stopped: 0 }
  for (let round = 0; round < 6; round++) {
    const when = round % 2 === 0 ? 'stopped' : 'live'
    known.add(fs.statSync(at('a.log')).ino)
    // Of a file at rest it closes its handle after a minute: only then the inode is free.
    if (when === 'stopped') await run.stop()
    else await run.pass(90_000)
    reused[when] += Number(recreate('a.log', `same banner\nrow\nmore ${round}\n`, known))
    const before = when === 'live' ? run.rows.length : 0
    if (when === 'stopped') run = await follow()
    else await run.pass(2000)
    expect(run.texts.slice(before)).toEqual(['same banner', 'row', `more ${round}`])
  }
  skip(reused.live === 0 || reused.stopped === 0, 'the file system has not given an inode again')
})

/** A file named so with one of these inodes; many file systems soon give them again. Returns whether this one has. */
function recreate(name: string, text: string, inodes: ReadonlySet<number>): boolean {
  for (let tries = 0; tries < 200; tries++) {
    fs.unlinkSync(at(name))
    fs.writeFileSync(at(name), text)
    if (inodes.has(fs.statSync(at(name)).ino)) return true
  }
  return false
}

test('follower reads a deleted file to its end while it is open', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  const fd = fs.openSync(at('a.log'), 'a')
  fs.unlinkSync(at('a.log'))
  fs.writeSync(fd, 'two\n')
  await run.pass(2000)
  fs.writeSync(fd, 'three\n')
  fs.closeSync(fd)
  await run.pass(15_000)
  expect(run.texts).toEqual(['one', 'two', 'three'])
  expect(run.closed).toHaveLength(1)
  expect(logs.link.stored().sources).toEqual([])
})

test('follower keeps a file open that has unread bytes, however long nobody reads them', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  append('a.log', 'two\n')
  for (let second = 0; second < 90; second++) await run.clock.advance(1000)
  fs.unlinkSync(at('a.log'))
  await run.pass(15_000)
  expect(run.texts).toEqual(['one', 'two'])
  expect(run.lost).toEqual([])
})

test('follower counts what was deleted unread while it was stopped', async () => {
  append('a.log', 'one\ntwo\n')
  const first = await follow({}, { settles: false })
  await first.stop()
  fs.unlinkSync(at('a.log'))
  const second = await follow()
  expect(second.lost).toEqual([{ reason: 'deleted_unread', bytes: 8, path: at('a.log') }])
})

test.each(['shorter', 'longer'])('follower reads a %s new generation of a file that it had left alone', async how => {
  const old = 'old\n'.repeat(300)
  append('a.log', old)
  await olderThanRun()
  const run = await follow({ readFrom: 'end' })
  await run.pass(2000)
  fs.truncateSync(at('a.log'), 0)
  append('a.log', 'x\n'.repeat(how === 'shorter' ? 3 : 900))
  await run.pass(2000)
  expect(run.rows).toHaveLength(how === 'shorter' ? 3 : 900)
})
