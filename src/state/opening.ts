import { copyFileSync, constants, lstatSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crashPoint } from '../core/crash-points.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { type Finding, inspect, migrate, openForWriting, type Schema } from './database.ts'
import {
  createPrivate,
  fsyncDirectory,
  fsyncFile,
  makePrivate,
  removeDatabase,
  setAside,
  setAsideCompanions
} from './files.ts'
import { obstacleOf } from './obstacles.ts'

/** Where the content of an opened database comes from. */
export type Origin = 'found' | 'backup' | 'new'

export interface Files {
  readonly path: string
  /** A verified copy to go back to; absent where there is none. */
  readonly backup?: string
  readonly schema: Schema
  /** Whether to read all of the file before it is trusted. */
  readonly whole: boolean
}

/**
 * Opens a database whatever state it is in: a bad one is set aside and reported, its backup or else an empty one takes its
 * place. Only one that a newer program wrote is refused (`ExitError`), and then nothing has been touched.
 */
export function openDatabase(files: Files, log: Log, now: number): { database: DatabaseSync; origin: Origin } {
  const { path, schema } = files
  try {
    removeUnfinished(path)
    makePrivate(path)
    const origin = secure(files, log, now)
    const database = openForWriting(path)
    crashPoint('state.migrate.before')
    migrate(database, schema)
    crashPoint('state.migrate.after')
    return { database, origin }
  } catch (error) {
    if (error instanceof ExitError) throw error
    removeUnfinished(path)
    throw new ExitError(`Cannot open "${path}": ${obstacleOf(error, path)}`, exitCodes.failed, error)
  }
}

/** Sees to it that a good file stands at the path, and says where it came from. */
function secure(files: Files, log: Log, now: number): Origin {
  const { path, backup, schema, whole } = files
  for (const name of setAsideCompanions(path, now)) log.error(`Cannot use "${name}": not a regular file, set aside`)
  const found = inspect(path, schema, { whole })
  refuseNewer(path, found)
  if (found.kind === 'good') return 'found'
  const saved = backup === undefined ? undefined : inspect(backup, schema, { immutable: true })
  if (backup !== undefined && saved !== undefined) refuseNewer(backup, saved)
  reportBad(path, found, log, now)
  if (backup === undefined || saved?.kind !== 'good') {
    if (backup !== undefined && saved !== undefined) reportBad(backup, saved, log, now)
    createNew(path, schema)
    return 'new'
  }
  // An older state has older cursors: rows that were delivered since are read and sent again, and Elasticsearch answers 409
  // for them. Nothing is lost by it, which could not be said of cursors that are too far ahead.
  const taken = lstatSync(backup).mtime.toISOString()
  log.warn(`Going on from backup "${backup}": rows delivered since are sent again`, { backup: taken })
  copyFileSync(backup, unfinished(path), constants.COPYFILE_FICLONE)
  putInPlace(path)
  return 'backup'
}

/** Removes what a crash left of a database that was being made. */
export function removeUnfinished(path: string): void {
  removeDatabase(unfinished(path))
}

/** The name under which a database is made before it takes its place. */
function unfinished(path: string): string {
  return `${path}.new`
}

function refuseNewer(path: string, finding: Finding): void {
  if (finding.kind !== 'newer') return
  throw new ExitError(
    `Cannot use "${path}": a newer version of the collector wrote it (layout ${finding.version})`,
    exitCodes.newerState
  )
}

function reportBad(path: string, finding: Finding, log: Log, now: number): void {
  if (finding.kind === 'bad') {
    const to = setAside(path, now)
    log.error(`Cannot use "${path}": ${finding.reason}, set aside as "${basename(to)}"`)
  } else if (lstatSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined) {
    // Left of a database that is gone: it must not be applied to the one that takes its place.
    setAside(path, now)
  }
  crashPoint('state.set-aside.after')
}

function createNew(path: string, schema: Schema): void {
  createPrivate(unfinished(path))
  const database = openForWriting(unfinished(path), schema.settings)
  try {
    migrate(database, schema)
  } finally {
    database.close()
  }
  putInPlace(path)
}

function putInPlace(path: string): void {
  makePrivate(unfinished(path))
  fsyncFile(unfinished(path))
  crashPoint('state.create.rename.before')
  renameSync(unfinished(path), path)
  fsyncDirectory(dirname(path))
  crashPoint('state.create.rename.after')
}

export function statePaths(dir: string): { state: string; backup: string; letters: string } {
  return { state: join(dir, 'state.db'), backup: join(dir, 'backup.db'), letters: join(dir, 'letters.db') }
}
