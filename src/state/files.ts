import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { companions } from './database.ts'
import { obstacleOf } from './obstacles.ts'

/** Bad files kept for a person to look at; older ones go, so that rot in a loop can't fill the disk. */
const badFilesKept = 3

/** Makes the state directory with its parents and closes it to other users. */
export function prepareDirectory(dir: string, log: Log): void {
  try {
    makeFolder(resolve(dir))
    closeToOthers(dir, log)
  } catch (error) {
    const isNowhere = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isNowhere ? 'no folder can be made there: set "state_dir" to another one' : obstacleOf(error, dir)
    throw new ExitError(`Cannot use state directory "${dir}": ${why}`, exitCodes.failed, error)
  }
}

/** Makes a folder with its parents, unless it is there. Not by `recursive` of Node.js: where no folder can be made below one that is there (/proc) it tries for ever. */
export function makeFolder(dir: string, mode = 0o700): void {
  const stat = statSync(dir, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return
  if (stat !== undefined) throw Object.assign(new Error('it is no folder'), { code: 'EEXIST' })
  makeFolder(dirname(dir), mode)
  try {
    mkdirSync(dir, { mode })
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
    return
  }
  // The umask may have taken some of it; what the folder has from its parent (setgid) stays.
  const { mode: made } = statSync(dir)
  if ((made & mode) !== mode) chmodSync(dir, made | mode)
}

function closeToOthers(dir: string, log: Log): void {
  const stat = lstatSync(dir)
  if ((stat.mode & 0o077) === 0) return
  // A sticky directory (/tmp) is shared on purpose: to close it would break other programs.
  const ours = stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o1000) === 0
  if (ours) chmodSync(dir, 0o700)
  else log.warn(`Cannot close state directory "${dir}" to other users: it is shared`)
}

/** Creates an empty file that only we may read. SQLite gives its -wal and -shm files the mode of the database. */
export function createPrivate(path: string): void {
  closeSync(openSync(path, 'wx', 0o600))
}

/** By path, not by descriptor: closing any descriptor of a file drops all POSIX locks that this process has on it. */
export function makePrivate(path: string): void {
  for (const suffix of ['', ...companions]) {
    const stat = lstatSync(path + suffix, { throwIfNoEntry: false })
    if (stat?.isFile() && (stat.mode & 0o777) !== 0o600) chmodSync(path + suffix, 0o600)
  }
}

/** Flushes a file that no database connection of this process has open. */
export function fsyncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** By which a file is told from another one that has taken its name; undefined where there is none. */
export function fileKey(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.dev} ${stat.ino}`
}

export function fsyncDirectory(dir: string): void {
  const file = openSync(dir, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Removes a database that was not finished, with its companions. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', ...companions]) rmSync(path + suffix, { force: true, recursive: true })
}

/**
 * Renames a bad database to `<name>.bad-<time>` and its companions alike, and returns the new path. The database goes first: a
 * crash in between leaves companions without a database, which the next start sets aside too.
 */
export function setAside(path: string, now: number): string {
  const dir = dirname(path)
  const to = freeName(`${path}.bad-${stampOf(now)}`)
  for (const suffix of ['', ...companions]) {
    if (lstatSync(path + suffix, { throwIfNoEntry: false }) !== undefined) renameSync(path + suffix, to + suffix)
  }
  fsyncDirectory(dir)
  pruneBad(dir, name => name.startsWith(`${basename(path)}.bad-`))
  return to
}

/**
 * Sets aside companions that are no regular files, and returns their names: SQLite could not use a directory, and would write
 * through a link.
 */
export function setAsideCompanions(path: string, now: number): string[] {
  const strange = companions
    .map(suffix => path + suffix)
    .filter(name => lstatSync(name, { throwIfNoEntry: false })?.isFile() === false)
  for (const name of strange) renameSync(name, freeName(`${path}.bad-${stampOf(now)}${name.slice(path.length)}`))
  return strange
}

function stampOf(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

function freeName(wanted: string): string {
  let free = wanted
  for (let i = 2; lstatSync(free, { throwIfNoEntry: false }) !== undefined; i++) free = `${wanted}-${i}`
  return free
}

/** Of the bad databases of a folder, those whose name is one of a kind, removes all but the newest. */
export function pruneBad(dir: string, isOne: (name: string) => boolean): void {
  const age = (name: string): number => lstatSync(join(dir, name), { throwIfNoEntry: false })?.ctimeMs ?? 0
  const bad = readdirSync(dir)
    .filter(name => isOne(name) && !companions.some(suffix => name.endsWith(suffix)))
    .sort((a, b) => age(b) - age(a))
  for (const name of bad.slice(badFilesKept)) removeDatabase(join(dir, name))
}
