import fs from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import type { FollowInput } from '../../src/inputs/file/follower.ts'
import { FaultyDisk } from '../fakes/disk.ts'
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

/** Renames `a.log` to `a.log.1` and so on, right before somebody opens it, as often as the time is another one. */
function renaming({ clock }: Run): void {
  let renamed = 0
  let last = clock.monotonic()
  faulty.fault = (call, subject) => {
    const path = at(renamed === 0 ? 'a.log' : `a.log.${renamed}`)
    if (call === 'open' && subject === path && clock.monotonic() > last) {
      last = clock.monotonic()
      fs.renameSync(path, at(`a.log.${++renamed}`))
    }
    return undefined
  }
}

test('a new file that has another name each time that it is to be opened is read', async () => {
  const run = await follow()
  renaming(run)
  append('a.log', 'one\n')
  await run.pass(3000)
  expect(run.texts).toEqual(['one'])
})

test('so is one that was closed before it was read', async () => {
  append('a.log', 'one\n')
  append('b.log', 'two\n')
  const run = logs.run(logs.input('*.log*', { maxOpenFiles: 1 }), { disk: faulty.disk })
  await run.follower.start()
  renaming(run)
  await run.pass(3000)
  expect(run.texts.toSorted()).toEqual(['one', 'two'])
  expect(run.lost).toEqual([])
})

test('new files that had one name when nobody could open them do not look at each other in circles', async () => {
  const run = await follow()
  faulty.fault = call => (call === 'open' ? 'EACCES' : undefined)
  append('a.log', 'one\n')
  await run.pass(1000)
  fs.renameSync(at('a.log'), at('a.log.1'))
  append('a.log', 'two\n')
  await run.pass(1000)
  fs.renameSync(at('a.log.1'), at('a.log.2'))
  fs.renameSync(at('a.log'), at('a.log.1'))
  await run.pass(1000)
  faulty.fault = () => undefined
  const { read } = faulty.calls
  await run.pass(1000)
  expect(run.texts.toSorted()).toEqual(['one', 'two'])
  expect(faulty.calls.read - read).toBeLessThan(30)
})

test('folders are listed as often for a hundred deleted files as for one', async () => {
  const names = Array.from({ length: 101 }, (_, n) => `f${n}.log`)
  for (const name of names) append(name, `${name}\n`)
  const run = await follow()
  const listings = async (gone: readonly string[]): Promise<number> => {
    const { list } = faulty.calls
    for (const name of gone) fs.unlinkSync(at(name))
    await run.pass(1000)
    return faulty.calls.list - list
  }
  const forOne = await listings(names.slice(0, 1))
  expect(await listings(names.slice(1))).toBe(forOne)
})
