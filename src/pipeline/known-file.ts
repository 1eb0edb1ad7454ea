import { statSync } from 'node:fs'
import { reasonOf } from '../config/substitute.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { StoredSource } from '../core/record.ts'
import { type Inode, inodeOf, keyOf } from '../inputs/file/identity.ts'
import { fromStored } from '../inputs/file/stored.ts'

/** Which file is there. Throws `ExitError`. */
export function inodeAt(path: string): Inode {
  try {
    return inodeOf(statSync(path, { bigint: true }))
  } catch (error) {
    throw new ExitError(`Cannot read "${path}": ${reasonOf(error)}`, exitCodes.failed, error)
  }
}

/** What earlier runs know of the file that is there, whatever it was called: a file is what it was since it was truncated last. Undefined
 * where none has met it. Throws `ExitError`. */
export function sourceOfFile(path: string, sources: readonly StoredSource[]): StoredSource | undefined {
  const key = keyOf(inodeAt(path))
  const own = sources.filter(source => keyOf(fromStored(source)) === key)
  return own.toSorted((a, b) => fromStored(b).generation - fromStored(a).generation)[0]
}
