import type { Batch, Column } from '../core/batch.ts'
import type { Workspace } from '../core/workspace.ts'
import { searchWasm } from './search.wasm.ts'

/** The kernel looks for no longer text. */
const longest = 256
/** What tells small letters of ASCII from capital ones. */
const caseBit = 0x20
/** Bytes that text has much of, the most frequent first; all others are rare. */
const frequent = ' etaoinsrhldcu"mfpgwybv0123456789-:,.k'

type Mark = (
  starts: number,
  ends: number,
  wanted: number,
  hits: number,
  rows: number,
  text: number,
  length: number,
  one: number,
  two: number,
  fold: number
) => void

/** Where rows, or values of theirs, begin and end. */
type Spans = Pick<Column, 'start' | 'end'>

interface Wanted {
  readonly wanted: Uint8Array
  readonly hits: Uint8Array
  /** Length, places of the rare bytes, fold. */
  readonly about: readonly [number, number, number, number]
}

/** A text to look for in rows. */
export class TextSearch {
  readonly #text: Buffer
  readonly #ignoresCase: boolean
  /** Where its two rarest bytes stand. */
  readonly #one: number
  readonly #two: number
  /** How far a text may still begin behind a place, by the byte that stands there. */
  readonly #skips: Uint8Array

  /** `ignoresCase`: letters of ASCII are the same in both cases, and some other bytes may be taken for each other. */
  constructor(text: string, ignoresCase = false) {
    this.#text = Buffer.from(text)
    this.#ignoresCase = ignoresCase
    const places = [...this.#text.keys()].sort((a, b) => rarity(this.#text[b]!) - rarity(this.#text[a]!))
    this.#one = places[0] ?? 0
    this.#two = places[1] ?? 0
    this.#skips = skipsOf(this.#text, this.#fold)
  }

  /** Of the text, in bytes. */
  get length(): number {
    return this.#text.length
  }

  get #fold(): number {
    return this.#ignoresCase ? caseBit : 0
  }

  /** Sets `hits[row]` to 1 for those rows with `wanted[row]` 1 that have the text; `column`: that have it there. */
  mark(batch: Batch, wanted: Uint8Array, hits: Uint8Array, column?: Spans): void {
    const spans = column ?? { start: batch.starts, end: batch.ends }
    const length = this.#text.length
    const kernel = length === 0 || length > longest ? undefined : kernelFor(batch)
    if (kernel !== undefined) {
      kernel.text.set(this.#text)
      const about = [length, this.#one, this.#two, this.#fold] as const
      kernel.mark(batch.rows, spans, { wanted, hits, about })
      return
    }
    const { start, end } = spans
    for (let row = 0; row < batch.rows; row++) {
      if (wanted[row] === 1 && hits[row] === 0 && this.isIn(batch.bytes, start[row]!, end[row]!)) hits[row] = 1
    }
  }

  isIn(bytes: Uint8Array, start: number, end: number): boolean {
    return this.indexIn(bytes, start, end) >= 0
  }

  /** Where the text stands first in `bytes[start, end)`, or -1. Horspool's search: `indexOf` of a part of a buffer takes an object. */
  indexIn(bytes: Uint8Array, start: number, end: number): number {
    const text = this.#text
    const skips = this.#skips
    const fold = this.#fold
    const last = text.length - 1
    if (last < 0) return start
    for (let at = start + last; at < end; at += skips[bytes[at]! | fold]!) {
      let i = 0
      while (i <= last && (bytes[at - i]! | fold) === (text[last - i]! | fold)) i++
      if (i > last) return at - last
    }
    return -1
  }
}

function skipsOf(text: Uint8Array, fold: number): Uint8Array {
  const last = text.length - 1
  const skips = new Uint8Array(256).fill(Math.min(text.length, 255))
  for (let i = 0; i < last; i++) skips[text[i]! | fold] = Math.min(last - i, 255)
  return skips
}

/** The higher, the less frequent a byte is in logs. */
export function rarity(byte: number): number {
  const place = frequent.indexOf(String.fromCharCode(byte))
  return place < 0 ? frequent.length : place
}

/** The kernel in a workspace, and what it is told there. */
class SearchKernel {
  readonly text: Uint8Array
  readonly #run: Mark
  readonly #wanted: Uint8Array
  readonly #hits: Uint8Array

  constructor({ memory, buffer }: Workspace, address: number, rows: number) {
    searchModule ??= new WebAssembly.Module(Buffer.from(searchWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(searchModule, { env: { memory } })
    this.#run = exports['mark'] as Mark
    this.text = new Uint8Array(buffer, address, longest)
    this.#wanted = new Uint8Array(buffer, address + longest, rows)
    this.#hits = new Uint8Array(buffer, address + longest + rows, rows)
  }

  mark(rows: number, { start, end }: Spans, { wanted, hits, about }: Wanted): void {
    this.#wanted.set(wanted.subarray(0, rows))
    this.#hits.set(hits.subarray(0, rows))
    const addresses = [start, end, this.#wanted, this.#hits].map(column => column.byteOffset)
    const [one, two, three, four] = addresses as [number, number, number, number]
    this.#run(one, two, three, four, rows, this.text.byteOffset, ...about)
    hits.set(this.#hits.subarray(0, rows))
  }
}

let searchModule: WebAssembly.Module | undefined
/** None where there is no room for it. */
const kernels = new WeakMap<Workspace, SearchKernel | undefined>()

function kernelFor(batch: Batch): SearchKernel | undefined {
  const { workspace } = batch
  if (workspace === undefined || !batch.inWorkspace) return undefined
  if (!kernels.has(workspace)) {
    const rows = batch.starts.length
    const address = workspace.take(longest + 2 * rows)
    kernels.set(workspace, address < 0 ? undefined : new SearchKernel(workspace, address, rows))
  }
  return kernels.get(workspace)
}
