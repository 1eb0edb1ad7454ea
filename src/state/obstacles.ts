import { lstatSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../core/errors.ts'
import { codeOf, companions, sqlite } from './database.ts'

/** With less than this there is no room for a database and its log of changes. */
const leastFreeBytes = 1024 * 1024

const denied = 'permission denied: run as the user whom it belongs to, or give it to this one (chown)'

/** By the system's code. */
const words: Readonly<Record<string, string>> = {
  EACCES: denied,
  EPERM: denied,
  EEXIST: 'it is no folder: set "state_dir" to one',
  ENOTDIR: 'a part of its path is no folder: set "state_dir" to another one',
  EROFS: 'its file system can only be read: set "state_dir" to a folder on another one'
}

/** Why something in the state directory can not be used, with what to do. */
export function obstacleOf(error: unknown, path: string): string {
  const { code = '' } = error as NodeJS.ErrnoException
  if (isFull(error, code, path)) {
    return `the disk is full: free some space below "${dirname(path)}", or set "state_dir" to a folder on another one`
  }
  if (codeOf(error) === sqlite.cantOpen && isForeign(path)) return denied
  return words[code] ?? messageOf(error)
}

/** SQLite does not say that it may not open what stands beside a database. */
function isForeign(path: string): boolean {
  const user = process.geteuid?.()
  const owners = ['', ...companions].map(suffix => lstatSync(path + suffix, { throwIfNoEntry: false })?.uid ?? user)
  return user !== 0 && owners.some(owner => owner !== user)
}

/** SQLite says of a full disk that it is full, or only that it can not write. */
function isFull(error: unknown, code: string, path: string): boolean {
  if (code === 'ENOSPC' || code === 'EDQUOT' || codeOf(error) === sqlite.full) return true
  if (codeOf(error) !== sqlite.io) return false
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < leastFreeBytes
  } catch {
    return false
  }
}
