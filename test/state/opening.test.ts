import { chmodSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { ExitError, exitCodes } from '../../src/core/errors.ts'
import { inspect, migrate, type Schema, seal } from '../../src/state/database.ts'
import { obstacleOf } from '../../src/state/obstacles.ts'
import { canBeNobody, withoutRights } from '../fakes/rights.ts'
import { cursorRecord, openStore, tempDir } from './support.ts'

/** A state directory with a backup, as a killed collector leaves it. */
function killedDir(): string {
  const live = tempDir()
  const store = openStore(live)
  store.append([cursorRecord('s1', 1)])
  store.close()
  const again = openStore(live)
  again.append([cursorRecord('s1', 2)])
  again.flush()
  const dir = tempDir()
  cpSync(live, dir, { recursive: true })
  return dir
}

test('state store refuses what a newer version wrote and leaves it untouched', () => {
  const dir = killedDir()
  const path = join(dir, 'state.db')
  const database = new DatabaseSync(path)
  database.prepare(`UPDATE meta SET value = '9', seal = ? WHERE key = 'version'`).run(seal('version', '9'))
  database.exec('PRAGMA user_version = 9; CREATE TABLE wonders (a)')
  // Copied while the new version is still in the log only.
  const newer = tempDir()
  cpSync(dir, newer, { recursive: true })
  database.close()
  for (const where of [dir, newer]) {
    const names = readdirSync(where).filter(name => !/shm$|^lock/.test(name))
    const bytes = names.map(name => readFileSync(join(where, name)).toString('latin1'))
    let thrown: unknown
    try {
      openStore(where)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ExitError)
    expect((thrown as ExitError).exitCode).toBe(exitCodes.newerState)
    expect((thrown as ExitError).message).toContain(join(where, 'state.db'))
    expect(names.map(name => readFileSync(join(where, name)).toString('latin1'))).toEqual(bytes)
    expect(
      readdirSync(where)
        .filter(name => !/^lock|shm$|^state.db-wal$/.test(name))
        .sort()
    ).toEqual(names.filter(name => name !== 'state.db-wal').sort())
  }
})

test('state store does not take a flipped version for a newer one', () => {
  const dir = killedDir()
  const database = new DatabaseSync(join(dir, 'state.db'))
  database.exec('PRAGMA user_version = 65537')
  database.close()
  expect(openStore(dir).origin).toBe('backup')
})

test('state store keeps only the latest bad files', () => {
  const dir = killedDir()
  for (let i = 0; i < 6; i++) {
    writeFileSync(join(dir, 'state.db'), 'rot')
    openStore(dir).close()
  }
  expect(readdirSync(dir).filter(name => name.includes('.bad-'))).toHaveLength(3)
})

test('migrations run in order, each once, and a half-done one leaves the version before', () => {
  const path = join(tempDir(), 'a.db')
  const steps: string[] = []
  const first: Schema = {
    applicationId: 7,
    migrations: [database => database.exec('CREATE TABLE a (x INTEGER) STRICT')],
    check: () => []
  }
  let fail = true
  const second: Schema = {
    ...first,
    migrations: [
      ...first.migrations,
      database => {
        steps.push('two')
        database.exec('ALTER TABLE a ADD COLUMN y INTEGER')
        if (fail) throw new Error('no power')
      }
    ]
  }
  const database = new DatabaseSync(path)
  migrate(database, first)
  database.exec('INSERT INTO a VALUES (1)')
  expect(() => migrate(database, second)).toThrow('no power')
  expect(inspect(path, first)).toEqual({ kind: 'good', version: 1 })
  fail = false
  migrate(database, second)
  migrate(database, second)
  expect(steps).toEqual(['two', 'two'])
  expect({ ...database.prepare('SELECT * FROM a').get() }).toEqual({ x: 1, y: null })
  database.close()
  expect(inspect(path, second)).toEqual({ kind: 'good', version: 2 })
  expect(inspect(path, first)).toEqual({ kind: 'newer', version: 2 })
})

test.runIf(canBeNobody).each([/^state\.db$/, /-wal$/])(
  'state store does not replace what it may not open (%s)',
  files => {
    const dir = killedDir()
    const names = readdirSync(dir)
    const said = /^Cannot open ".*state\.db": permission denied: run as the user .* \(chown\)$/
    withoutRights(dir, files, () => expect(() => openStore(dir)).toThrow(said))
    expect(readdirSync(dir).filter(name => !names.includes(name))).toEqual([])
    expect(openStore(dir).load().cursors).toMatchObject([{ position: 2 }])
  }
)

test('state store opens files of its own whose rights somebody took away', () => {
  const dir = killedDir()
  chmodSync(join(dir, 'state.db'), 0)
  const store = openStore(dir)
  expect([store.origin, statSync(join(dir, 'state.db')).mode & 0o777]).toEqual(['found', 0o600])
})

test.each(['file', 'file/below'])('a state directory at %s is refused with what to do', name => {
  const dir = tempDir()
  writeFileSync(join(dir, 'file'), '')
  const said = new RegExp(`^Cannot use state directory ".*${name}": .*is no folder: set "state_dir" to `)
  expect(() => openStore(join(dir, name))).toThrow(said)
})

test('a full disk is told as such, whatever SQLite says', () => {
  const full = Object.assign(new Error('disk I/O error'), { errcode: 4874 })
  expect(obstacleOf(full, join(tempDir(), 'state.db'))).toBe('disk I/O error')
  const said = /^the disk is full: free some space below ".*", or set "state_dir" to a folder on another one$/
  expect(obstacleOf(Object.assign(new Error('full'), { errcode: 13 }), '/a/state.db')).toMatch(said)
  // A file system without any room.
  expect(obstacleOf(full, '/proc/state.db')).toMatch(said)
})
