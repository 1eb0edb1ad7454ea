import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { Meter } from '../../../src/core/metrics.ts'
import { Spool } from '../../../src/delivery/spool/spool.ts'
import { cutBetween, restore, type Snapshot, snapshotOf } from '../../fakes/power-cut.ts'
import { randomOf } from '../../fakes/random.ts'
import { tempDir, tempRoot } from '../../state/support.ts'
import { blocksOf, openSpool, readAll, sourceOf } from './support.ts'

const mutants = Number(process.env['SPOOL_MUTANTS'] ?? 32)
const powerCuts = Number(process.env['POWER_CUTS'] ?? 100)
const length = 20_000
/** They make three segments. */
const blocks = 400
const maxBytes = 12 << 20
/** Some of these write to the database, and one begins a segment. */
const commits = 24
const inCommit = 24
const cutMaxBytes = 32 << 20
/** A page of the index leads to so many blocks at most. */
const blocksInPage = 8

let root: string
let whole: string
/** What stood there behind each commit. */
const snapshots: Snapshot[] = []

function spoolIn(dir: string, most = maxBytes): Spool {
  return new Spool(dir, { maxBytes: most, clock: systemClock, log: silentLog, meter: new Meter() })
}

beforeAll(() => {
  root = mkdtempSync(join(tempRoot, 'damage-'))
  whole = join(root, 'whole')
  const spool = spoolIn(whole)
  for (let n = 0; n < blocks; n += 4) spool.append(sourceOf('a'), blocksOf('a', n * length, 4, length))
  spool.close()
  const cut = join(root, 'cut')
  const other = spoolIn(cut, cutMaxBytes)
  for (let n = 0; n < commits; n++) {
    other.append(sourceOf('a'), blocksOf('a', n * inCommit * length, inCommit, length))
    snapshots.push(snapshotOf(cut))
  }
  other.close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function copy(): string {
  const dir = tempDir()
  cpSync(whole, dir, { recursive: true })
  return dir
}

const segment = (dir: string, number: number): string => join(dir, 'spool', `${number}.db`)

/** Reads all of it; what is found and what is missing have to be everything. Returns the numbers of the blocks that are missing. */
function missing(dir: string): { lost: number[]; lines: readonly string[]; damaged: number; kept: Spool } {
  const { spool, log, meter } = openSpool(dir, maxBytes)
  const { found, gaps } = readAll(spool.find('a')!, length)
  const lost = gaps.flatMap(([from, to]) => {
    expect([from % length, to % length]).toEqual([0, 0])
    return Array.from({ length: (to - from) / length }, (_, i) => from / length + i)
  })
  const all = [...found.map(position => position / length), ...lost].toSorted((a, b) => a - b)
  expect(all).toEqual(Array.from({ length: blocks }, (_, n) => n))
  return { lost, lines: log.lines, damaged: meter.of('collector_spool_damaged_blocks_total').value, kept: spool }
}

test('spool loses exactly the blocks whose bytes have changed, names them, and keeps their segment', () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = randomOf(seed)
    const dir = copy()
    const flipped = Array.from({ length: 1 + Math.floor(random() * 3) }, () => flipByte(dir, random))
    const { lost, lines, damaged, kept } = missing(dir)
    expect(lost, `seed ${seed}`).toEqual([...new Set(flipped)].toSorted((a, b) => a - b))
    expect(lines).toHaveLength(lost.length)
    expect(lines[0]).toMatch(/^error Cannot read a block of "spool\/[123]\.db": it does not match its check$/)
    expect(damaged).toBe(lost.length)
    kept.settle('a', Infinity)
    expect(snapshotNames(dir).filter(name => name.includes('.bad-')).length).toBeGreaterThan(0)
    expect(snapshotNames(dir).filter(name => name.endsWith('.db'))).toEqual([])
  }
})

function snapshotNames(dir: string): string[] {
  return [...snapshotOf(dir).keys()]
}

/** Changes a byte within a packed block; returns which. */
function flipByte(dir: string, random: () => number): number {
  const path = segment(dir, 1 + Math.floor(random() * 3))
  const database = new DatabaseSync(path)
  const { last } = database.prepare('SELECT max(id) AS last FROM blocks').get()!
  const id = 1 + Math.floor(random() * Number(last))
  const row = database.prepare('SELECT position, packed FROM blocks WHERE id = ?').get(id)!
  database.close()
  const bytes = readFileSync(path)
  for (;;) {
    const part = (row['packed'] as Uint8Array).subarray(Math.floor(random() * length)).subarray(0, 16)
    const at = part.length < 16 ? -1 : bytes.indexOf(part)
    if (at < 0) continue
    bytes[at + 7]! ^= 1 << Math.floor(random() * 8)
    writeFileSync(path, bytes)
    return Number(row['position']) / length
  }
}

test('spool goes on without a segment in the middle that is gone', () => {
  const dir = copy()
  const { first, count } = entriesOf(segment(dir, 2))
  rmSync(segment(dir, 2))
  expect(missing(dir).lost).toEqual(Array.from({ length: count }, (_, i) => first + i))
})

test('spool does not believe a length, or a position, that was changed', () => {
  for (const change of ['length = 1099511627776', 'position = position + 20000', `source = 'b'`]) {
    const dir = copy()
    const database = new DatabaseSync(segment(dir, 2))
    database.exec(`UPDATE blocks SET ${change} WHERE id = 7`)
    database.close()
    const { lost, damaged } = missing(dir)
    expect(lost).toEqual([entriesOf(segment(dir, 2)).first + 6])
    expect(damaged).toBe(1)
  }
})

function entriesOf(path: string): { first: number; count: number } {
  const database = new DatabaseSync(path)
  const row = database
    .prepare('SELECT count(*) AS count, min(position) AS first FROM blocks WHERE length = ?')
    .get(length)!
  const first = Number(row['first']) / length
  database.close()
  return { first, count: Number(row['count']) }
}

const kinds = ['page', 'page', 'page', 'bits', 'bit', 'half', 'index', 'head'] as const

test(`spool reads what is whole in ${mutants} rotten segments`, { timeout: 300_000 }, () => {
  for (let seed = 0; seed < mutants; seed++) {
    const random = randomOf(seed)
    const kind = kinds[seed % kinds.length]!
    const dir = copy()
    const path = segment(dir, 2)
    const { count } = entriesOf(path)
    const bytes = readFileSync(path)
    const page = Math.floor(random() * (bytes.length / 4096))
    if (kind === 'page') bytes.fill(0, page * 4096, (page + 1) * 4096)
    if (kind === 'index') bytes.fill(0xff, (page & 7) * 4096, ((page & 7) + 1) * 4096)
    if (kind === 'head') bytes.fill(0, 0, 100)
    for (let i = { bits: 12, bit: 1 }[kind as string] ?? 0; i > 0; i--) {
      bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8)
    }
    writeFileSync(path, bytes)
    if (kind === 'half') truncateSync(path, bytes.length >> 1)
    const { lost } = missing(dir)
    const what = `seed ${seed}, ${kind} ${page}: ${lost.length}`
    expect(lost.length, what).toBeLessThanOrEqual(count)
    if (kind === 'page' && page > 8) expect(lost.length, what).toBeLessThanOrEqual(blocksInPage)
    if (kind === 'bit') expect(lost.length, what).toBeLessThanOrEqual(blocksInPage)
  }
})

test(`spool has all that was stored after ${powerCuts} power cuts`, { timeout: 600_000 + powerCuts * 1000 }, () => {
  const dir = join(root, 'cut')
  for (let seed = 0; seed < powerCuts; seed++) {
    const random = randomOf(seed)
    const commit = Math.floor(random() * (snapshots.length - 1))
    restore(cutBetween(snapshots[commit]!, snapshots[commit + 1]!, random), dir)
    const spool = spoolIn(dir, cutMaxBytes)
    const { found, gaps } = readAll(spool.find('a')!, length)
    expect(gaps, `seed ${seed}`).toEqual([])
    expect([commit + 1, commit + 2], `seed ${seed}`).toContain(found.length / inCommit)
    expect(spool.append(sourceOf('a'), blocksOf('a', found.length * length, 1, length))).toBe(true)
    spool.close()
  }
})
