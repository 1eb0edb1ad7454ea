import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { StateStore } from '../../src/state/store.ts'
import { cutBetween, restore, type Snapshot, snapshotOf } from '../fakes/power-cut.ts'
import { randomOf } from '../fakes/random.ts'
import {
  cursor,
  cursorRecord,
  letter,
  listeningLog,
  openStore,
  source,
  sourceRecord,
  tempDir,
  tempRoot
} from './support.ts'

const mutants = Number(process.env['STATE_MUTANTS'] ?? 300)
const powerCuts = Number(process.env['POWER_CUTS'] ?? 200)
const commits = 120
const sources = 40
const backupAt = 60
const checkpointAt = 80
const letterEvery = 10

let root: string
/** What a kill -9 leaves behind. */
let killed: string
/** What stood there behind each commit. */
const snapshots: Snapshot[] = []

/** Commit i moves one cursor to position i and says so. */
function commit(store: StateStore, i: number): void {
  store.append([
    sourceRecord(`source${i % sources}`),
    cursorRecord(`source${i % sources}`, i),
    { kind: 'note', key: 'last', value: String(i) },
    ...(i % letterEvery === 0 ? [{ kind: 'letter' as const, letter: letter(i) }] : [])
  ])
  store.flush()
}

beforeAll(async () => {
  root = mkdtempSync(join(tempRoot, 'rot-'))
  killed = join(root, 'killed')
  const dir = join(root, 'live')
  const store = StateStore.open(dir, { clock: systemClock, log: listeningLog() })
  snapshots.push(snapshotOf(dir))
  for (let i = 1; i <= commits; i++) {
    commit(store, i)
    snapshots.push(snapshotOf(dir))
    if (i === backupAt) await store.backup()
    if (i === checkpointAt) checkpoint(join(dir, 'state.db'))
  }
  store.append([1, 2, 3].map(i => ({ kind: 'letter', letter: letter(i) })))
  store.flush()
  cpSync(dir, killed, { recursive: true })
  store.close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function checkpoint(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

function copyOfKilled(): string {
  const dir = tempDir()
  cpSync(killed, dir, { recursive: true })
  return dir
}

/** The state after commit i: exactly this, or it is not a state we ever had. */
function expectPrefix(store: StateStore): number {
  const { notes, cursors, sources: known } = store.load()
  const last = Number(notes['last'] ?? 0)
  const positions = new Map<string, number>()
  for (let i = 1; i <= last; i++) positions.set(`source${i % sources}`, i)
  const ids = [...positions.keys()].sort()
  expect(cursors.toSorted((a, b) => (a.source < b.source ? -1 : 1))).toEqual(
    ids.map(id => cursor(id, positions.get(id)!))
  )
  expect(known.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(ids.map(id => source(id)))
  return last
}

const kinds = [
  'bits',
  'bits',
  'bit',
  'bit',
  'bit',
  'cut',
  'nul',
  'page',
  'empty',
  'all-nul',
  'directory',
  'link',
  'head'
]
const targets = [
  ['state.db'],
  ['state.db'],
  ['state.db-wal'],
  ['state.db', 'state.db-wal'],
  ['state.db', 'backup.db'],
  ['backup.db'],
  ['state.db-shm'],
  ['letters.db'],
  ['letters.db-wal']
]

function mutate(path: string, kind: string, next: () => number): void {
  const bytes = readFileSync(path)
  const at = (): number => Math.floor(next() * bytes.length)
  if (kind === 'directory' || kind === 'link') {
    rmSync(path)
    if (kind === 'directory') mkdirSync(path)
    else symlinkSync('/etc/hostname', path)
    return
  }
  if (kind === 'bit' || kind === 'bits') {
    for (let i = kind === 'bit' ? 1 : 12; i > 0; i--) bytes[at()]! ^= 1 << Math.floor(next() * 8)
  } else if (kind === 'head') {
    bytes[Math.floor(next() * Math.min(100, bytes.length))]! ^= 1 << Math.floor(next() * 8)
  } else if (kind === 'nul') {
    bytes.fill(0, at(), bytes.length)
  } else if (kind === 'all-nul') {
    bytes.fill(0)
  } else if (kind === 'page') {
    bytes.copy(bytes, at() & ~4095, at() & ~4095, bytes.length)
  }
  const length = kind === 'empty' ? 0 : kind === 'cut' ? at() : bytes.length
  writeFileSync(path, bytes.subarray(0, length))
}

test(`state store starts from ${mutants} rotten directories, always with a state it once had`, {
  timeout: 600_000
}, () => {
  const origins = { found: 0, backup: 0, new: 0 }
  let slowest = 0
  for (let seed = 0; seed < mutants; seed++) {
    const next = randomOf(seed)
    const kind = kinds[Math.floor(next() * kinds.length)]!
    const files = targets[seed % targets.length]!
    const dir = join(root, 'mutant')
    cpSync(killed, dir, { recursive: true })
    for (const name of files) mutate(join(dir, name), kind, next)
    const log = listeningLog()
    const before = systemClock.cpu()
    const store = StateStore.open(dir, { clock: systemClock, log })
    const what = `seed ${seed}: ${kind} ${files.join(' ')}`
    slowest = Math.max(slowest, systemClock.cpu() - before)
    const last = expectPrefix(store)
    origins[store.origin]++
    if (store.origin === 'backup') expect([what, last]).toEqual([what, backupAt])
    if (store.origin === 'new') expect([what, last]).toEqual([what, 0])
    if (store.origin === 'found') expect(last, what).toBeGreaterThanOrEqual(checkpointAt)
    else expect(log.lines.join('\n'), what).toMatch(/set aside as "state\.db\.bad-/)
    const number = store.append([cursorRecord('after', 7), { kind: 'letter', letter: letter(9) }])
    store.flush()
    expect(store.durable, what).toBe(number)
    for (const { id } of store.letters.list({ limit: 10 })) store.letters.get(id)
    store.close()
    rmSync(dir, { recursive: true, force: true })
  }
  expect(slowest).toBeLessThan(3000)
  if (process.env['STATE_MUTANTS'] !== undefined) console.log({ origins, slowestMs: Math.round(slowest) })
})

test(`state store has all that was said to be durable after ${powerCuts} power cuts`, {
  timeout: 900_000 + powerCuts * 1000
}, () => {
  const seen = new Set<number>()
  const dir = join(root, 'cut')
  for (let seed = 0; seed < powerCuts; seed++) {
    const random = randomOf(seed)
    const done = Math.floor(random() * (snapshots.length - 1))
    restore(cutBetween(snapshots[done]!, snapshots[done + 1]!, random), dir)
    const log = listeningLog()
    const store = StateStore.open(dir, { clock: systemClock, log })
    expect([store.origin, ...log.lines], `seed ${seed}`).toEqual(['found'])
    const last = expectPrefix(store)
    expect([done, done + 1], `seed ${seed}`).toContain(last)
    const letters = store.letters.list({ limit: 1000 })
    expect(letters.length, `seed ${seed}: letters`).toBeGreaterThanOrEqual(Math.floor(last / letterEvery))
    for (const { id } of letters) expect(store.letters.get(id)?.row, `seed ${seed}: letter ${id}`).toBeDefined()
    seen.add(last)
    store.close()
  }
  expect(seen.size).toBeGreaterThan(Math.min(powerCuts / 4, 50))
})

test.each([0, 1])('state store starts at once with 1 GiB of garbage, with or without a head (%i)', head => {
  const dir = copyOfKilled()
  const path = join(dir, 'state.db')
  const bytes = readFileSync(path)
  bytes.writeUInt32BE(262_144, 28)
  writeFileSync(path, head === 0 ? 'garbage' : bytes)
  truncateSync(path, 2 ** 30)
  rmSync(`${path}-wal`)
  const before = systemClock.cpu()
  const store = openStore(dir)
  expect(systemClock.cpu() - before).toBeLessThan(3000)
  expect(store.origin).toBe('backup')
})
