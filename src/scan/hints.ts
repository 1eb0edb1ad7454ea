import type { Batch } from '../core/batch.ts'
import type { Workspace } from '../core/workspace.ts'
import { hintsWasm } from './hints.wasm.ts'
import { rarity } from './text-search.ts'

/** A text that may say that there is something to look for in a row. */
export interface Hint {
  readonly text: string
  /** Letters of ASCII stand for both cases. */
  readonly ignoresCase?: boolean
  /** Not where a small letter follows it. */
  readonly isWordEnd?: boolean
}

/** What the kernel looks for besides texts: numbers of 13 digits and more, addresses of IP. */
export const Look = { cards: 1, addresses: 2 } as const

const groups = 8
const window = 4
/** As kernels/hints.as.ts has them. */
const groupsAt = window * 32
const textsAt = groupsAt + groups * 4
const textBytes = 48
const headBytes = 16
const mostTexts = 512
const tableBytes = textsAt + mostTexts * textBytes
const longest = textBytes - headBytes

/** About how often each byte comes in logs. */
const shares = Float64Array.from({ length: 256 }, (_, byte) => 1 / (15 + 5 * rarity(byte) ** 1.2))

type Mark = (starts: number, ends: number, marks: number, rows: number, tables: number, looks: number) => void

/** Which halves of bytes can stand at each of four places, for texts that are looked for together. */
type Halves = readonly { readonly low: number; readonly high: number }[]
const none: Halves = Array.from({ length: window }, () => ({ low: 0, high: 0 }))

/** A text as the kernel wants it. */
class Text {
  readonly bytes: Buffer
  readonly fold: 0 | 0x20
  readonly isWordEnd: boolean
  /** By each place where the four bytes may begin that are looked for. */
  readonly windows: readonly Halves[]

  constructor({ text, ignoresCase = false, isWordEnd = false }: Hint) {
    const all = Buffer.from(text)
    this.bytes = all.subarray(0, longest)
    this.fold = ignoresCase ? 0x20 : 0
    this.isWordEnd = isWordEnd && all.length <= longest
    const windows = Math.max(1, this.bytes.length - window + 1)
    this.windows = Array.from({ length: windows }, (_, offset) => none.map((_, i) => this.#halvesAt(offset + i)))
  }

  /** With the four bytes at `offset` in front of it. */
  record(offset: number): Buffer {
    const record = Buffer.alloc(textBytes)
    const four = this.bytes.subarray(offset, offset + window)
    record.set([this.bytes.length, offset, this.fold, this.isWordEnd ? 1 : 0])
    for (const [i, byte] of four.entries()) record[4 + i] = byte | this.fold
    record.fill(this.fold, 8, 8 + four.length)
    record.fill(0xff, 12, 12 + four.length)
    record.set(this.bytes, headBytes)
    return record
  }

  #halvesAt(at: number): Halves[number] {
    const byte = this.bytes[at]
    if (byte === undefined) return { low: 0xffff, high: 0xffff }
    const isLetter = /[a-z]/i.test(String.fromCharCode(byte))
    const other = isLetter ? byte ^ this.fold : byte
    return { low: 1 << (byte & 15), high: (1 << (byte >> 4)) | (1 << (other >> 4)) }
  }
}

/** Texts that are looked for together. */
class Group {
  readonly offsets = new Map<Text, number>()
  #halves = none
  #cost = 0

  get halves(): Halves {
    return this.#halves
  }

  /** What it costs more with a text, looked for at its best place. */
  best(text: Text): { readonly offset: number; readonly cost: number } {
    const costs = text.windows.map(window => costOf(joined(this.#halves, window), this.offsets.size + 1) - this.#cost)
    const cost = Math.min(...costs)
    return { offset: costs.indexOf(cost), cost }
  }

  add(text: Text): void {
    this.offsets.set(text, this.best(text).offset)
    this.#settle()
  }

  remove(text: Text): void {
    this.offsets.delete(text)
    this.#settle()
  }

  #settle(): void {
    this.#halves = [...this.offsets].reduce((all, [text, offset]) => joined(all, text.windows[offset]!), none)
    this.#cost = costOf(this.#halves, this.offsets.size)
  }
}

function joined(halves: Halves, others: Halves): Halves {
  return halves.map(({ low, high }, i) => ({ low: low | others[i]!.low, high: high | others[i]!.high }))
}

/** How often it happens, if bytes come as often as they do in logs, that four can stand at all places, and how much there is to be
 * compared then. */
function costOf(halves: Halves, texts: number): number {
  return halves.reduce((product, { low, high }) => product * shareOf(low, high), texts + 2)
}

/** Many groups that are tried have the same. */
const known = new Map<number, number>()

function shareOf(low: number, high: number): number {
  const key = low * 0x10000 + high
  let share = known.get(key)
  if (share === undefined) known.set(key, (share = sumOf(low, high)))
  return share
}

function sumOf(low: number, high: number): number {
  let share = 0
  for (let upper = 0; upper < 16; upper++) {
    if (((high >> upper) & 1) === 0) continue
    for (let lower = 0; lower < 16; lower++) if (((low >> lower) & 1) === 1) share += shares[(upper << 4) | lower]!
  }
  return share
}

/**
 * Says of the rows of a batch which ones may have one of many texts, or a number as asked for: one look at each byte, however many texts
 * there are. measured, on a busy machine: 259 bytes take 120 ns with a hundred texts, 200 ns with both looks besides.
 */
export class Hints {
  readonly #tables: Uint8Array | undefined
  readonly #looks: number

  /** `looks`: bits of `Look`. */
  constructor(hints: readonly Hint[], looks: number) {
    this.#tables = hints.length > mostTexts ? undefined : tablesOf(hints.map(hint => new Text(hint)))
    this.#looks = looks
  }

  /** Sets `wanted[row]` to 0 for rows that have none of these for certain, of those where it is 1. Where no kernel can be used, that is
   * known of none. */
  narrow(batch: Batch, wanted: Uint8Array): void {
    if (this.#tables !== undefined) kernelFor(batch)?.narrow(batch, wanted, this.#tables, this.#looks)
  }
}

function tablesOf(texts: readonly Text[]): Uint8Array {
  const tables = Buffer.alloc(textsAt + texts.length * textBytes)
  let text = 0
  for (const [group, { offsets, halves }] of grouped(texts).entries()) {
    for (const [i, { low, high }] of halves.entries()) {
      for (let half = 0; half < 16; half++) {
        tables[i * 32 + half]! |= ((low >> half) & 1) << group
        tables[i * 32 + 16 + half]! |= ((high >> half) & 1) << group
      }
    }
    tables.writeUint16LE(text, groupsAt + group * 4)
    tables.writeUint16LE(offsets.size, groupsAt + group * 4 + 2)
    for (const [one, offset] of offsets) tables.set(one.record(offset), textsAt + text++ * textBytes)
  }
  return tables
}

/** Each text goes where it costs least, and again once it is known who else is there. Short ones first: they share with others badly. */
function grouped(texts: readonly Text[]): Group[] {
  const all = Array.from({ length: groups }, () => new Group())
  const place = (text: Text): void => {
    const costs = all.map(group => group.best(text).cost)
    all[costs.indexOf(Math.min(...costs))]!.add(text)
  }
  const sorted = texts.toSorted((a, b) => a.bytes.length - b.bytes.length)
  for (const text of sorted) place(text)
  for (const text of [...sorted, ...sorted]) {
    all.find(({ offsets }) => offsets.has(text))!.remove(text)
    place(text)
  }
  return all
}

/** The kernel in a workspace, and what it is told there. */
class HintsKernel {
  readonly #run: Mark
  readonly #tables: Uint8Array
  readonly #marks: Uint8Array

  constructor({ memory, buffer }: Workspace, address: number, rows: number) {
    hintsModule ??= new WebAssembly.Module(Buffer.from(hintsWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(hintsModule, { env: { memory } })
    this.#run = exports['mark'] as Mark
    this.#tables = new Uint8Array(buffer, address, tableBytes)
    this.#marks = new Uint8Array(buffer, address + tableBytes, rows)
  }

  narrow({ rows, starts, ends }: Batch, wanted: Uint8Array, tables: Uint8Array, looks: number): void {
    const marks = this.#marks
    this.#tables.set(tables)
    marks.set(wanted.subarray(0, rows))
    this.#run(starts.byteOffset, ends.byteOffset, marks.byteOffset, rows, this.#tables.byteOffset, looks)
    for (let row = 0; row < rows; row++) wanted[row] = marks[row]! >> 1
  }
}

let hintsModule: WebAssembly.Module | undefined
/** None where there is no room for it. */
const kernels = new WeakMap<Workspace, HintsKernel | undefined>()

function kernelFor(batch: Batch): HintsKernel | undefined {
  const { workspace } = batch
  if (workspace === undefined || !batch.inWorkspace) return undefined
  if (!kernels.has(workspace)) {
    const rows = batch.starts.length
    const address = workspace.take(tableBytes + rows)
    kernels.set(workspace, address < 0 ? undefined : new HintsKernel(workspace, address, rows))
  }
  return kernels.get(workspace)
}
