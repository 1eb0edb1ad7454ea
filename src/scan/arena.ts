import { isUtf8 } from 'node:buffer'
import type { Batch } from '../core/batch.ts'
import type { Lines } from '../core/steps.ts'

/** Closes `batch.marks`: behind every position there can be. */
export const noMark = 0x7fffffff

const newline = 0x0a
const quote = 0x22
const backslash = 0x5c

/**
 * The memory that a shard reads into, and the index of what stands in it: positions of quotes, backslashes and control
 * characters (`batch.marks`) and of line ends (`lines`). With them a scanner finds the end of a string in one step.
 */
export class Arena {
  /** The chunk, then room for the overlay. Give it to the batch before each read: a batch whose overlay grew has another one. */
  readonly bytes: Buffer
  readonly chunkBytes: number
  readonly lines: Lines
  #marks = new Int32Array(1024)
  #marked = 0

  constructor(chunkBytes = 131072) {
    this.chunkBytes = chunkBytes
    this.bytes = Buffer.allocUnsafeSlow(chunkBytes * 4)
    this.lines = { count: 0, ends: new Int32Array(1024), marks: new Int32Array(1024) }
  }

  /** Indexes `batch.bytes[0, batch.size)`: sets `batch.marks`, `batch.isUtf8` and `lines`. */
  index(batch: Batch): void {
    const { bytes, size } = batch
    this.#marked = 0
    this.lines.count = 0
    const ascii = this.#append(bytes, 0, size, true)
    batch.marks = this.#marks
    batch.isUtf8 = ascii || isUtf8(bytes.subarray(0, size - cutOff(bytes, size)))
  }

  /** Appends the marks of overlay bytes behind those of the chunk, and returns the index of the first: the row's `batch.mark`. */
  indexSpan(batch: Batch, start: number, end: number): number {
    const first = this.#marked
    const ascii = this.#append(batch.bytes, start, end, false)
    batch.marks = this.#marks
    if (!ascii && batch.isUtf8) batch.isUtf8 = isUtf8(batch.bytes.subarray(start, end))
    return first
  }

  #append(bytes: Buffer, start: number, end: number, withLines: boolean): boolean {
    const lines = this.lines
    const needed = this.#marked + (end - start) + 1
    if (needed > this.#marks.length) this.#marks = grown(this.#marks, needed)
    const marks = this.#marks
    let marked = this.#marked
    let high = 0
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      high |= byte
      if (byte >= 0x20 && byte !== quote && byte !== backslash) continue
      marks[marked++] = at
      if (byte !== newline || !withLines) continue
      if (lines.count === lines.ends.length) {
        lines.ends = grown(lines.ends, lines.count * 2)
        lines.marks = grown(lines.marks, lines.count * 2)
      }
      lines.ends[lines.count] = at
      lines.marks[lines.count++] = marked
    }
    marks[marked] = noMark
    this.#marked = marked
    return high < 0x80
  }
}

/** Bytes of a character at the very end of `bytes[0, size)` that the cut of the chunk may have parted. */
function cutOff(bytes: Buffer, size: number): number {
  for (let back = 1; back <= 3 && back <= size; back++) {
    const byte = bytes[size - back]!
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0
  }
  return 0
}

function grown(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const into = new Int32Array(length)
  into.set(from)
  return into
}
