import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import type { Arena } from '../../scan/arena.ts'

const carriageReturn = 0x0d
/** The most bytes of UTF-8 that a byte becomes. */
const mostBytes = 3
const replacement = '\ufffd'

export interface TextReaderOptions {
  readonly arena: Arena
  readonly nulBytes?: { value: number }
}

/** Turns the content of rows into UTF-8. Each row by itself: what it holds depends on its own bytes alone. */
export class TextReader {
  readonly #decoder: TextDecoder
  readonly #encoding: string
  readonly #isWide: boolean
  readonly #options: TextReaderOptions
  #row = 0

  constructor(encoding: string, options: TextReaderOptions) {
    this.#decoder = new TextDecoder(encoding, { ignoreBOM: true })
    this.#encoding = encoding
    this.#isWide = encoding.startsWith('utf-16')
    this.#options = options
  }

  /** `isAscii`: what stands in the chunk itself needs no change. Rows that turn out to be empty vanish. */
  read(batch: Batch, isAscii: boolean): void {
    this.#row = 0
    const { rows } = batch
    for (let row = 0; row < rows; row++) {
      if (this.#isWide) this.#trim(batch, row)
      const isKept = isAscii && batch.starts[row]! < batch.size
      if (!isKept) this.#decode(batch, row)
      if (batch.ends[row]! > batch.starts[row]!) this.#move(batch, row)
    }
    batch.rows = this.#row
    // each row is, and nothing else is looked at
    batch.isUtf8 = true
  }

  /** The byte of the line end that the framer left here, and NULs in front. */
  #trim(batch: Batch, row: number): void {
    const { bytes, starts, ends } = batch
    const flags = batch.flags[row]!
    if ((flags & (Flag.unterminated | Flag.truncated)) === 0) ends[row]!--
    let start = starts[row]!
    while (start + 1 < ends[row]! && bytes[start] === 0 && bytes[start + 1] === 0) start += 2
    const nuls = start - starts[row]!
    if (nuls === 0) return
    starts[row] = start
    batch.positions[row]! += nuls
    batch.lengths[row]! -= nuls
    if (this.#options.nulBytes) this.#options.nulBytes.value += nuls
  }

  #decode(batch: Batch, row: number): void {
    const from = batch.starts[row]!
    const to = batch.ends[row]!
    const text = this.#textOf(batch, row, from, to)
    const start = batch.overlay((to - from) * mostBytes + mostBytes)
    let end = start + batch.bytes.utf8Write(text, start)
    if (this.#isWide && end > start && batch.bytes[end - 1] === carriageReturn) end--
    batch.used = end
    batch.starts[row] = start
    batch.ends[row] = end
    batch.mark[row] = this.#options.arena.indexSpan(batch, start, end)
  }

  #textOf(batch: Batch, row: number, from: number, to: number): string {
    // a stored cut may have parted a character
    const isHalf = this.#isWide && batch.positions[row]! % 2 === 1
    const bytes = batch.bytes.subarray(isHalf ? from + 1 : from, to)
    // what is cut off of the last character is no mistake
    const isTruncated = (batch.flags[row]! & Flag.truncated) !== 0
    let text = this.#decoder.decode(bytes, { stream: isTruncated })
    if (isTruncated) this.#decoder.decode()
    if (isHalf) text = replacement + text
    if (text.includes(replacement) && (isHalf || !this.#isValid(bytes, isTruncated))) {
      batch.flags[row]! |= Flag.invalidUtf8
    }
    return text
  }

  #isValid(bytes: Buffer, isTruncated: boolean): boolean {
    try {
      new TextDecoder(this.#encoding, { fatal: true }).decode(bytes, { stream: isTruncated })
      return true
    } catch {
      return false
    }
  }

  #move(batch: Batch, row: number): void {
    const to = this.#row++
    if (to === row) return
    batch.starts[to] = batch.starts[row]!
    batch.ends[to] = batch.ends[row]!
    batch.mark[to] = batch.mark[row]!
    batch.positions[to] = batch.positions[row]!
    batch.lengths[to] = batch.lengths[row]!
    batch.flags[to] = batch.flags[row]!
  }
}
