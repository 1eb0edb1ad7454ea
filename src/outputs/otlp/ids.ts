import type { Column } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { hexValue } from '../../scan/text.ts'
import type { Ends } from '../copy.ts'

/** Writes the field with its tag and length; nothing where the column holds no 32 hex digits. */
export function writeTraceId(ends: Ends, column: Column, row: number, at: number): number {
  return writeId(ends, column.start[row]!, lengthOf(column, row) === 32 ? 16 : 0, 0x4a, at)
}

/** The same with 16. */
export function writeSpanId(ends: Ends, column: Column, row: number, at: number): number {
  return writeId(ends, column.start[row]!, lengthOf(column, row) === 16 ? 8 : 0, 0x52, at)
}

function lengthOf({ start, end }: Column, row: number): number {
  return end[row]! - start[row]!
}

function writeId({ from, into }: Ends, start: number, length: number, tag: number, at: number): number {
  if (length === 0) return at
  into[at] = tag
  into[at + 1] = length
  let wrong = 0
  let to = at + 2
  for (let i = 0; i < length; i++, start += 2) {
    const high = hexValue[from[start]!]!
    const low = hexValue[from[start + 1]!]!
    wrong |= high | low
    into[to++] = (high << 4) | low
  }
  return (wrong & 0x80) === 0 ? to : at
}

/** Trace flags as a number up to 255 or two hex digits; -1 where it is none. */
export function traceFlagsOf(bytes: Uint8Array, kind: number, start: number, end: number): number {
  const length = end - start
  const isNumber = kind === Kind.number
  if (isNumber ? length < 1 || length > 3 : length !== 2 || kind > Kind.jsonText) return -1
  let flags = 0
  for (let i = start; i < end; i++) {
    const digit = hexValue[bytes[i]!]!
    if (digit >= (isNumber ? 10 : 16)) return -1
    flags = flags * (isNumber ? 10 : 16) + digit
  }
  return flags > 255 ? -1 : flags
}
