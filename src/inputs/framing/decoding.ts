import { isAscii } from 'node:buffer'
import type { Batch } from '../../core/batch.ts'
import { Gone, type Position, type Source } from '../../core/source.ts'
import type { Lines } from '../../core/steps.ts'
import { encodingOf, lineEndOf, orderMarkBytes } from './line-ends.ts'
import { LineFramer, type LineOptions } from './lines.ts'
import type { LineSource } from './multiline-options.ts'
import { removeFirstRow } from './rows.ts'
import { TextReader } from './text-reader.ts'

/** Bytes below 0x80 are no ASCII in them, or not always. */
const withoutAscii = new Set(['utf-16le', 'utf-16be', 'iso-2022-jp'])

export interface DecodingOptions extends LineOptions {
  /** As `TextDecoder` names it. */
  readonly encoding: string
  readonly lineEnd?: 'lf' | 'cr' | undefined
}

/**
 * Rows are lines of text in any encoding. What says of the encoding at the start of the text is no part of the first line. Positions and
 * lengths are those of the bytes as they stand in the source; the content of other encodings than UTF-8 moves to the overlay.
 */
export class DecodingFramer implements LineSource {
  readonly #options: DecodingOptions
  #lines: LineFramer | undefined
  /** Absent: it is UTF-8. */
  #text: TextReader | undefined
  #markBytes = 0
  #hasAscii = true

  constructor(options: DecodingOptions) {
    this.#options = options
  }

  get heldFrom(): Position {
    return this.#lines?.heldFrom ?? Infinity
  }

  get heldBytes(): number {
    return this.#lines?.heldBytes ?? 0
  }

  get cutBytes(): number {
    return this.#lines?.cutBytes ?? 0
  }

  frame(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    const next = this.cut(batch, lines, cutAt, final)
    this.#options.budget?.trim()
    return next
  }

  drop(): void {
    this.#lines?.drop()
  }

  cut(batch: Batch, lines: Lines, cutAt: number, final: boolean): number {
    const size = Math.min(batch.size, cutAt - batch.base)
    const isOver = final || batch.base + size === cutAt
    if (this.#lines === undefined) {
      // bytes that were read before are there
      const head = Buffer.alloc(Math.min(orderMarkBytes, batch.base > 0 ? batch.base : size))
      if (batch.base === 0) batch.bytes.copy(head)
      else if (!readHead(batch.source, head)) return -1
      const found = encodingOf(this.#options.encoding, head)
      // all that came is seen again, with more
      if (found === undefined && !isOver) return 0
      this.#open(found ?? { encoding: this.#options.encoding, markBytes: 0 })
    }
    const next = this.#lines!.cut(batch, lines, cutAt, final)
    if (next < 0) return next
    if (batch.rows > 0 && batch.positions[0] === 0 && this.#markBytes > 0) this.#skipMark(batch)
    this.#text?.read(batch, this.#hasAscii && isAscii(batch.bytes.subarray(0, batch.size)))
    return next
  }

  #open({ encoding, markBytes }: { readonly encoding: string; readonly markBytes: number }): void {
    const lineEnd = lineEndOf(encoding, this.#options.lineEnd)
    const isUsual = lineEnd.byte === 0x0a && lineEnd.unit === 'byte'
    this.#markBytes = markBytes
    this.#hasAscii = !withoutAscii.has(encoding)
    this.#lines = new LineFramer(isUsual ? this.#options : { ...this.#options, end: lineEnd })
    if (encoding !== 'utf-8') this.#text = new TextReader(encoding, this.#options)
  }

  #skipMark(batch: Batch): void {
    batch.starts[0]! += this.#markBytes
    if (this.#text !== undefined || batch.starts[0]! < batch.ends[0]!) return
    removeFirstRow(batch)
  }
}

function readHead(source: Source, head: Buffer): boolean {
  for (let done = 0; done < head.length; ) {
    const got = source.read(done, head.subarray(done))
    if (got === Gone) return true
    if (got < 0) return false
    done += got
  }
  return true
}
