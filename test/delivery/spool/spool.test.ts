import { mkdirSync, readdirSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { canBeNobody, withoutRights } from '../../fakes/rights.ts'
import { tempDir } from '../../state/support.ts'
import { blocksOf, bytesAt, openSpool, readAll, sourceOf } from './support.ts'

const length = 50_000
const files = (dir: string): string[] => readdirSync(join(dir, 'spool')).filter(name => name.endsWith('.db'))

test('spool gives back what was stored, at its positions, also to the next run', () => {
  const dir = tempDir()
  const first = openSpool(dir)
  expect(first.spool.find('a')).toBeUndefined()
  expect(first.spool.append(sourceOf('a'), blocksOf('a', 1000, 3, length))).toBe(true)
  const held = first.spool.find('a')!
  first.spool.append(sourceOf('b'), blocksOf('b', 0, 1, length))
  first.spool.append(sourceOf('a'), blocksOf('a', 1000 + 3 * length, 2, length))
  expect(readAll(held, length).found).toHaveLength(5)
  first.spool.close()
  const { spool } = openSpool(dir)
  const again = spool.find('a')!
  expect([again.start, again.end]).toEqual([1000, 1000 + 5 * length])
  expect(readAll(again, length)).toEqual(readAll(held, length))
  expect(spool.sources()).toEqual([sourceOf('a'), sourceOf('b')])
  const into = Buffer.alloc(10)
  expect(again.read(1000 + length - 4, into)).toBe(4)
  expect(into.subarray(0, 4)).toEqual(bytesAt('a', 1000, length).subarray(-4))
  expect(again.read(again.end, into)).toBe(0)
  expect(again.next(0)).toBe(1000)
  expect(again.next(again.end)).toBe(Infinity)
})

test('spool files are for nobody else', () => {
  const dir = tempDir()
  openSpool(dir).spool.append(sourceOf('a'), blocksOf('a', 0, 1, length))
  const modes = ['', ...readdirSync(join(dir, 'spool'))].map(name => statSync(join(dir, 'spool', name)).mode & 0o777)
  expect(modes).toEqual([0o700, ...modes.slice(1).map(() => 0o600)])
})

test('spool removes a segment once all of it is settled, and takes no more than it may', () => {
  const dir = tempDir()
  const maxBytes = 24 << 20
  const { spool, meter } = openSpool(dir, maxBytes)
  let stored = 0
  while (spool.append(sourceOf('a'), blocksOf('a', stored, 4))) stored += 4 << 18
  expect(stored).toBeGreaterThan(maxBytes / 2)
  const onDisk = (): number => {
    const names = readdirSync(join(dir, 'spool'))
    return names.reduce((sum, name) => sum + statSync(join(dir, 'spool', name)).size, 0)
  }
  expect(onDisk()).toBeLessThanOrEqual(maxBytes)
  expect(spool.status().bytes).toBeLessThanOrEqual(maxBytes)
  expect(spool.append(sourceOf('b'), blocksOf('b', 0, 4))).toBe(false)
  expect(files(dir).length).toBeGreaterThan(3)
  const before = files(dir).length
  spool.settle('a', stored / 2)
  expect(files(dir).length).toBeLessThan(before)
  expect(spool.append(sourceOf('b'), blocksOf('b', 0, 4))).toBe(true)
  spool.settle('a', Infinity)
  spool.settle('b', Infinity)
  expect(files(dir)).toEqual([])
  expect(spool.find('a')).toBeUndefined()
  expect(meter.of('collector_spool_bytes').value).toBe(0)
  expect(meter.of('collector_spool_segments').value).toBe(0)
  expect(spool.append(sourceOf('c'), blocksOf('c', 0, 1))).toBe(true)
})

test('spool keeps what is behind a settled position, in blocks', () => {
  const { spool } = openSpool(tempDir())
  spool.append(sourceOf('a'), blocksOf('a', 0, 3, length))
  spool.settle('a', length + 1)
  const held = spool.find('a')!
  expect(held.next(0)).toBe(length)
  expect(readAll(held, length).found).toEqual([length, 2 * length])
})

test('spool stores nothing while the disk is full, and goes on behind it', () => {
  const dir = tempDir()
  const { spool } = openSpool(dir)
  spool.append(sourceOf('a'), blocksOf('a', 0, 1, length))
  spool.limitPages(20)
  const blocks = blocksOf('a', length, 3, length)
  expect(() => spool.append(sourceOf('a'), blocks)).toThrow(/full/)
  expect(spool.find('a')!.end).toBe(length)
  // Removing needs no room.
  spool.settle('a', Infinity)
  expect(files(dir)).toEqual([])
  expect(() => spool.append(sourceOf('a'), blocks)).toThrow(/full/)
  spool.limitPages(0)
  expect(spool.append(sourceOf('a'), blocks)).toBe(true)
  expect(files(dir)).toHaveLength(1)
  expect(readAll(openSpool(dir).spool.find('a')!, length).found).toEqual([1, 2, 3].map(n => n * length))
})

test('spool opens what crashes left: empty segments, logs without a segment, unfinished and old bad ones', () => {
  const dir = tempDir()
  openSpool(dir).spool.append(sourceOf('a'), blocksOf('a', 0, 1, length))
  const folder = join(dir, 'spool')
  for (const name of ['7.db-wal', '7.db-shm', '8.db.new-wal']) writeFileSync(join(folder, name), 'x')
  writeFileSync(join(folder, '9.db'), '')
  for (let n = 20; n < 26; n++) writeFileSync(join(folder, `${n}.db.bad-20260101T000000Z`), 'x')
  const { spool, log } = openSpool(dir)
  expect(readAll(spool.find('a')!, length).found).toEqual([0])
  const names = readdirSync(folder)
  expect(names.filter(name => /^[78]/.test(name))).toEqual([])
  expect(names.filter(name => name.startsWith('2'))).toHaveLength(3)
  expect(log.lines.join('\n')).toMatch(/Cannot use ".*9\.db": too short for a database, set aside/)
  expect(names.filter(name => name.startsWith('9'))).toEqual([expect.stringMatching(/^9\.db\.bad-/)])
})

test('spool does without a folder that it can not use', () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'spool'), 'a file')
  const { spool, log } = openSpool(dir)
  expect(log.lines).toHaveLength(1)
  expect(() => spool.append(sourceOf('a'), blocksOf('a', 0, 1, length))).toThrow()
  const other = tempDir()
  mkdirSync(join(other, 'spool', '3.db'), { recursive: true })
  const { spool: second } = openSpool(other)
  expect(second.append(sourceOf('a'), blocksOf('a', 0, 1, length))).toBe(true)
})

test('spool that can not be read now is not taken for an empty one', () => {
  const dir = tempDir()
  const { spool } = openSpool(dir)
  spool.append(sourceOf('a'), blocksOf('a', 0, 1, length))
  spool.close()
  const folder = join(dir, 'spool')
  renameSync(folder, `${folder}.away`)
  symlinkSync('spool', folder)
  expect(() => openSpool(dir)).toThrow(/Cannot read ".*spool": ELOOP/)
  unlinkSync(folder)
  renameSync(`${folder}.away`, folder)
  const other = new DatabaseSync(join(folder, files(dir)[0]!))
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  expect(() => openSpool(dir)).toThrow(/locked/)
  other.close()
  expect(readAll(openSpool(dir).spool.find('a')!, length).found).toEqual([0])
})

test.runIf(canBeNobody)('spool keeps segments that it has no right to read, and says what to do', () => {
  const dir = tempDir()
  const { spool } = openSpool(dir)
  spool.append(sourceOf('a'), blocksOf('a', 0, 1, length))
  spool.close()
  withoutRights(dir, /1\.db/, () =>
    expect(() => openSpool(dir)).toThrow(/^Cannot open ".*1\.db": permission denied: run as the user .* \(chown\)$/)
  )
  expect(readAll(openSpool(dir).spool.find('a')!, length).found).toEqual([0])
})
