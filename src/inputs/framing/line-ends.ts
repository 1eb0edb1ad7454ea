import type { Batch } from '../../core/batch.ts'
import type { Lines } from '../../core/steps.ts'

const newline = 0x0a
const carriageReturn = 0x0d

/** How the lines of a text end: the byte, and the form in which it stands there. */
export interface LineEnd {
  /** LF, or CR where that is asked for. */
  readonly byte: number
  /** UTF-16 has two bytes for a character, the low one first or the high one. */
  readonly unit: 'byte' | 'low' | 'high'
}

/** What the bytes at the start of a text tell of its encoding, and are not part of it. */
const orderMarks: readonly (readonly [bytes: Buffer, encoding: string])[] = [
  [Buffer.from([0xef, 0xbb, 0xbf]), 'utf-8'],
  [Buffer.from([0xff, 0xfe]), 'utf-16le'],
  [Buffer.from([0xfe, 0xff]), 'utf-16be'],
  [Buffer.from([0x84, 0x31, 0x95, 0x33]), 'gb18030']
]
/** The longest of them. */
export const orderMarkBytes = 4
/** Encodings that give way to what the text says of itself. */
const isOpen = new Set(['utf-8', 'utf-16le', 'utf-16be'])

/** The encoding of a text that begins with `head`, and how many bytes of it say so. Undefined if it takes more of them to tell. */
export function encodingOf(
  configured: string,
  head: Uint8Array
): { readonly encoding: string; readonly markBytes: number } | undefined {
  for (const [bytes, encoding] of orderMarks) {
    const isIts = encoding === configured || (isOpen.has(configured) && isOpen.has(encoding))
    if (!isIts) continue
    if (bytes.equals(head.subarray(0, bytes.length))) return { encoding, markBytes: bytes.length }
    if (head.length < bytes.length && head.length > 0 && bytes.indexOf(head) === 0) return undefined
  }
  return { encoding: configured, markBytes: 0 }
}

export function lineEndOf(encoding: string, lineEnd: 'lf' | 'cr' = 'lf'): LineEnd {
  const byte = lineEnd === 'cr' ? carriageReturn : newline
  return { byte, unit: encoding === 'utf-16le' ? 'low' : encoding === 'utf-16be' ? 'high' : 'byte' }
}

/** Whether a line ends at `bytes[at]`, which stands at this position of the text. Characters of two bytes have to be whole. */
export function isLineEnd(bytes: Uint8Array, at: number, position: number, { byte, unit }: LineEnd): boolean {
  if (bytes[at] !== byte) return false
  if (unit === 'byte') return true
  return unit === 'low' ? position % 2 === 0 && bytes[at + 1] === 0 : position % 2 === 1 && bytes[at - 1] === 0
}

/** Sets the line ends of a chunk from its marks: to the last byte of each. */
export function findLineEnds(batch: Batch, lines: Lines, size: number, lineEnd: LineEnd): void {
  const { bytes, marks, base } = batch
  const behind = lineEnd.unit === 'low' ? 1 : 0
  let ends = lines.ends
  let markers = lines.marks
  if (lineEnd.byte === carriageReturn) {
    // there may be more of them than of those that were found
    ends = new Int32Array(1024)
    markers = new Int32Array(1024)
  }
  let count = 0
  for (let mark = 0; marks[mark]! < size; mark++) {
    const at = marks[mark]!
    if (!isLineEnd(bytes, at, base + at, lineEnd)) continue
    if (count === ends.length) {
      ends = grown(ends)
      markers = grown(markers)
    }
    ends[count] = at + behind
    markers[count++] = mark + 1
  }
  lines.count = count
  lines.ends = ends
  lines.marks = markers
}

function grown(from: Int32Array): Int32Array {
  const into = new Int32Array(from.length * 2)
  into.set(from)
  return into
}
