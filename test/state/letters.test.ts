import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Meter } from '../../src/core/metrics.ts'
import { StateStore } from '../../src/state/store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { cursor, cursorRecord, letter, listeningLog, openStore, tempDir } from './support.ts'

function storeWith(dir: string, positions: readonly number[], output?: string): StateStore {
  const store = openStore(dir)
  store.append(positions.map(position => ({ kind: 'letter', letter: letter(position, output) })))
  store.flush()
  return store
}

function change(dir: string, sql: string): void {
  const database = new DatabaseSync(join(dir, 'letters.db'), { defensive: false })
  database.exec(sql)
  database.close()
}

test('dead letters are listed by page, newest first, and come back with their rows', () => {
  const dir = tempDir()
  const store = storeWith(dir, [1, 2, 3, 4, 5])
  store.append([{ kind: 'letter', letter: letter(6, 'main/otlp') }])
  store.flush()
  const { letters } = store
  expect(letters.list({ limit: 2 }).map(({ position }) => position)).toEqual([6, 5])
  expect(letters.list({ limit: 2, before: 5 }).map(({ id }) => id)).toEqual([4, 3])
  expect(letters.list({ limit: 9, output: 'main/otlp' })).toMatchObject([{ id: 6, output: 'main/otlp' }])
  const { row, ...rest } = letter(3)
  expect(letters.get(3)).toMatchObject(rest)
  expect(letters.get(3)?.row).toEqual(row)
  expect(letters.get(99)).toBeUndefined()
  store.close()
  expect(openStore(dir).letters.totals().get('main/es')?.count).toBe(5)
})

test('dead letters are counted, also after deletion and a restart', () => {
  const dir = tempDir()
  const meter = new Meter()
  const clock = new FakeClock()
  const store = StateStore.open(dir, { clock, log: listeningLog(), meter })
  store.append([1, 2, 3].map(i => ({ kind: 'letter', letter: letter(i) })))
  clock.move(20)
  const { bytes } = store.letters.totals().get('main/es')!
  expect(meter.of('collector_state_dead_letters', 'main/es').value).toBe(3)
  expect(store.letters.missing([2, 77, 3, 77])).toEqual([77])
  expect(store.letters.delete([2, 77])).toBe(1)
  expect(store.letters.delete([2])).toBe(0)
  expect(store.letters.totals().get('main/es')?.count).toBe(2)
  expect(store.letters.totals().get('main/es')?.bytes).toBeLessThan(bytes)
  const before = { ...store.letters.totals().get('main/es') }
  store.close()
  expect(openStore(dir).letters.totals().get('main/es')).toEqual(before)
})

test('dead letter that is refused again is held once, another row of the same place beside it', () => {
  const store = storeWith(tempDir(), [1])
  store.append([
    { kind: 'letter', letter: { ...letter(1), status: 403 } },
    { kind: 'letter', letter: letter(1, 'main/es', '{"derived":true}') }
  ])
  store.flush()
  expect(store.letters.list({ limit: 9 })).toMatchObject([{ id: 2 }, { id: 1, status: 403 }])
  expect(store.letters.totals().get('main/es')?.count).toBe(2)
})

test('dead letter of a row whose time is that of its reading is held once, however often it is read', () => {
  const store = storeWith(tempDir(), [])
  for (const time of [1, 2]) {
    const row = Buffer.from(`{"create":{"_id":"a"}}\n{"@timestamp":${time}}\n`)
    store.append([{ kind: 'letter', letter: { ...letter(1), row, identity: 7 } }])
    store.flush()
  }
  expect(store.letters.list({ limit: 9 })).toHaveLength(1)
  expect(store.letters.totals().get('main/es')?.count).toBe(1)
})

test('dead letters past their age go, oldest first, and their disk space with them', () => {
  const dir = tempDir()
  const meter = new Meter()
  const store = StateStore.open(dir, { clock: new FakeClock(), log: listeningLog(), meter })
  const row = Buffer.alloc(4000)
  for (let i = 0; i < row.length; i++) row[i] = (i * 7919) >> (i % 7)
  store.append(Array.from({ length: 500 }, (_, i) => ({ kind: 'letter', letter: { ...letter(i), row } })))
  store.flush()
  const size = (): number => {
    change(dir, 'PRAGMA wal_checkpoint(TRUNCATE)')
    return statSync(join(dir, 'letters.db')).size
  }
  const before = size()
  expect(store.letters.newestId).toBe(500)
  expect(store.letters.purge('main/other', 490)).toBe(0)
  expect(store.letters.purge('main/es', 490)).toBe(490)
  expect(meter.of('collector_state_dead_letters_expired_total', 'main/es').value).toBe(490)
  expect(store.letters.list({ limit: 1000 })).toHaveLength(10)
  expect(store.letters.newestId).toBe(500)
  expect(size()).toBeLessThan(before / 4)
  store.close()
})

test('dead letter with a damaged row is reported alone', () => {
  const dir = tempDir()
  const log = listeningLog()
  storeWith(dir, [1, 2, 3]).close()
  change(dir, `UPDATE letters SET row = CAST(substr(row, 1, 9) || 'x' || substr(row, 11) AS BLOB) WHERE id = 2`)
  change(dir, `UPDATE letters SET position = 77 WHERE id = 3`)
  const store = openStore(dir, { log })
  expect(store.letters.get(1)?.row).toEqual(letter(1).row)
  expect(store.letters.get(2)).toMatchObject({ id: 2, position: 2, row: undefined })
  expect(store.letters.get(3)).toMatchObject({ id: 3, row: undefined })
  expect(log.lines).toEqual(Array(2).fill('error Cannot read dead letter: its row does not match its check'))
})

test('dead letters whose file rots while in use are begun anew, and the state is not touched', () => {
  const dir = tempDir()
  const log = listeningLog()
  const store = openStore(dir, { log })
  store.append([{ kind: 'letter', letter: letter(1) }, cursorRecord('s1', 1)])
  store.flush()
  // Another connection makes the table's root a page that can't be one.
  change(
    dir,
    `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'letters'; PRAGMA schema_version = 99`
  )
  store.append([{ kind: 'letter', letter: letter(2) }, cursorRecord('s1', 2)])
  store.flush()
  expect(store.writable).toBe(true)
  expect(store.letters.list({ limit: 9 }).map(({ position }) => position)).toEqual([2])
  expect(store.load().cursors).toEqual([cursor('s1', 2)])
  expect(readdirSync(dir).filter(name => name.startsWith('letters.db.bad-'))).not.toEqual([])
  expect(log.lines.join('\n')).toContain('set aside as')
})

test('cursor is not stored before the letter that it passes', () => {
  const clock = new FakeClock()
  const dir = tempDir()
  const store = openStore(dir, { clock })
  store.append([{ kind: 'letter', letter: letter(1) }, cursorRecord('s1', 1)])
  clock.move(20)
  const blocker = new DatabaseSync(join(dir, 'letters.db'))
  blocker.exec('BEGIN IMMEDIATE')
  const number = store.append([{ kind: 'letter', letter: letter(2) }, cursorRecord('s1', 2)])
  clock.move(20)
  expect(store.writable).toBe(false)
  expect(store.load().cursors).toMatchObject([{ position: 1 }])
  blocker.exec('ROLLBACK')
  blocker.close()
  clock.move(1000)
  expect(store.durable).toBe(number)
  expect(store.load().cursors).toMatchObject([{ position: 2 }])
})

test('many letters are written some thousands at a time, and others have their turns in between', async () => {
  const store = openStore(tempDir())
  const count = () => store.letters.totals().get('main/es')?.count ?? 0
  const number = store.append(Array.from({ length: 9000 }, (_, i) => ({ kind: 'letter', letter: letter(i) })))
  let isDurable = false
  void store.untilDurable(number).then(() => (isDurable = true))
  const seen = new Set<number>()
  while (!isDurable) {
    seen.add(count())
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(seen.size).toBeGreaterThan(2)
  expect(count()).toBe(9000)
})

test('whoever asks for the state does not wait for letters, and has what was handed over behind them', async () => {
  const store = openStore(tempDir())
  store.append(Array.from({ length: 3000 }, (_, i) => ({ kind: 'letter', letter: letter(i) })))
  const number = store.append([cursorRecord('s1', 7)])
  expect(store.load().cursors).toMatchObject([{ position: 7 }])
  expect(store.letters.totals().size).toBe(0)
  expect(store.durable).toBeLessThan(number)
  await store.untilDurable(number)
  expect(store.letters.totals().get('main/es')).toMatchObject({ count: 3000 })
  expect(store.load().cursors).toMatchObject([{ position: 7 }])
})

test.each([
  ['short', Buffer.from('{"a":1}')],
  ['empty', Buffer.alloc(0)],
  ['long', Buffer.from('{"message":"again"}\n'.repeat(1000))],
  ['short, and begins as what is compressed', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])]
])('a row that is %s comes back as it was', (_, row) => {
  const dir = tempDir()
  const store = openStore(dir)
  store.letters.write([{ ...letter(1), row }])
  const [{ id }] = store.letters.list({ limit: 1 }) as unknown as [{ id: number }]
  expect(store.letters.get(id)?.row?.equals(row)).toBe(true)
  store.close()
  // One bit of it is wrong.
  const database = new DatabaseSync(join(dir, 'letters.db'))
  database.exec(`UPDATE letters SET row = CAST(row || x'00' AS BLOB)`)
  database.close()
  expect(openStore(dir).letters.get(id)?.row).toBeUndefined()
})
