import type { Batch, Column } from '../core/batch.ts'
import type { RowList } from '../core/row-list.ts'
import type { Workspace } from '../core/workspace.ts'
import { searchWasm } from './search.wasm.ts'

/** The kernel looks for no longer text, and for no more of them at once. */
const longest = 256
const mostTexts = 16
/** `Needle` of kernels/search.as.ts. */
const needleWords = 5
/** What tells small letters of ASCII from capital ones. */
const caseBit = 0x20
/** Bytes that text has much of, the most frequent first; all others are rare. */
const frequent = ' etaoinsrhldcu"mfpgwybv0123456789-:,.k'

type Mark = (
  starts: number,
  ends: number,
  rows: number,
  count: number,
  hits: number,
  needles: number,
  needleCount: number
) => void

/** Where rows, or values of theirs, begin and end. */
type Spans = Pick<Column, 'start' | 'end'>

/** A text to look for in bytes. */
export class TextSearch {
  readonly text: Buffer
  /** Where its two rarest bytes stand. */
  readonly one: number
  readonly two: number
  /** Bytes that differ in these bits are the same. */
  readonly fold: number
  /** How far a text may still begin behind a place, by the byte that stands there. */
  readonly #skips: Uint8Array

  /** `ignoresCase`: letters of ASCII are the same in both cases, and some other bytes may be taken for each other. */
  constructor(text: string, ignoresCase = false) {
    this.text = Buffer.from(text)
    this.fold = ignoresCase ? caseBit : 0
    const places = [...this.text.keys()].sort((a, b) => rarity(this.text[b]!) - rarity(this.text[a]!))
    this.one = places[0] ?? 0
    this.two = places[1] ?? 0
    this.#skips = skipsOf(this.text, this.fold)
  }

  isIn(bytes: Uint8Array, start: number, end: number): boolean {
    return this.indexIn(bytes, start, end) >= 0
  }

  /** Where the text stands first in `bytes[start, end)`, or -1. Horspool's search: `indexOf` of a part of a buffer takes an object. */
  indexIn(bytes: Uint8Array, start: number, end: number): number {
    const { text, fold } = this
    const skips = this.#skips
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

/** Texts of which a row is to have one. */
export class AnyText {
  readonly #texts: readonly TextSearch[]
  /** Needles and their texts, as the kernel takes them; undefined if it does not. */
  readonly #needles: Uint8Array | undefined

  constructor(texts: readonly TextSearch[]) {
    this.#texts = texts
    const isShort = texts.every(({ text }) => text.length > 0 && text.length <= longest)
    if (isShort && texts.length <= mostTexts) this.#needles = needlesOf(texts)
  }

  /** Sets `hits[row]` to 1 for those rows that have one; with `column` those that have it there. */
  mark(batch: Batch, rows: RowList, hits: Uint8Array, column?: Spans): void {
    const start = column === undefined ? batch.starts : column.start
    const end = column === undefined ? batch.ends : column.end
    const kernel = this.#needles === undefined ? undefined : kernelFor(batch)
    if (kernel !== undefined) {
      const count = kernel.take(rows, hits, this.#needles!)
      kernel.run(
        start.byteOffset,
        end.byteOffset,
        kernel.rowsAt,
        count,
        kernel.hitsAt,
        kernel.needlesAt,
        this.#texts.length
      )
      kernel.give(count, hits)
      return
    }
    for (let i = 0; i < rows.count; i++) {
      const row = rows.rows[i]!
      if (hits[row] === 0 && this.isIn(batch.bytes, start[row]!, end[row]!)) hits[row] = 1
    }
  }

  isIn(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#texts.some(text => text.isIn(bytes, start, end))
  }
}

function needlesOf(texts: readonly TextSearch[]): Uint8Array {
  const words = new Int32Array(texts.length * needleWords)
  let at = words.byteLength
  for (const [i, { text, one, two, fold }] of texts.entries()) {
    words.set([at, text.length, one, two, fold], i * needleWords)
    at += text.length
  }
  return Buffer.concat([new Uint8Array(words.buffer), ...texts.map(({ text }) => text)])
}

/** The kernel in a workspace, and what it is told there. */
class SearchKernel {
  static readonly needleBytes = mostTexts * (needleWords * 4 + longest)
  readonly run: Mark
  readonly needlesAt: number
  readonly rowsAt: number
  readonly hitsAt: number
  readonly #needles: Uint8Array
  readonly #rows: Int32Array
  readonly #hits: Uint8Array
  /** Which needles are there. */
  #last: Uint8Array | undefined

  constructor({ memory, buffer }: Workspace, address: number, rows: number) {
    searchModule ??= new WebAssembly.Module(Buffer.from(searchWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(searchModule, { env: { memory } })
    this.run = exports['mark'] as Mark
    this.needlesAt = address
    this.rowsAt = address + SearchKernel.needleBytes
    this.hitsAt = this.rowsAt + 4 * rows
    this.#needles = new Uint8Array(buffer, this.needlesAt, SearchKernel.needleBytes)
    this.#rows = new Int32Array(buffer, this.rowsAt, rows)
    this.#hits = new Uint8Array(buffer, this.hitsAt, rows)
  }

  /** Takes those rows that have no hit yet; returns how many. */
  take({ rows, count }: RowList, hits: Uint8Array, needles: Uint8Array): number {
    if (needles !== this.#last) this.#needles.set(needles)
    this.#last = needles
    const own = this.#rows
    let taken = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      own[taken] = row
      taken += 1 - hits[row]!
    }
    return taken
  }

  /** Gives the hits of these. */
  give(count: number, hits: Uint8Array): void {
    const rows = this.#rows
    const own = this.#hits
    for (let i = 0; i < count; i++) hits[rows[i]!] = own[i]!
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
    const address = workspace.take(SearchKernel.needleBytes + 5 * rows)
    kernels.set(workspace, address < 0 ? undefined : new SearchKernel(workspace, address, rows))
  }
  return kernels.get(workspace)
}
