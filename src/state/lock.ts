import { lstatSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ExitError, exitCodes } from '../core/errors.ts'
import { codeOf, sqlite } from './database.ts'
import { createPrivate, makePrivate } from './files.ts'
import { obstacleOf } from './obstacles.ts'

/**
 * The right to use a state directory: an exclusive transaction on lock.db, held for life. The kernel drops it with the process,
 * so a stale lock can't exist. The file stays empty; who holds it stands in lock.pid, for messages only.
 */
export class InstanceLock {
  readonly #database: DatabaseSync
  readonly #pidFile: string

  /** Throws `ExitError` (already running) at once when another process holds it. */
  static take(dir: string): InstanceLock {
    const path = join(dir, 'lock.db')
    try {
      prepare(path)
      return new InstanceLock(begin(path), dir)
    } catch (error) {
      if (codeOf(error) !== sqlite.busy) {
        throw new ExitError(`Cannot lock state directory "${dir}": ${obstacleOf(error, path)}`, exitCodes.failed, error)
      }
      const pid = holder(dir)
      const who = pid === undefined ? 'another collector' : `another collector (process ${pid})`
      throw new ExitError(`Cannot use state directory "${dir}": ${who} holds it`, exitCodes.alreadyRunning, error)
    }
  }

  private constructor(database: DatabaseSync, dir: string) {
    this.#database = database
    this.#pidFile = join(dir, 'lock.pid')
    try {
      rmSync(this.#pidFile, { force: true })
      writeFileSync(this.#pidFile, `${process.pid}\n`, { flag: 'wx', mode: 0o600 })
    } catch {
      // A full disk: the lock holds without a name.
    }
  }

  release(): void {
    rmSync(this.#pidFile, { force: true })
    this.#database.close()
  }
}

/** Never opens the file by itself where it exists: closing that descriptor would drop a lock this process may hold. */
function prepare(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isFile()) renameSync(path, `${path}.bad-${Date.now()}`)
  if (stat?.isFile()) return makePrivate(path)
  try {
    createPrivate(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function begin(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (codeOf(error) !== sqlite.notADatabase) throw error
    // Somebody wrote into it. Emptied in place, not replaced: two starting at once must meet on one inode.
    truncateSync(path, 0)
    return begin(path)
  }
}

function holder(dir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(dir, 'lock.pid'), 'utf8'), 10)
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}
