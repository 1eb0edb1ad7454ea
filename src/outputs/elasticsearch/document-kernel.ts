import type { Batch } from '../../core/batch.ts'
import { Call } from '../../core/call.ts'
import type { Body } from '../../core/output.ts'
import type { Workspace } from '../../core/workspace.ts'
import type { Fragment } from '../copy.ts'
import { documentWasm } from './document.wasm.ts'
import { base64Pairs } from '../row-id.ts'
import { decimalPairs } from './timestamps.ts'

/** `Call` of kernels/document.as.ts behind its first field. */
const layout = `rows fate starts ends positions lengths flags errors severity time nanos firstField fieldNext fieldUse
  service serviceEnd serviceKind traceId traceIdEnd traceIdKind spanId spanIdEnd spanIdKind
  agentId agentIdEnd agentIdKind body bodyEnd bodyKind open openLength before beforeLength
  serviceText serviceTextLength traceText traceTextLength spanText spanTextLength agentText agentTextLength
  messageText messageTextLength headSets heads pairs64 pairs10
  out outEnd outEnds outPositions outLengths shift made outNext minuteText`

const minuteTextBytes = 64
const levels = 32
/** Of heads: rows of one source have few combinations of flags. */
const sets = 16
const noSet = 255
const textBytes = 32768
const outBytes = 65536
/** No document is as short as 64 bytes. */
const outRows = outBytes / 64

/** Texts that all documents of an encoder have, by the names of `layout`. */
export type Texts = readonly (readonly [word: string, text: Fragment])[]

const kernels = new WeakMap<Workspace, DocumentKernel>()
let module: WebAssembly.Module | undefined

/** The kernel that writes documents, and its memory; one for each workspace, whoever uses it. */
export class DocumentKernel {
  /** What it takes of a workspace, at most. */
  static readonly bytes = 192 * 1024
  readonly #run: (call: number, row: number) => number
  readonly #call: Call
  readonly #words: Int32Array
  readonly #places: Readonly<Record<'rows' | 'out' | 'outEnd' | 'shift' | 'made' | 'outNext', number>>
  readonly #bytes: Uint8Array
  readonly #texts: number
  readonly #headSets: Uint8Array
  readonly #heads: Int32Array
  readonly #out: Uint8Array
  readonly #ends: Int32Array
  readonly #positions: Float64Array
  readonly #lengths: Int32Array
  /** End of the texts. */
  #textEnd = 0
  /** Whose texts are in use. */
  #open: Fragment | undefined
  #encoder: Texts | undefined
  #fits = false
  #sets = 0

  /** The kernel of the workspace that the batch lies in; undefined where it does not. */
  static of(batch: Batch): DocumentKernel | undefined {
    const { workspace } = batch
    if (workspace === undefined || !batch.inWorkspace) return undefined
    let kernel = kernels.get(workspace)
    if (kernel === undefined) {
      if (workspace.free < DocumentKernel.bytes) return undefined
      kernel = new DocumentKernel(workspace)
      kernels.set(workspace, kernel)
    }
    kernel.#call.setColumns(batch)
    return kernel
  }

  constructor(workspace: Workspace) {
    const { buffer, memory } = workspace
    module ??= new WebAssembly.Module(Buffer.from(documentWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    this.#run = exports['write'] as (call: number, row: number) => number
    this.#bytes = new Uint8Array(buffer)
    this.#call = new Call(workspace, 1, layout)
    this.#words = this.#call.words
    const place = (name: string): number => this.#call.place(name)
    this.#places = {
      rows: place('rows'),
      out: place('out'),
      outEnd: place('outEnd'),
      shift: place('shift'),
      made: place('made'),
      outNext: place('outNext')
    }
    this.#texts = workspace.take(textBytes)
    this.#headSets = new Uint8Array(buffer, workspace.take(256), 256)
    this.#heads = new Int32Array(buffer, workspace.take(sets * levels * 8), sets * levels * 2)
    const out = workspace.take(outBytes)
    this.#out = new Uint8Array(buffer, out, outBytes)
    this.#ends = new Int32Array(buffer, workspace.take(outRows * 4), outRows)
    this.#positions = new Float64Array(buffer, workspace.take(outRows * 8), outRows)
    this.#lengths = new Int32Array(buffer, workspace.take(outRows * 4), outRows)
    this.#call.doubles[0] = Number.NaN
    this.#call.set('minuteText', workspace.take(minuteTextBytes))
    this.#call.set('pairs64', this.#table(workspace, base64Pairs))
    this.#call.set('pairs10', this.#table(workspace, decimalPairs))
    this.#call.set('headSets', this.#headSets.byteOffset)
    this.#call.set('heads', this.#heads.byteOffset)
    this.#call.set('outEnds', this.#ends.byteOffset)
    this.#call.set('outPositions', this.#positions.byteOffset)
    this.#call.set('outLengths', this.#lengths.byteOffset)
  }

  /** Makes the texts of a source the ones in use: `open`, which is its own, and those of its encoder. False if there is no room for
   * them. */
  use(open: Fragment, texts: Texts): boolean {
    if (this.#open === open && this.#encoder === texts) return this.#fits
    this.#open = open
    this.#encoder = texts
    this.#textEnd = this.#texts
    this.#heads.fill(0)
    this.#headSets.fill(noSet)
    this.#sets = 0
    this.#fits = this.#setText('open', open)
    for (const [word, text] of texts) this.#fits &&= this.#setText(word, text)
    return this.#fits
  }

  hasHead(flags: number, level: number): boolean {
    const set = this.#headSets[flags]!
    return set !== noSet && this.#heads[headPlace(set, level) + 1] !== 0
  }

  /** Loads what documents with these flags and this level have behind their time. False if there is no room for it. */
  setHead(flags: number, level: number, text: Fragment): boolean {
    if (this.#headSets[flags] === noSet) {
      if (this.#sets === sets) return false
      this.#headSets[flags] = this.#sets++
    }
    const at = this.#place(text)
    if (at < 0) return false
    const place = headPlace(this.#headSets[flags]!, level)
    this.#heads[place] = at
    this.#heads[place + 1] = text.length
    return true
  }

  /** Appends documents from `row` on; returns the first row that it did not come to. */
  write(row: number, rows: number, body: Body): number {
    const all = this.#words
    // a body in the workspace is written to; others get a copy
    const { bytes } = body
    const isNear = bytes.buffer === this.#bytes.buffer && bytes.length - body.at >= outBytes
    const out = isNear ? bytes.byteOffset + body.at : this.#out.byteOffset
    all[this.#places.rows] = rows
    all[this.#places.out] = out
    all[this.#places.outEnd] = out + outBytes
    all[this.#places.shift] = body.at - out
    const next = this.#run(this.#call.address, row)
    const size = all[this.#places.outNext]! - out
    if (size === 0) return next
    if (!isNear) {
      body.reserve(size)
      body.bytes.set(this.#out.subarray(0, size), body.at)
    }
    body.at += size
    body.endRows(all[this.#places.made]!, this.#ends, this.#positions, this.#lengths)
    return next
  }

  #setText(word: string, text: Fragment): boolean {
    const at = this.#place(text)
    this.#call.set(word, at)
    this.#call.set(`${word}Length`, text.length)
    return at >= 0
  }

  #place(text: Fragment): number {
    const at = this.#textEnd
    const { view, length } = text
    if (at + length + 32 > this.#texts + textBytes) return -1
    this.#bytes.set(new Uint8Array(view.buffer, view.byteOffset, length), at)
    this.#textEnd = (at + length + 15) & ~15
    return at
  }

  #table(workspace: Workspace, table: Uint16Array): number {
    const address = workspace.take(table.byteLength)
    new Uint16Array(workspace.buffer, address, table.length).set(table)
    return address
  }
}

function headPlace(set: number, level: number): number {
  return (set * levels + level) * 2
}
