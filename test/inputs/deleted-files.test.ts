import fs from 'node:fs'
import { expect, test } from 'vitest'
import type { StateRecord } from '../../src/core/record.ts'
import { Claims } from '../../src/inputs/file/claims.ts'
import type { FollowContext } from '../../src/inputs/file/context.ts'
import { DeletedFiles } from '../../src/inputs/file/deleted-files.ts'
import { type Disk, systemDisk } from '../../src/inputs/file/disk.ts'
import { inodeOf } from '../../src/inputs/file/identity.ts'
import { FaultyDisk } from '../fakes/disk.ts'
import { Logs } from './logs.ts'

const logs = new Logs()
const { at, append } = logs
/** How many the state keeps, and some more. */
const kept = 1000
const many = kept + 20

/** The ids that are forgotten once so many files of a folder are gone, whose ids are their numbers. */
function forgotten(folder: string, { disk = systemDisk, isBack = (_key: string): boolean => false } = {}): string[] {
  const records: StateRecord[] = []
  const deleted = new DeletedFiles({ context: {} as FollowContext, disk, records }, isBack)
  const { dev } = inodeOf(systemDisk.lstat(logs.folder)!)
  for (let n = 0; n < many; n++) {
    deleted.add({
      key: `key ${n}`,
      inode: { dev, ino: String(n), birth: '1' },
      path: `${folder}/${n}.log`,
      id: `${n}`
    })
  }
  return records.map(record => (record.kind === 'forget' ? record.source : record.kind))
}

function onAnotherDevice(path: string): ReturnType<Disk['lstat']> {
  const stat = systemDisk.lstat(path)
  return stat && Object.assign(stat, { dev: stat.dev + 1n })
}

const first = Array.from({ length: many - kept }, (_, n) => String(n))

test('the state forgets deleted files, but the last thousand', async () => {
  const run = await logs.follow('*.log')
  for (let n = 0; n < many; n++) append(`file${n}.log`, `line ${n}\n`)
  await run.pass()
  run.commit()
  // read to its end and quiet for two seconds, a rotated file is closed
  for (let n = 0; n < many; n++) fs.renameSync(at(`file${n}.log`), at(`file${n}.old`))
  await run.pass(5000)
  for (let n = 0; n < many; n++) fs.unlinkSync(at(`file${n}.old`))
  await run.pass(13_000)
  expect(run.rows).toHaveLength(many)
  expect(logs.link.stored().sources).toHaveLength(kept)
  expect(logs.link.stored().cursors).toHaveLength(kept)
})

test('those are forgotten first that went first', () => {
  expect(forgotten(logs.folder)).toEqual(first)
})

test('files are deleted with their folders', () => {
  expect(forgotten(at('pod/container'))).toEqual(first)
})

test('files of a file system that is not mounted are not deleted', () => {
  const disk = { ...systemDisk, lstat: onAnotherDevice }
  expect(forgotten(logs.folder, { disk })).toEqual([])
})

test('nothing is forgotten by a folder that can not be looked at', () => {
  const faulty = new FaultyDisk()
  faulty.fault = call => (call === 'realPath' ? 'EIO' : undefined)
  expect(forgotten(logs.folder, { disk: faulty.disk })).toEqual([])
})

test('a file that came back is not forgotten, whoever follows it now', () => {
  const claims = new Claims()
  claims.claim('key 0', 'another')
  expect(forgotten(logs.folder, { isBack: key => claims.has(key) })).toEqual(first.slice(1))
})
