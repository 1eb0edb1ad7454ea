import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Meter } from '../../src/core/metrics.ts'
import type { StateRecord } from '../../src/core/record.ts'
import { StateReader } from '../../src/state/reader.ts'
import { StateStore } from '../../src/state/store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { cursor, cursorRecord, letter, listeningLog, openStore, source, sourceRecord, tempDir } from './support.ts'

test('state store gives back after a restart what was stored', () => {
  const dir = join(tempDir(), 'a', 'b')
  const store = openStore(dir)
  expect(store.origin).toBe('new')
  store.append([
    sourceRecord('s1'),
    sourceRecord('s2'),
    cursorRecord('s1', 10),
    { kind: 'cut', source: 's1', position: 7 },
    { kind: 'cut', source: 's1', position: 9 },
    { kind: 'parser', source: 's1', parser: 'json' },
    { kind: 'note', key: '__proto__', value: 'polluted' }
  ])
  store.append([{ kind: 'uncut', source: 's1', before: 9 }, cursorRecord('s1', 20)])
  store.close()

  const again = openStore(dir)
  expect(again.origin).toBe('found')
  const state = again.load()
  expect(state.sources).toEqual([source('s1'), source('s2')])
  expect(state.cursors).toEqual([cursor('s1', 20)])
  expect(state.cuts).toEqual([{ source: 's1', position: 9 }])
  expect({ ...state.parsers }).toEqual({ s1: 'json' })
  expect(Object.entries(state.notes)).toEqual([['__proto__', 'polluted']])
})

test('state store forgets a source with all that hangs on it, and keeps its account', () => {
  const store = openStore(tempDir())
  store.append([sourceRecord('s1'), cursorRecord('s1', 10), cursorRecord('s1', 4, 'main/otlp')])
  store.append([{ kind: 'cut', source: 's1', position: 7 }, { kind: 'forget', source: 's1' }, sourceRecord('s2')])
  store.append([cursorRecord('s2', 3), { kind: 'forget', source: 's2' }, sourceRecord('s3')])
  expect(store.load()).toMatchObject({ sources: [source('s3')], cursors: [], cuts: [] })
  expect(store.ended().get('main/es')).toEqual(cursor('s', 13).ledger)
  expect(store.ended().get('main/otlp')).toEqual(cursor('s', 4).ledger)
})

test('state store commits 20 ms after the last commit what is waited for, cursors 100 ms after it, and all in order', async () => {
  const clock = new FakeClock()
  const store = openStore(tempDir(), { clock })
  const first = store.append([cursorRecord('s1', 0)])
  expect(store.durable).toBe(0)
  clock.move(0)
  expect(store.durable).toBe(first)

  const cursors = store.append([cursorRecord('s1', 1)])
  clock.move(99)
  expect(store.durable).toBe(first)
  clock.move(1)
  expect(store.durable).toBe(cursors)

  store.append([cursorRecord('s1', 2)])
  const cut = store.append([{ kind: 'cut', source: 's1', position: 2 }])
  const late = store.append([cursorRecord('s1', 3)])
  let told = 0
  const waiting = store.untilDurable(cut).then(() => {
    told = store.durable
    return told
  })
  clock.move(19)
  expect(store.durable).toBe(cursors)
  clock.move(1)
  expect(store.durable).toBe(late)
  await waiting
  expect(told).toBe(late)
  await store.untilDurable(1)
})

function note(i: number): StateRecord {
  return { kind: 'note', key: `k${i % 10}`, value: 'x'.repeat(5000) + i }
}

test('state store keeps the queue while the disk is full and goes on by itself', async () => {
  const clock = new FakeClock()
  const log = listeningLog()
  const dir = tempDir()
  const meter = new Meter()
  const store = StateStore.open(dir, { clock, log, meter })
  const changes: boolean[] = []
  store.onWritable = writable => changes.push(writable)
  store.append([sourceRecord('s1')])
  clock.move(20)
  store.limitPages(1)
  for (let i = 0; i < 200; i++) store.append([note(i), cursorRecord('s1', i)])
  const number = store.append([{ kind: 'cut', source: 's1', position: 1 }])
  clock.move(20)
  expect(store.writable).toBe(false)
  clock.move(10_000)
  expect(store.durable).toBe(1)
  expect(meter.of('collector_state_degraded').value).toBe(1)
  store.append([cursorRecord('s1', 500)])
  store.limitPages(0)
  clock.move(1000)
  await store.untilDurable(number + 1)
  expect(changes).toEqual([false, true])
  expect(log.lines.filter(line => line.startsWith('error'))).toHaveLength(1)
  const state = store.load()
  expect(state.cursors).toEqual([cursor('s1', 500)])
  expect(Object.values(state.notes).map(value => value.slice(5000))).toEqual(
    Array.from({ length: 10 }, (_, i) => String(190 + i))
  )
  store.close()
})

test('state store goes on from the backup when its file rots while in use', async () => {
  const clock = new FakeClock()
  const log = listeningLog()
  const dir = tempDir()
  const store = openStore(dir, { clock, log })
  store.append([sourceRecord('s1'), cursorRecord('s1', 1)])
  clock.move(20)
  await store.backup()
  store.append([cursorRecord('s1', 2)])
  clock.move(1000)
  const rot = new DatabaseSync(join(dir, 'state.db'))
  rot.exec(`UPDATE cursors SET ledger = 'rot'`)
  rot.close()
  // Forgetting reads the cursor, and so meets the damage.
  store.append([{ kind: 'forget', source: 's1' }, cursorRecord('s2', 5)])
  clock.move(1000)
  expect(store.origin).toBe('backup')
  expect(store.writable).toBe(true)
  expect(store.load().cursors).toEqual([cursor('s2', 5)])
  expect(store.ended().get('main/es')).toEqual(cursor('s', 1).ledger)
  expect(log.lines.join('\n')).toContain('set aside as "state.db.bad-')
})

test('state store expires what nobody saw for seven days of running, and the account lives on', () => {
  const clock = new FakeClock()
  const dir = tempDir()
  const day = 86_400_000
  const store = openStore(dir, { clock })
  const outputs = new Set(['main/es'])
  store.append([sourceRecord('idle'), sourceRecord('live')])
  store.append([cursorRecord('idle', 1), cursorRecord('live', 2), cursorRecord('live', 2, 'main/removed')])
  store.expire(outputs)
  for (let i = 0; i < 7; i++) {
    clock.move(day)
    store.append([sourceRecord('live')])
    expect(store.expire(outputs)).toBe(0)
  }
  clock.move(day)
  store.append([cursorRecord('live', 3)])
  expect(store.expire(outputs)).toBe(2)
  expect(store.load().sources).toEqual([source('live')])
  expect(store.load().cursors).toEqual([cursor('live', 3)])
  expect([...store.ended().keys()].sort()).toEqual(['main/es', 'main/removed'])
})

test('state store does not age while it is closed', () => {
  const dir = tempDir()
  const clock = new FakeClock()
  const first = openStore(dir, { clock })
  first.append([sourceRecord('s1'), cursorRecord('s1', 1)])
  first.close()
  clock.move(100 * 86_400_000)
  const second = openStore(dir, { clock })
  expect(second.expire(new Set())).toBe(0)
  expect(second.load().cursors).toHaveLength(1)
})

test('state directory is closed to other users', () => {
  const dir = join(tempDir(), 'state')
  mkdirSync(dir, { mode: 0o755 })
  const old = process.umask(0)
  try {
    const store = openStore(dir)
    store.append([sourceRecord('s1'), { kind: 'letter', letter: letter(1) }])
    store.flush()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    const names = readdirSync(dir)
    expect(names).toEqual(expect.arrayContaining(['lock.db', 'lock.pid', 'state.db', 'state.db-wal', 'letters.db-wal']))
    for (const name of names) expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600])
    store.close()
    expect(readdirSync(dir).sort()).toEqual(['backup.db', 'letters.db', 'lock.db', 'state.db'])
    expect(statSync(join(dir, 'backup.db')).mode & 0o777).toBe(0o600)
  } finally {
    process.umask(old)
  }
})

test('state backup is taken every ten minutes while commits go on, and only when something changed', async () => {
  const clock = new FakeClock()
  const dir = tempDir()
  const store = openStore(dir, { clock })
  store.append([cursorRecord('s1', 1)])
  clock.move(1000)
  const running = store.backup()
  store.append([cursorRecord('s1', 2)])
  clock.move(1000)
  await running
  const backup = join(dir, 'backup.db')
  const time = statSync(backup).mtimeMs
  expect(existsSync(`${backup}.tmp`)).toBe(false)
  await store.backup()
  expect(statSync(backup).mtimeMs).toBeGreaterThanOrEqual(time)
  const inode = statSync(backup).ino
  await store.backup()
  expect(statSync(backup).ino).toBe(inode)
})

test('state reader sees what is stored, beside a collector or without, and changes nothing', () => {
  const dir = tempDir()
  const store = openStore(dir)
  store.append([sourceRecord('s1'), cursorRecord('s1', 1), { kind: 'letter', letter: letter(1) }])
  store.flush()
  const look = (): void => {
    const reader = StateReader.open(dir, listeningLog())
    expect(reader.load().cursors).toEqual([cursor('s1', 1)])
    expect(reader.letters.list({ limit: 10 })).toHaveLength(1)
    expect(() => reader.letters.delete([1])).toThrow(/readonly/)
    reader.close()
  }
  look()
  store.close()
  look()
  expect(() => StateReader.open(join(dir, 'nothing'), listeningLog())).toThrow(/there is no such file/)
})

test('state store may be closed while its backup is on the way', async () => {
  const dir = tempDir()
  const store = openStore(dir)
  store.append([cursorRecord('s1', 1)])
  store.flush()
  const running = store.backup()
  store.append([cursorRecord('s1', 2)])
  store.close()
  await running
  expect(readdirSync(dir).filter(name => name.startsWith('backup'))).toEqual(['backup.db'])
  writeFileSync(join(dir, 'state.db'), 'rot')
  expect(openStore(dir).load().cursors).toEqual([cursor('s1', 2)])
})

test('state store stops where its directory was removed, and goes on where it is put back', async () => {
  const dir = tempDir()
  const clock = new FakeClock()
  const log = listeningLog()
  const store = openStore(dir, { clock, log })
  store.append([cursorRecord('s1', 1)])
  store.flush()
  const changes: boolean[] = []
  store.onWritable = writable => changes.push(writable)
  renameSync(dir, `${dir}-away`)
  const number = store.append([cursorRecord('s1', 2)])
  await clock.advance(5000)
  expect({ writable: store.writable, durable: store.durable < number }).toEqual({ writable: false, durable: true })
  expect(store.problem).toBe('it was removed or replaced: put it back, or restart the collector')
  expect(log.lines.filter(line => line.startsWith('error'))).toHaveLength(1)
  renameSync(`${dir}-away`, dir)
  await clock.advance(2000)
  await store.untilDurable(number)
  expect({ changes, problem: store.problem }).toEqual({ changes: [false, true], problem: '' })
  expect(store.load().cursors).toMatchObject([{ position: 2 }])
})

test('state store leaves a directory alone that has taken the place of its own', () => {
  const dir = tempDir()
  const log = listeningLog()
  const store = openStore(dir, { log })
  store.append([cursorRecord('s1', 1)])
  store.flush()
  renameSync(dir, `${dir}-away`)
  const other = openStore(dir)
  other.append([cursorRecord('s9', 9)])
  other.flush()
  store.append([cursorRecord('s1', 2)])
  store.close()
  other.close()
  expect(openStore(dir).load().cursors).toMatchObject([{ source: 's9' }])
  expect(log.lines.join()).toContain('it was removed or replaced')
  rmSync(`${dir}-away`, { recursive: true })
})
