import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Problems } from './problems.ts'
import { reasonOf } from './substitute.ts'

const maxFileBytes = 1024 * 1024

/** The text of a file that people write, or undefined and a problem. */
export function readText(file: string, problems: Problems): string | undefined {
  const start = { file, line: 1, column: 1 }
  try {
    if (statSync(file).isDirectory()) problems.add(start, 'Cannot read this file: it is a folder')
    else {
      const bytes = readMost(file)
      if (bytes.length <= maxFileBytes) return decoded(bytes, file, problems)
      problems.add(start, 'Cannot read this file: it is larger than 1MiB')
    }
  } catch (error) {
    problems.add(start, `Cannot read this file: ${reasonOf(error)}`)
  }
  return undefined
}

/** Not more than it takes to know that this is too much: pipes and devices have no size, and need not end. */
function readMost(file: string): Buffer {
  const bytes = Buffer.allocUnsafe(maxFileBytes + 1)
  const fd = openSync(file, 'r')
  try {
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null)
    }
    return bytes.subarray(0, length)
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
