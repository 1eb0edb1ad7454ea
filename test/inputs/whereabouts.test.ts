import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemDisk } from '../../src/inputs/file/disk.ts'
import { Whereabouts } from '../../src/inputs/file/whereabouts.ts'
import { FaultyDisk } from '../fakes/disk.ts'
import { tempFolder } from '../fakes/folder.ts'

test('another thread sees which path a call is at, and each call is a sign', () => {
  const path = join(tempFolder(), 'größe.log')
  writeFileSync(path, 'text')
  const faulty = new FaultyDisk()
  const here = new Whereabouts()
  const there = new Whereabouts(here.memory)
  const seen: string[] = []
  faulty.fault = () => {
    seen.push(there.path)
    return undefined
  }
  const disk = here.over(faulty.disk)
  expect(there.path).toBe('')
  disk.lstat(path)
  const fd = disk.open(path)
  const before = there.signs
  disk.lstat('/elsewhere')
  disk.read(fd, [Buffer.alloc(4)], 0)
  disk.fstat(fd)
  expect(there.signs).toBe(before + 3)
  disk.close(fd)
  here.sign()
  expect(there.signs).toBe(before + 5)
  const ofFile = process.platform === 'linux' ? path : ''
  expect(seen).toEqual([path, path, '/elsewhere', ofFile, ofFile])
})

test.runIf(process.platform === 'linux')('another thread sees how much CPU time it has taken', () => {
  const here = new Whereabouts()
  const there = new Whereabouts(here.memory)
  expect(there.cpuMs).toBeUndefined()
  here.begin()
  for (const end = performance.now() + 5000; there.cpuMs! < 50 && performance.now() < end; ) Math.sqrt(end)
  expect(there.cpuMs).toBeGreaterThanOrEqual(50)
})

test('a path that is longer than any file has does no harm', () => {
  const here = new Whereabouts()
  expect(here.over(systemDisk).lstat(`/${'ä'.repeat(100)}`)).toBeUndefined()
  expect(() => here.over(systemDisk).lstat(`/${'a'.repeat(10_000)}`)).toThrow('ENAMETOOLONG')
  expect(here.path.length).toBe(4096)
})
