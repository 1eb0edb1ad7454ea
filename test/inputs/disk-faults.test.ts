import fs from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { FollowInput } from '../../src/inputs/file/follower.ts'
import { type Call, FaultyDisk } from '../fakes/disk.ts'
import { Logs } from './logs.ts'
import type { Run } from './run.ts'

const logs = new Logs()
const { at, append } = logs
let faulty: FaultyDisk

beforeEach(() => {
  faulty = new FaultyDisk()
})

function follow(more: Partial<FollowInput> = {}): Promise<Run> {
  return logs.follow('*.log*', more, { disk: faulty.disk })
}

const calls = Object.keys(new FaultyDisk().calls).filter(call => call !== 'close') as Call[]

test.each(calls)('nothing is lost, nor read twice, when %s fails now and then', async call => {
  let count = 0
  faulty.fault = name => (name === call && count++ % 3 === 1 ? 'EIO' : undefined)
  const run = await follow()
  for (let round = 0; round < 20; round++) {
    append('a.log', `a${round}\n`)
    append('b.log', `b${round}\n`)
    if (round % 5 === 4) fs.renameSync(at('b.log'), at(`b.log.${round}`))
    if (round % 7 === 6) {
      fs.copyFileSync(at('a.log'), at(`a.log.${round}`))
      fs.truncateSync(at('a.log'), 0)
    }
    await run.pass(1500)
  }
  faulty.fault = () => undefined
  await run.pass(20_000)
  const expected = Array.from({ length: 20 }, (_, round) => [`a${round}`, `b${round}`]).flat()
  expect(run.texts.toSorted()).toEqual(expected.toSorted())
  expect(run.lost).toEqual([])
  expect(count).toBeGreaterThan(call === 'linkTarget' ? -1 : 5)
})

test.each(['EACCES', 'ESTALE', 'EIO'])('a folder that gives %s for a while takes nothing with it', async code => {
  append('a.log', 'one\n')
  const run = await follow()
  faulty.fault = (call, subject) => (call !== 'close' && subject.startsWith(logs.folder) ? code : undefined)
  append('a.log', 'two\n')
  await run.pass(60_000)
  expect(run.follower.problems.length).toBeGreaterThan(0)
  faulty.fault = () => undefined
  await run.pass(5000)
  expect(run.texts).toEqual(['one', 'two'])
  expect(run.lost).toEqual([])
  expect(run.follower.problems).toEqual([])
})

test('what its server has lost is opened again', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  const { open } = faulty.calls
  const isStale = (call: string): boolean => faulty.calls.open === open && (call === 'read' || call === 'fstat')
  faulty.fault = call => (isStale(call) ? 'ESTALE' : undefined)
  append('a.log', 'two\n')
  await run.pass(3000)
  append('a.log', 'three\n')
  await run.pass(3000)
  expect(run.texts).toEqual(['one', 'two', 'three'])
  expect(run.lost).toEqual([])
})

test('what somebody else has deleted on a server, unread, is counted', async () => {
  append('a.log', 'one\n')
  const run = await follow()
  faulty.fault = call => (call === 'read' || call === 'fstat' ? 'ESTALE' : undefined)
  append('a.log', 'two\n')
  await run.pass(1500)
  fs.unlinkSync(at('a.log'))
  await run.pass(60_000)
  expect(run.texts).toEqual(['one'])
  expect(run.lost).toMatchObject([{ reason: 'deleted_unread', bytes: 4 }])
  expect(faulty.open).toBe(0)
})

test('short reads change nothing', async () => {
  faulty.mostRead = 70
  append('a.log', Array.from({ length: 100 }, (_, n) => `line ${n}\n`).join(''))
  const run = await follow()
  await run.pass(2000)
  append('a.log', 'last\n')
  await run.pass(2000)
  expect(run.texts).toEqual([...Array.from({ length: 100 }, (_, n) => `line ${n}`), 'last'])
})

test.each([
  ['of the input', { maxOpenFiles: 10 }, Infinity],
  ['of the process', {}, 10]
] as const)('more files than the limit %s are read in turns', async (_, more, mostOpen) => {
  faulty.mostOpen = mostOpen
  const names = Array.from({ length: 60 }, (_none, n) => `f${n}.log`)
  for (const name of names) append(name, `${name} 0\n`)
  const run = await follow(more)
  for (let round = 1; round <= 5; round++) {
    for (const name of names) append(name, `${name} ${round}\n`)
    await run.pass(1000)
    expect(faulty.open).toBeLessThanOrEqual(10)
  }
  append('new.log', 'new\n')
  await run.pass(3000)
  expect(run.rows).toHaveLength(60 * 6 + 1)
  expect(new Set(run.texts).size).toBe(60 * 6 + 1)
  expect(run.lost).toEqual([])
  expect(run.follower.problems).toEqual([])
  expect(logs.link.records.filter(record => record.kind === 'forget')).toEqual([])
})
