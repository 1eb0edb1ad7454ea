import { readFileSync, statSync } from 'node:fs'
import type { Problems } from './problems.ts'
import { reasonOf } from './substitute.ts'

const maxFileBytes = 1024 * 1024

/** The text of a file that people write, or undefined and a problem. */
export function readText(file: string, problems: Problems): string | undefined {
  const start = { file, line: 1, column: 1 }
  try {
    const about = statSync(file)
    if (about.isDirectory()) problems.add(start, 'Cannot read this file: it is a folder')
    else if (about.size > maxFileBytes) problems.add(start, 'Cannot read this file: it is larger than 1MiB')
    else return decoded(readFileSync(file), file, problems)
  } catch (error) {
    problems.add(start, `Cannot read this file: ${reasonOf(error)}`)
  }
  return undefined
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
