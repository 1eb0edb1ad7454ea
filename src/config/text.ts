import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Problems } from './problems.ts'
import { reasonOf } from './substitute.ts'

const maxFileBytes = 1024 * 1024

/** The text of a file that people write, or undefined and a problem. */
export function readText(file: string, problems: Problems): string | undefined {
  const start = { file, line: 1, column: 1 }
  try {
    const bytes = readMost(file)
    if (typeof bytes !== 'string') return decoded(bytes, file, problems)
    problems.add(start, `Cannot read this file: ${bytes}`)
  } catch (error) {
    problems.add(start, `Cannot read this file: ${reasonOf(error)}`)
  }
  return undefined
}

/** The bytes of a file, or why it is none that people write. It is opened without waiting: for a pipe that nobody writes to that could be
 * for ever, and devices need not end. */
function readMost(file: string): Buffer | string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const about = fstatSync(fd)
    if (about.isDirectory()) return 'it is a folder'
    if (!about.isFile()) return 'it is a pipe or a device: name a file'
    // not of the size that it says it has: of files of the system that is 0, and others may grow
    const bytes = Buffer.allocUnsafe(maxFileBytes + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null)
    }
    return length > maxFileBytes ? 'it is larger than 1MiB' : bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

function decoded(bytes: Buffer, file: string, problems: Problems): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const text = bytes.toString('utf8')
    const at = text.indexOf('\uFFFD')
    const place = { file, line: text.slice(0, at).split('\n').length, column: at - text.lastIndexOf('\n', at) }
    problems.add(place, 'Cannot read this character: the file is not UTF-8')
    return undefined
  }
}
