import { hash } from 'node:crypto'
import type { Batch } from '../../core/batch.ts'
import { copyBytes } from '../../scan/text.ts'

/** Changes the text at the end of the overlay, which begins at `start`. */
export type Filter = { readonly isDefault?: true; apply(batch: Batch, start: number): void }

interface Definition {
  /** How many it takes. */
  readonly texts: number
  readonly example: string
  readonly create: (...texts: readonly string[]) => Filter
}

const caseBit = 0x20
const letters = 26
const asciiEnd = 0x80
const blank = 0x20

const definitions: Readonly<Record<string, Definition>> = {
  upper: { texts: 0, example: '{{name | upper}}', create: () => caseFilter(0x61, text => text.toUpperCase()) },
  lower: { texts: 0, example: '{{name | lower}}', create: () => caseFilter(0x41, text => text.toLowerCase()) },
  trim: { texts: 0, example: '{{name | trim}}', create: () => ({ apply: trim }) },
  replace: { texts: 2, example: '{{name | replace "-" "_"}}', create: (from = '', to = '') => new Replace(from, to) },
  default: { texts: 1, example: '{{name | default "nobody"}}', create: (text = '') => new Default(text) },
  hash: { texts: 0, example: '{{name | hash}}', create: () => ({ apply: hashed }) }
}

export const filterNames: readonly string[] = Object.keys(definitions)

export function filterNamed(name: string): Definition | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name] : undefined
}

/** Letters from `first` on are those that change. Other alphabets than ours go through a string. */
function caseFilter(first: number, change: (text: string) => string): Filter {
  return {
    apply(batch, start) {
      const { bytes, used } = batch
      for (let at = start; at < used; at++) {
        const byte = bytes[at]!
        if (byte >= asciiEnd) {
          write(batch, start, change(batch.text(start, used)))
          return
        }
        if ((byte - first) >>> 0 < letters) bytes[at] = byte ^ caseBit
      }
    }
  }
}

/** Blanks, tabs and line ends. */
function trim(batch: Batch, start: number): void {
  const { bytes } = batch
  let end = batch.used
  while (end > start && isBlank(bytes[end - 1]!)) end--
  let from = start
  while (from < end && isBlank(bytes[from]!)) from++
  if (from > start) bytes.copyWithin(start, from, end)
  batch.used = start + end - from
}

function isBlank(byte: number): boolean {
  return byte === blank || (byte >= 0x09 && byte <= 0x0d)
}

/** SHA-256 in hex digits. The empty text stays: it is what is not there. The call takes its bytes and gives its digits by objects. */
function hashed(batch: Batch, start: number): void {
  const { bytes, used } = batch
  if (used > start) write(batch, start, hash('sha256', bytes.subarray(start, used), 'hex'))
}

function write(batch: Batch, start: number, text: string): void {
  batch.used = start
  const at = batch.overlay(Buffer.byteLength(text))
  batch.bytes.utf8Write(text, at)
}

class Default implements Filter {
  readonly isDefault = true
  readonly #text: Buffer

  constructor(text: string) {
    this.#text = Buffer.from(text)
  }

  apply(batch: Batch, start: number): void {
    if (batch.used > start) return
    const at = batch.overlay(this.#text.length)
    this.#text.copy(batch.bytes, at)
  }
}

class Replace implements Filter {
  readonly #from: Buffer
  readonly #to: Buffer

  constructor(from: string, to: string) {
    this.#from = Buffer.from(from)
    this.#to = Buffer.from(to)
  }

  /** Writes the result behind the text, then moves it to its place. */
  apply(batch: Batch, start: number): void {
    const end = batch.used
    const from = this.#from
    let found = 0
    for (let at = this.#next(batch.bytes, start, end); at < end; at = this.#next(batch.bytes, at + from.length, end))
      found++
    if (found === 0) return
    const length = end - start + found * (this.#to.length - from.length)
    batch.overlay(length)
    const { bytes } = batch
    let to = end
    for (let last = start; last < end; ) {
      const at = this.#next(bytes, last, end)
      to = copyBytes(bytes, last, at, bytes, to)
      if (at < end) to = copyBytes(this.#to, 0, this.#to.length, bytes, to)
      last = at < end ? at + from.length : end
    }
    bytes.copyWithin(start, end, to)
    batch.used = start + length
  }

  /** Where it stands next, or `end`. */
  #next(bytes: Buffer, start: number, end: number): number {
    const from = this.#from
    const first = from[0]!
    const last = end - from.length
    for (let at = start; at <= last; at++) {
      if (bytes[at] !== first) continue
      let i = 1
      while (i < from.length && bytes[at + i] === from[i]) i++
      if (i === from.length) return at
    }
    return end
  }
}
