import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { StateRecord } from '../../src/core/record.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { inspect, seal } from '../../src/state/database.ts'
import { lettersSchema } from '../../src/state/letters-schema.ts'
import { stateSchema } from '../../src/state/state-schema.ts'
import { dumpOf } from './dump.ts'
import { letter, openStore, tempDir } from './support.ts'
import { laterRecords, oldRecords } from './version-content.ts'

/** `<database>-<layout>.sql`: what the programs of their time wrote for `oldRecords`. Those of a new layout come from
 * `UPDATE=1 npx vitest run test/state/versions.test.ts`, and are never changed again. */
const folder = join(import.meta.dirname, 'versions')
const fixtures = readdirSync(folder)
const newest = { state: stateSchema.migrations.length, letters: lettersSchema.migrations.length }

test('there is a fixture of every layout', () => {
  if (process.env['UPDATE'] === '1') writeMissing()
  const wanted = Object.entries(newest).flatMap(([name, last]) =>
    Array.from({ length: last }, (_, i) => `${name}-${i + 1}.sql`)
  )
  expect(readdirSync(folder).toSorted()).toEqual(wanted.toSorted())
})

test.each(fixtures)('%s is brought up to date, with everything in it', file => {
  const dir = tempDir()
  const name = file.split('-')[0] as keyof typeof newest
  const path = join(dir, `${name}.db`)
  restore(path, file)
  const store = openStore(dir)
  if (name === 'state') {
    expect(store.origin).toBe('found')
    const { sources, cursors, cuts, parsers, notes } = store.load()
    expect(sources).toEqual(
      oldRecords
        .filter(one => one.kind === 'source')
        .map(one => one.source)
        .slice(0, 2)
    )
    expect(cursors).toEqual([(oldRecords[2] as { cursor: unknown }).cursor])
    expect(cuts).toEqual([{ source: 'AAAAAAAAAAAAAAAA', position: 1500 }])
    expect([{ ...parsers }, { ...notes }]).toEqual([
      { AAAAAAAAAAAAAAAA: 'json' },
      { 'default/es/index': '.ds-logs-000001' }
    ])
    const later = recordsSince(Number(/\d+/.exec(file)))
    const observed = later.flatMap(one => (one.kind === 'observed' ? [one.observed] : []))
    const { windows, alerts, notices } = store.loadRules()
    expect(store.load().observed).toEqual(observed)
    expect([...windows, ...alerts, ...notices]).toEqual(
      later.filter(({ kind }) => ['window', 'alert', 'notice'].includes(kind)).map(plain)
    )
    expect(store.agents()).toEqual(later.flatMap(one => (one.kind === 'agent' ? [one.agent] : [])))
    expect(store.ended().get('default/es')).toEqual(cursors[0]!.ledger)
  } else {
    const wanted = oldRecords.filter(one => one.kind === 'letter').map(one => one.letter)
    const kept = [...store.letters.all()]
    expect(kept).toMatchObject(wanted.map(one => ({ ...one, row: expect.anything() as Uint8Array })))
    expect(kept.map(({ row }) => String(row))).toEqual(wanted.map(({ row }) => String(row)))
    // refused once more, a letter of an old layout is the one it was
    store.letters.write([wanted[0]!, letter(5, 'default/es')])
    expect(store.letters.totals().get('default/es')!.count).toBe(3)
  }
  store.close()
  expect(inspect(path, name === 'state' ? stateSchema : lettersSchema)).toEqual({ kind: 'good', version: newest[name] })
  expect(readdirSync(dir).filter(one => one.includes('.bad-'))).toEqual([])
})

test.each(['state', 'letters'] as const)(
  'a newer %s.db is refused with its exit code, and left where and as it is',
  name => {
    const dir = tempDir()
    for (const one of ['state', 'letters'] as const) restore(join(dir, `${one}.db`), `${one}-${newest[one]}.sql`)
    const path = join(dir, `${name}.db`)
    const database = new DatabaseSync(path)
    const version = String(newest[name] + 1)
    database.prepare(`UPDATE meta SET value = ?, seal = ? WHERE key = 'version'`).run(version, seal('version', version))
    database.exec(`PRAGMA user_version = ${version}`)
    database.close()
    const before = readFileSync(path)
    expect(() => openStore(dir)).toThrow(expect.objectContaining({ exitCode: exitCodes.newerState }))
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(dir).filter(one => one.includes('.bad-'))).toEqual([])
    expect(existsSync(join(dir, 'lock.pid'))).toBe(false)
  }
)

/** Those that a layout has a place for, besides the old ones. */
function recordsSince(layout: number): StateRecord[] {
  return Object.entries(laterRecords).flatMap(([first, records]) => (Number(first) <= layout ? records : []))
}

/** SQLite answers with bytes that are no `Buffer`. */
function plain(record: StateRecord): StateRecord {
  return record.kind === 'window' ? { ...record, blob: new Uint8Array(record.blob) } : record
}

function restore(path: string, file: string): void {
  const database = new DatabaseSync(path)
  database.exec(readFileSync(join(folder, file), 'utf8'))
  database.close()
}

function writeMissing(): void {
  const dir = tempDir()
  const store = openStore(dir)
  for (const record of [...oldRecords, ...recordsSince(newest.state)]) {
    store.append([record])
    store.flush()
  }
  store.close()
  for (const [name, version] of Object.entries(newest)) {
    const path = join(folder, `${name}-${version}.sql`)
    if (!existsSync(path)) writeFileSync(path, dumpOf(join(dir, `${name}.db`)))
  }
}
