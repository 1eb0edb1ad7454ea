import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Disk } from '../../src/inputs/file/disk.ts'
import type { FollowInput } from '../../src/inputs/file/follower.ts'
import { FaultyDisk } from '../fakes/disk.ts'
import { tempFolder } from '../fakes/folder.ts'
import { Logs, olderThanRun } from './logs.ts'
import type { Run, RunOptions } from './run.ts'

const logs = new Logs()
const { at, append } = logs
const criRow = (text: string): string => `2026-11-22T10:00:00.5Z stdout F ${text}\n`

function follow(more: Partial<FollowInput> = {}, options: Partial<RunOptions> = {}): Promise<Run> {
  return logs.follow('*.log', more, options)
}

/** A file named so with an inode that was used before; the file system soon gives it again. */
function recreate(name: string, text: string): void {
  const before = fs.statSync(at(name)).ino
  for (let i = 0; i < 200; i++) {
    fs.unlinkSync(at(name))
    fs.writeFileSync(at(name), text)
    if (fs.statSync(at(name)).ino === before) return
  }
}

test('follower reads what is there and what comes', async () => {
  append('a.log', 'one\ntwo\n')
  const run = await follow()
  expect(run.texts).toEqual(['one', 'two'])
  append('a.log', 'three\n')
  append('b.log', 'new\n')
  await run.pass()
  expect(run.texts).toEqual(['one', 'two', 'three', 'new'])
  expect(run.rows.map(row => row.position)).toEqual([0, 4, 8, 0])
})

test('follower finds a new file however often other names come and go', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  append('b.log', 'new\n')
  for (let round = 0; round < 40; round++) {
    append('x.tmp', '')
    fs.unlinkSync(at('x.tmp'))
    await run.pass(40)
  }
  expect(run.texts).toEqual(['one', 'new'])
})

test('follower is told of a file that took the place of another one', async () => {
  fs.mkdirSync(at('other'))
  append('a.log', 'one\n')
  const run = await follow()
  for (let round = 1; round <= 3; round++) {
    fs.renameSync(at('a.log'), at(`other/${round}`))
    append('a.log', `new ${round}\n`)
    await run.pass(100)
    expect(run.texts).toHaveLength(1 + round)
  }
})

test('follower goes on where the cursor stands', async () => {
  append('a.log', 'one\ntwo\n')
  const first = await follow()
  await first.stop()
  append('a.log', 'three\n')
  const second = await follow()
  expect(second.texts).toEqual(['three'])
  expect(second.rows[0]!.id).toBe(first.rows[0]!.id)
})

test('follower reads rows again that were not settled, under the same id and position', async () => {
  append('a.log', 'one\ntwo\n')
  const first = await follow({}, { settles: false })
  await first.pass()
  await first.stop()
  const second = await follow()
  expect(second.rows).toEqual(first.rows)
  expect([...second.readers.keys()][0]!.repeatsUntil).toBe(8)
})

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

test('follower leaves alone what the configuration no longer names', async () => {
  append('a.log', 'one\n')
  append('b.log', 'two\n')
  const first = await follow()
  await first.stop()
  append('a.log', 'three\n')
  const second = await follow({ paths: [at('b.log')] })
  await second.pass(3000)
  expect([second.texts, second.lost, second.follower.paths]).toEqual([[], [], [at('b.log')]])
  await second.stop()
  const third = await follow()
  expect(third.texts).toEqual(['three'])
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

test('follower tells a file that got the inode of a deleted one, live and after a stop', async () => {
  append('a.log', 'same banner\nrow\n')
  let run = await follow()
  for (let round = 0; round < 6; round++) {
    if (round % 2 === 0) {
      await run.stop()
      recreate('a.log', `same banner\nrow\nmore ${round}\n`)
      run = await follow()
    } else recreate('a.log', `same banner\nrow\nmore ${round}\n`)
    const before = run.rows.length
    if (round % 2 === 1) await run.pass(2000)
    expect(run.texts.slice(round % 2 === 1 ? before : 0)).toEqual(['same banner', 'row', `more ${round}`])
  }
})

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

test('follower takes twins for two files, hard links and overlapping patterns for one', async () => {
  fs.mkdirSync(at('x'))
  append('a.log', 'twin\n')
  append('x/a.log', 'twin\n')
  fs.linkSync(at('a.log'), at('b.log'))
  const run = await follow({ paths: [at('**/*.log'), at('a.log'), at('{a,b}.log')] })
  await run.pass(3000)
  expect(run.texts).toEqual(['twin', 'twin'])
  expect(new Set(run.rows.map(row => row.id)).size).toBe(2)
})

test('follower waits for the first complete row, but not for ever', async () => {
  append('empty.log', '')
  append('a.log', 'part')
  const run = await follow()
  await run.pass(3000)
  expect(run.readers.size).toBe(0)
  append('a.log', 'ial\n')
  append('b.log', 'never ends')
  await run.pass(1000)
  expect(run.texts).toEqual(['partial'])
  await run.pass(7000)
  run.cut()
  expect(run.texts).toEqual(['partial', 'never ends'])
})

test('follower never gives the bytes of a cut row out again', async () => {
  append('a.log', 'one\nhalf')
  const first = await follow()
  first.cut()
  expect(first.texts).toEqual(['one', 'half'])
  // killed before the cursor was stored
  const second = await follow()
  append('a.log', ' rest\nlast\n')
  await second.pass()
  expect(second.texts).toEqual(['one', 'half', ' rest', 'last'])
  expect(second.rows.slice(0, 2).map(row => [row.position, row.length])).toEqual([
    [0, 4],
    [4, 4]
  ])
})

test('follower reads nothing but regular files below its folders', async () => {
  execFileSync('mkfifo', [at('fifo.log')])
  fs.symlinkSync('/etc/passwd', at('passwd.log'))
  fs.symlinkSync('/etc', at('etc'))
  // somebody else's link in the fixed part of a path
  if (process.getuid?.() === 0) fs.lchownSync(at('etc'), 65534, 65534)
  else fs.unlinkSync(at('etc'))
  append('target.txt', 'inside\n')
  fs.symlinkSync(at('target.txt'), at('inside.log'))
  const run = await follow({ paths: [at('*.log'), at('etc/passwd')] })
  expect(run.rows).toEqual([])
  const links = await follow({ followSymlinks: true, name: 'links' })
  expect(links.texts).toEqual(['inside'])
})

test('links that lead in circles, or many ways to one folder, are walked once', async () => {
  const outside = tempFolder()
  fs.mkdirSync(at('deep/deeper'), { recursive: true })
  append('deep/deeper/a.log', 'inside\n')
  for (const name of ['one', 'two', 'three']) {
    fs.symlinkSync(at('deep'), at(name))
    fs.symlinkSync('..', at(`deep/${name}`))
    fs.symlinkSync(at('.'), at(`deep/deeper/${name}`))
    fs.symlinkSync(outside, at(`deep/outside-${name}`))
    fs.symlinkSync(outside, join(outside, name))
    fs.symlinkSync(at('.'), join(outside, `back-${name}`))
  }
  fs.writeFileSync(join(outside, 'b.log'), 'outside\n')
  let calls = 0
  const disk = faulty(() => {
    calls++
    return undefined
  })
  const links = { followSymlinks: true, linkRoots: [outside] }
  const run = await logs.follow('**/*.log', links, { disk })
  await run.pass()
  expect(run.texts.toSorted()).toEqual(['inside', 'outside'])
  expect(run.rows.map(row => row.path)).toContain(at('deep/deeper/a.log'))
  fs.writeFileSync(join(outside, 'c.txt'), 'text\n')
  const several = [at('**/none'), at('**/*.txt'), at('deep/**/deeper/**/*.log')]
  const second = await follow({ paths: several, name: 'second', ...links }, { disk })
  expect(second.texts.toSorted()).toEqual(['inside', 'outside', 'text'])
  expect(calls).toBeLessThan(1000)
})

function faulty(fault: () => string | undefined): Disk {
  const disk = new FaultyDisk()
  disk.fault = fault
  return disk.disk
}

test.each(['EACCES', 'EMFILE', 'EIO', 'ESTALE'])(
  'follower forgets nothing while every call fails with %s',
  async code => {
    append('a.log', 'one\n')
    append('b.log', 'other\n')
    let fault: string | undefined
    const run = await follow({}, { disk: faulty(() => fault) })
    fault = code
    append('a.log', 'two\n')
    await run.pass(30_000)
    fault = undefined
    await run.pass(3000)
    expect(run.texts).toEqual(['one', 'other', 'two'])
    expect(run.lost).toEqual([])
    await run.stop()

    append('a.log', 'three\n')
    fault = code
    const second = await follow({}, { disk: faulty(() => fault) })
    await second.pass(5000)
    fault = undefined
    await second.pass(6000)
    expect(second.texts).toEqual(['three'])
    expect(second.lost).toEqual([])
  }
)

test('follower gets over a folder that goes and comes back', async () => {
  fs.mkdirSync(at('sub'))
  append('sub/a.log', 'one\n')
  const run = await follow({ paths: [at('sub/*.log')] })
  fs.rmSync(at('sub'), { recursive: true })
  await run.pass(15_000)
  fs.mkdirSync(at('sub'))
  append('sub/a.log', 'two\n')
  await run.pass(3000)
  expect(run.texts).toEqual(['one', 'two'])
})

test.each([
  ['beginning', ['1', '2', '3']],
  ['end', []],
  [2, ['2', '3']]
] as const)('follower starts at %s in files that are there at first', async (readFrom, expected) => {
  append('a.log', '1\n2\n3\n')
  await olderThanRun()
  const first = await follow({ readFrom })
  expect(first.texts).toEqual(expected)
  append('b.log', 'b\n')
  await first.pass()
  await first.stop()
  append('a.log', '4\n')
  append('c.log', 'c\n')
  const second = await follow({ readFrom })
  expect([...first.texts, ...second.texts]).toEqual([...expected, 'b', '4', 'c'])
})

test('follower leaves old files alone until they grow', async () => {
  append('a.log', 'old\n')
  const longAgo = new Date(Date.now() - 48 * 3600 * 1000)
  fs.utimesSync(at('a.log'), longAgo, longAgo)
  await olderThanRun()
  const run = await follow()
  await run.pass(2000)
  expect(run.texts).toEqual([])
  append('a.log', 'new\n')
  await run.pass(2000)
  expect(run.texts).toEqual(['new'])
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

test('follower takes the fields of a container from the names of its log', async () => {
  const id = 'c0ffee'.repeat(11).slice(0, 64)
  fs.mkdirSync(at('pods/shop_web-1_uid-1/nginx'), { recursive: true })
  fs.mkdirSync(at('containers'))
  append('pods/shop_web-1_uid-1/nginx/0.log', criRow('one'))
  fs.symlinkSync(at('pods/shop_web-1_uid-1/nginx/0.log'), at(`containers/web-1_shop_nginx-${id}.log`))
  const paths = [at('containers/*.log'), at('pods/*/*/*.log')]
  const run = await follow({ paths, framing: 'containers', pathFields: 'containers', followSymlinks: true })
  expect(run.texts).toEqual(['one'])
  const [source] = run.readers.keys()
  expect(source).toMatchObject({
    service: 'nginx',
    resource: {
      'kubernetes.namespace': 'shop',
      'kubernetes.pod.name': 'web-1',
      'kubernetes.pod.uid': 'uid-1',
      'container.name': 'nginx',
      'container.id': id
    }
  })
  // as the kubelet rotates
  append('pods/shop_web-1_uid-1/nginx/0.log', criRow('two'))
  fs.renameSync(at('pods/shop_web-1_uid-1/nginx/0.log'), at('pods/shop_web-1_uid-1/nginx/0.log.20261122-100000'))
  append('pods/shop_web-1_uid-1/nginx/0.log', criRow('three'))
  await run.pass(5000)
  expect(run.texts.toSorted()).toEqual(['one', 'three', 'two'])
})
