import { isUtf8 } from 'node:buffer'
import { Batch, columnBytes } from '../core/batch.ts'
import type { Lines } from '../core/steps.ts'
import { Workspace } from '../core/workspace.ts'
import { RowKernel } from './row-kernel.ts'
import { structureWasm } from './structure.wasm.ts'
import { hasMark } from './text.ts'

/** Closes `batch.marks`: behind every position there can be. */
export const noMark = 0x7fffffff

const newline = 0x0a
const quote = 0x22
const backslash = 0x5c
/** For tables of kernels that are there once, and of one parser. */
const tableBytes = 1024 * 1024
/** How far the kernel reads, and writes, behind what it was given. */
const slackBytes = 64

type Kernel = (
  start: number,
  end: number,
  marks: number,
  marked: number,
  ends: number,
  behind: number,
  result: number
) => number

let structureModule: WebAssembly.Module | undefined

/**
 * The memory that a shard reads into, and the index of what stands in it: positions of quotes, backslashes and control
 * characters (`batch.marks`) and of line ends (`lines`). With them a scanner finds the end of a string in one step.
 *
 * ```
 * bytes: chunk, overlay | marks: one a byte at worst | line ends | marks behind them | result | columns, tables        workspace
 * ```
 * Most of it is never touched and so costs no memory. Bytes that stand elsewhere (a row larger than the chunk, an overlay that
 * grew) are indexed in plain JavaScript, with the same result. measured: 0.6 GB/s, the kernel 4.6 GB/s.
 */
export class Arena {
  /** The chunk, then room for the overlay. Give it to the batch before each read: a batch whose overlay grew has another one. */
  readonly bytes: Buffer
  readonly chunkBytes: number
  readonly lines: Lines
  readonly workspace: Workspace
  readonly rows: RowKernel
  #marks: Int32Array<ArrayBuffer>
  #marked = 0
  readonly #kernel: Kernel
  readonly #kernelMarks: Int32Array<ArrayBuffer>
  readonly #kernelEnds: Int32Array
  readonly #kernelBehind: Int32Array
  readonly #result: Int32Array

  /** `spareBytes`: room in the workspace for others. */
  constructor(chunkBytes = 131072, spareBytes = 0) {
    this.chunkBytes = chunkBytes
    const size = chunkBytes * 4
    const numbers = size + slackBytes
    this.workspace = new Workspace(size + numbers * 12 + columnBytes(size) + tableBytes + spareBytes)
    const { buffer, memory } = this.workspace
    // the first thing in it, so that positions in the chunk are addresses
    this.bytes = Buffer.from(buffer, this.workspace.take(size + slackBytes), size)
    this.#kernelMarks = new Int32Array(buffer, this.workspace.take(numbers * 4), numbers)
    this.#kernelEnds = new Int32Array(buffer, this.workspace.take(numbers * 4), numbers)
    this.#kernelBehind = new Int32Array(buffer, this.workspace.take(numbers * 4), numbers)
    this.#result = new Int32Array(buffer, this.workspace.take(8), 2)
    structureModule ??= new WebAssembly.Module(Buffer.from(structureWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(structureModule, { env: { memory } })
    this.#kernel = exports['index'] as Kernel
    this.rows = new RowKernel(this.workspace, exports['addRows'] as RowKernel['run'])
    this.#marks = this.#kernelMarks
    this.lines = { count: 0, ends: this.#kernelEnds, marks: this.#kernelBehind }
  }

  /** A batch whose columns lie in the workspace. */
  newBatch(): Batch {
    return new Batch(this.bytes, this.workspace)
  }

  /** Indexes `batch.bytes[0, batch.size)`: sets `batch.marks`, `batch.isUtf8` and `lines`. `isUtf8` is true if all of it is valid but
   * for a character that the end of the chunk cuts: what is behind the last line end is going to be seen again with its rest. */
  index(batch: Batch): void {
    const { bytes, size } = batch
    const { lines } = this
    this.#marked = 0
    let ascii: boolean
    if (bytes === this.bytes) {
      this.#marks = this.#kernelMarks
      lines.ends = this.#kernelEnds
      lines.marks = this.#kernelBehind
      ascii = this.#run(0, size, 0)
      lines.count = this.#result[0]!
    } else {
      if (this.#marks === this.#kernelMarks) this.#marks = new Int32Array(1024)
      ascii = this.#walk(bytes, 0, size)
      this.#walkLines(bytes)
    }
    batch.marks = this.#marks
    batch.isUtf8 = ascii || isUtf8(bytes.subarray(0, size - cutOff(bytes, size)))
  }

  /** Appends the marks of overlay bytes behind those there are, and returns the index of the first: the row's `batch.mark`. */
  indexSpan(batch: Batch, start: number, end: number): number {
    const { bytes } = batch
    const first = this.#marked
    const fits = this.#marks === this.#kernelMarks && first + end - start <= this.bytes.length
    // The line ends of the span, which nobody wants, go behind those of the chunk.
    const ascii = fits && bytes === this.bytes ? this.#run(start, end, this.lines.count) : this.#walk(bytes, start, end)
    batch.marks = this.#marks
    if (!ascii && batch.isUtf8) batch.isUtf8 = isUtf8(bytes.subarray(start, end))
    return first
  }

  /** Appends marks with the kernel, writes line ends from number `line` on; returns whether all is ASCII. */
  #run(start: number, end: number, line: number): boolean {
    const marks = this.#kernelMarks.byteOffset
    const ends = this.#kernelEnds.byteOffset + line * 4
    const behind = this.#kernelBehind.byteOffset + line * 4
    this.#marked = this.#kernel(start, end, marks, this.#marked, ends, behind, this.#result.byteOffset)
    return this.#result[1] === 0
  }

  /** The same in JavaScript, less the line ends. */
  #walk(bytes: Buffer, start: number, end: number): boolean {
    let marked = this.#marked
    let marks = this.#marks
    let high = 0
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = start; at < end; ) {
      for (; at + 4 <= end; at += 4) {
        const word = words.getInt32(at, true)
        if (hasMark(word)) break
        high |= word
      }
      for (const stop = Math.min(end, at + 4); at < stop; at++) {
        const byte = bytes[at]!
        high |= byte
        if (byte >= 0x20 && byte !== quote && byte !== backslash) continue
        if (marked + 1 >= marks.length || marks === this.#kernelMarks) marks = grown(marks, marked)
        marks[marked++] = at
      }
    }
    if (marked >= marks.length || marks === this.#kernelMarks) marks = grown(marks, marked)
    marks[marked] = noMark
    this.#marks = marks
    this.#marked = marked
    return (high & 0x80808080) === 0
  }

  #walkLines(bytes: Buffer): void {
    const marks = this.#marks
    let ends = new Int32Array(1024)
    let behind = new Int32Array(1024)
    let count = 0
    for (let i = 0; i < this.#marked; i++) {
      if (bytes[marks[i]!] !== newline) continue
      if (count === ends.length) {
        ends = grown(ends, count)
        behind = grown(behind, count)
      }
      ends[count] = marks[i]!
      behind[count++] = i + 1
    }
    const { lines } = this
    lines.count = count
    lines.ends = ends
    lines.marks = behind
  }
}

/** Bytes of a character at the very end of `bytes[0, size)` whose rest is missing. */
function cutOff(bytes: Buffer, size: number): number {
  for (let back = 1; back <= 3 && back <= size; back++) {
    const byte = bytes[size - back]!
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0
  }
  return 0
}

/** A copy of the first `used` numbers, with room for as many again. */
function grown(from: Int32Array, used: number): Int32Array<ArrayBuffer> {
  const into = new Int32Array(Math.max(1024, used * 2))
  into.set(from.subarray(0, used))
  return into
}
