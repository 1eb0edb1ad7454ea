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

test.each(['behind it', 'never', 'never, and the file is deleted'])(
  'follower waits one scan for the link to the log of a container, which comes %s',
  async how => {
    const id = 'c0ffee'.repeat(11).slice(0, 64)
    const folder = at('pods/shop_web-1_uid-1/nginx')
    fs.mkdirSync(folder, { recursive: true })
    fs.mkdirSync(at('containers'))
    append('pods/shop_web-1_uid-1/nginx/0.log', criRow('one'))
    const paths = [at('containers/*.log'), at('pods/*/*/*.log')]
    const run = await follow({ paths, framing: 'containers', pathFields: 'containers', followSymlinks: true })
    expect(run.texts).toEqual([])
    if (how === 'behind it') fs.symlinkSync(`${folder}/0.log`, at(`containers/web-1_shop_nginx-${id}.log`))
    append('pods/shop_web-1_uid-1/nginx/0.log', criRow('two'))
    await run.pass(100)
    expect(run.texts).toEqual([])
    if (how.endsWith('deleted')) fs.rmSync(folder, { recursive: true })
    await run.pass(2000)
    expect(run.texts).toEqual(['one', 'two'])
    const [source] = run.readers.keys()
    expect(source?.resource).toMatchObject({ 'kubernetes.pod.uid': 'uid-1', 'container.name': 'nginx' })
    expect(source?.resource['container.id']).toBe(how === 'behind it' ? id : undefined)
  }
)

/** Bytes at a place of a file, as another machine's writes come to a server in any order. */
function put(name: string, position: number, text: string): void {
  const fd = fs.openSync(at(name), 'r+')
  fs.writeSync(fd, text, position)
  fs.closeSync(fd)
}

test('follower reads what takes the place of NULs at the end of a file, once', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  fs.truncateSync(at('a.log'), 40)
  await run.pass(2000)
  put('a.log', 4, 'two\n')
  await run.pass(2000)
  expect(run.texts).toEqual(['one', 'two'])
  put('a.log', 40, 'four\n')
  put('a.log', 8, `three${'.'.repeat(26)}\n`)
  await run.pass(2000)
  expect(run.texts).toEqual(['one', 'two', `three${'.'.repeat(26)}`, 'four'])
  expect(run.lost).toEqual([])
})

test('follower reads a file that its writer has made room in', async () => {
  fs.writeFileSync(at('a.log'), Buffer.alloc(4096))
  const run = await follow()
  let position = 0
  for (let line = 0; line < 100; line++, position += 20) {
    put('a.log', position, `${String(line).padEnd(19, '.')}\n`)
    await run.pass(line < 5 ? 2000 : 100)
  }
  await run.pass(2000)
  expect(run.rows).toHaveLength(100)
  expect(new Set(run.texts).size).toBe(100)
  // what is left of the room is not waited for once it is rotated
  fs.renameSync(at('a.log'), at('a.log.1'))
  append('a.log', 'next\n')
  await run.pass(20_000)
  expect(run.texts.at(-1)).toBe('next')
  expect(run.follower.paths).toEqual([at('a.log')])
  expect(run.lost).toEqual([])
})
