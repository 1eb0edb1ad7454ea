import type { Batch, Column } from '../../core/batch.ts'
import type { Body } from '../../core/output.ts'
import type { Workspace } from '../../core/workspace.ts'
import type { Fragment } from './copy.ts'
import { documentWasm } from './document.wasm.ts'
import { base64Pairs } from './id.ts'
import { decimalPairs } from './timestamps.ts'

/** `Call` of kernels/document.as.ts, word by word, behind the eight bytes of its first field. */
const words = [
  'rows fate starts ends positions lengths flags errors severity time nanos firstField fieldNext fieldUse service',
  'serviceEnd serviceKind trace traceEnd traceKind span spanEnd spanKind agent agentEnd agentKind body bodyEnd',
  'bodyKind open openLength before beforeLength serviceText serviceTextLength traceText traceTextLength spanText',
  'spanTextLength agentText agentTextLength messageText messageTextLength heads headFlags pairs64 pairs10 out',
  'outEnd outEnds outPositions outLengths shift made outNext minuteText'
].flatMap(line => line.split(' '))
const placeOf = new Map(words.map((word, place) => [word, 2 + place]))

const callBytes = 512
const minuteTextBytes = 64
const levels = 32
const textBytes = 32768
const outBytes = 65536
/** No document is as short as 64 bytes. */
const outRows = outBytes / 64

const kernels = new WeakMap<Workspace, DocumentKernel>()
let module: WebAssembly.Module | undefined

/** The kernel that writes documents, and its memory; one for each workspace, whoever uses it. */
export class DocumentKernel {
  /** Whose texts are loaded: for callers to know. */
  loaded: unknown
  readonly #run: (call: number, row: number) => number
  readonly #call: number
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #texts: number
  readonly #heads: Int32Array
  readonly #out: Uint8Array
  readonly #ends: Int32Array
  readonly #positions: Float64Array
  readonly #lengths: Int32Array
  #batch: Batch | undefined
  /** End of the texts. */
  #textEnd = 0

  /** The kernel of the workspace that the batch lies in; undefined where it does not. */
  static of(batch: Batch): DocumentKernel | undefined {
    const { workspace } = batch
    if (workspace === undefined || !batch.inWorkspace) return undefined
    let kernel = kernels.get(workspace)
    if (kernel === undefined) {
      kernel = new DocumentKernel(workspace)
      kernels.set(workspace, kernel)
    }
    if (kernel.#batch !== batch) kernel.#setColumns(batch)
    return kernel
  }

  constructor(workspace: Workspace) {
    const { buffer, memory } = workspace
    module ??= new WebAssembly.Module(Buffer.from(documentWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    this.#run = exports['write'] as (call: number, row: number) => number
    this.#bytes = new Uint8Array(buffer)
    this.#call = workspace.take(callBytes)
    this.#words = new Int32Array(buffer, this.#call, callBytes / 4)
    this.#texts = workspace.take(textBytes)
    this.#heads = new Int32Array(buffer, workspace.take(levels * 8), levels * 2)
    const out = workspace.take(outBytes)
    this.#out = new Uint8Array(buffer, out, outBytes)
    this.#ends = new Int32Array(buffer, workspace.take(outRows * 4), outRows)
    this.#positions = new Float64Array(buffer, workspace.take(outRows * 8), outRows)
    this.#lengths = new Int32Array(buffer, workspace.take(outRows * 4), outRows)
    new Float64Array(buffer, this.#call, 1)[0] = Number.NaN
    this.set('minuteText', workspace.take(minuteTextBytes))
    this.set('pairs64', this.#table(workspace, base64Pairs))
    this.set('pairs10', this.#table(workspace, decimalPairs))
    this.set('heads', this.#heads.byteOffset)
    this.set('outEnds', this.#ends.byteOffset)
    this.set('outPositions', this.#positions.byteOffset)
    this.set('outLengths', this.#lengths.byteOffset)
  }

  set(word: string, value: number): void {
    this.#words[placeOf.get(word)!] = value
  }

  /** Forgets all texts. */
  clearTexts(): void {
    this.#textEnd = this.#texts
    this.#heads.fill(0)
  }

  /** Loads a text under a name. */
  setText(word: string, text: Fragment): boolean {
    const at = this.#place(text)
    this.set(word, at)
    this.set(`${word}Length`, text.length)
    return at >= 0
  }

  hasHead(level: number): boolean {
    return this.#heads[level * 2 + 1] !== 0
  }

  /** Loads the head of a level. False if there is no room for it. */
  setHead(level: number, text: Fragment): boolean {
    const at = this.#place(text)
    if (at < 0) return false
    this.#heads[level * 2] = at
    this.#heads[level * 2 + 1] = text.length
    return true
  }

  /** Appends documents from `row` on; returns the first row that it did not come to. */
  write(row: number, rows: number, body: Body): number {
    const all = this.#words
    // a body in the workspace is written to; others get a copy
    const { bytes } = body
    const isNear = bytes.buffer === this.#bytes.buffer && bytes.length - body.at >= outBytes
    const out = isNear ? bytes.byteOffset + body.at : this.#out.byteOffset
    all[rowsPlace] = rows
    all[outPlace] = out
    all[outEndPlace] = out + outBytes
    all[shiftPlace] = body.at - out
    const next = this.#run(this.#call, row)
    const size = all[outNextPlace]! - out
    if (size === 0) return next
    if (!isNear) {
      body.reserve(size)
      body.bytes.set(this.#out.subarray(0, size), body.at)
    }
    body.at += size
    body.endRows(all[madePlace]!, this.#ends, this.#positions, this.#lengths)
    return next
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

  #setColumns(batch: Batch): void {
    this.#batch = batch
    const names = ['fate', 'starts', 'ends', 'positions', 'lengths', 'flags', 'errors', 'severity'] as const
    for (const name of names) this.set(name, batch[name].byteOffset)
    for (const name of ['time', 'nanos', 'firstField', 'fieldNext', 'fieldUse'] as const)
      this.set(name, batch[name].byteOffset)
    this.#setColumn('service', batch.service)
    this.#setColumn('trace', batch.traceId)
    this.#setColumn('span', batch.spanId)
    this.#setColumn('agent', batch.agentId)
    this.#setColumn('body', batch.body)
  }

  #setColumn(word: string, column: Column): void {
    this.set(word, column.start.byteOffset)
    this.set(`${word}End`, column.end.byteOffset)
    this.set(`${word}Kind`, column.kind.byteOffset)
  }
}

const rowsPlace = placeOf.get('rows')!
const outPlace = placeOf.get('out')!
const outEndPlace = placeOf.get('outEnd')!
const shiftPlace = placeOf.get('shift')!
const madePlace = placeOf.get('made')!
const outNextPlace = placeOf.get('outNext')!
