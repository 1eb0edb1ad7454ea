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
