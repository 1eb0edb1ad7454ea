import type { Batch } from '../core/batch.ts'
import { Call } from '../core/call.ts'
import type { Keys } from '../core/keys.ts'
import type { Workspace } from '../core/workspace.ts'
import { membersWasm } from './members.wasm.ts'

/** `Call` of kernels/members.as.ts. */
const layout = `rows starts ends mark marksAt firstField lastField fieldKey fieldStart fieldEnd fieldKind fieldNext fieldUse
  fieldRoom table seen stamp fields at nextMark before`

/** Keys with higher ids are not guessed. */
const slots = 4096
const slotBytes = 64
const nextPlace = 0
const nextTooPlace = 1
const lengthPlace = 2
const textAt = 16
const longestText = 48

let module: WebAssembly.Module | undefined

/**
 * Guesses which key follows another, since rows of one source have the same keys in the same order, or two orders in turn, and reads
 * members whose keys were guessed. The table has two guesses for each key, and the key's bytes as they stand in a row (`"key":`).
 *
 * Slots are key ids plus 1; slot 0 stands for the start of the object, and for "no guess".
 */
export class MembersKernel {
  /** What it takes of a workspace, at most. */
  static readonly bytes = slots * (slotBytes + 4) + 1024
  /** By key id: number of the row that had it last. */
  readonly seen: Int32Array<ArrayBuffer>
  readonly #workspace: Workspace
  readonly #call: Call
  readonly #words: Int32Array
  readonly #table: Int32Array
  readonly #rows: (call: number, row: number) => number
  readonly #rest: (call: number, row: number) => number
  readonly #stampPlace: number
  readonly #fieldsPlace: number
  readonly #atPlace: number
  readonly #markPlace: number
  readonly #beforePlace: number

  /** Undefined where the workspace has no room for it. */
  static in(workspace: Workspace): MembersKernel | undefined {
    return workspace.free < MembersKernel.bytes ? undefined : new MembersKernel(workspace)
  }

  private constructor(workspace: Workspace) {
    const { buffer, memory } = workspace
    this.#workspace = workspace
    this.#call = new Call(workspace, 0, layout)
    this.#words = this.#call.words
    this.seen = new Int32Array(buffer, workspace.take(slots * 4), slots)
    this.#table = new Int32Array(buffer, workspace.take(slots * slotBytes), (slots * slotBytes) / 4)
    this.#call.set('table', this.#table.byteOffset)
    this.#call.set('seen', this.seen.byteOffset)
    this.#stampPlace = this.#call.place('stamp')
    this.#fieldsPlace = this.#call.place('fields')
    this.#atPlace = this.#call.place('at')
    this.#markPlace = this.#call.place('nextMark')
    this.#beforePlace = this.#call.place('before')
    module ??= new WebAssembly.Module(Buffer.from(membersWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    this.#rows = exports['rows'] as (call: number, row: number) => number
    this.#rest = exports['rest'] as (call: number, row: number) => number
  }

  /** Whether the rows of a batch can be read: its bytes, columns and marks must lie in the workspace. */
  canRead(batch: Batch): boolean {
    const { workspace, marks, isUtf8 } = batch
    return workspace === this.#workspace && isUtf8 && batch.inWorkspace && marks.buffer === workspace.buffer
  }

  /** To be called before the rows of a batch are read. */
  open(batch: Batch): void {
    this.#call.setColumns(batch)
    this.#call.set('fieldRoom', batch.fieldKey.length)
    this.#call.set('marksAt', batch.marks.byteOffset)
    this.#call.set('rows', batch.rows)
  }

  /** Reads rows from `row` on, of which the first gets the number behind `stamp`; returns the first that it did not come to the end of.
   * `at` is then the key in that row that it stopped at, or 0 if the row has not begun. */
  rows(batch: Batch, row: number, stamp: number): number {
    this.#words[this.#fieldsPlace] = batch.fields
    this.#words[this.#stampPlace] = stamp
    const next = this.#rows(this.#call.address, row)
    batch.fields = this.#words[this.#fieldsPlace]!
    return next
  }

  /** Goes to the key at `at`, behind the key `before`. */
  seek(at: number, mark: number, before: number): void {
    const all = this.#words
    all[this.#atPlace] = at
    all[this.#markPlace] = mark
    // a key without a slot is as one that nothing has followed
    all[this.#beforePlace] = Math.min(before + 1, slots - 1)
  }

  /** Goes on in the row with the number `stamp`; returns whether it came to the row's end. */
  rest(batch: Batch, row: number, stamp: number): boolean {
    const all = this.#words
    all[this.#fieldsPlace] = batch.fields
    all[this.#stampPlace] = stamp
    const isWhole = this.#rest(this.#call.address, row) !== 0
    batch.fields = all[this.#fieldsPlace]!
    return isWhole
  }

  get stamp(): number {
    return this.#words[this.#stampPlace]!
  }

  get at(): number {
    return this.#words[this.#atPlace]!
  }

  get mark(): number {
    return this.#words[this.#markPlace]!
  }

  /** Id of the key before the one at `at`; -1 at the start. */
  get before(): number {
    return this.#words[this.#beforePlace]! - 1
  }

  /** Notes that the key with id `key` followed the one with id `before` (-1: the start of the object). */
  learn(before: number, key: number, keys: Keys): void {
    // the last slot stands for all keys that have none
    if (before + 2 >= slots || key + 2 >= slots) return
    const slot = key + 1
    const guesses = ((before + 1) * slotBytes) / 4
    const table = this.#table
    if (table[guesses + nextPlace] !== slot) {
      table[guesses + nextTooPlace] = table[guesses + nextPlace]!
      table[guesses + nextPlace] = slot
    }
    if (table[(slot * slotBytes) / 4 + lengthPlace] === 0) this.#spell(slot, keys)
  }

  /** Ids mean other keys from now on. */
  forget(): void {
    this.#table.fill(0)
    this.seen.fill(0)
  }

  #spell(slot: number, keys: Keys): void {
    const start = keys.starts[slot - 1]!
    const end = keys.starts[slot]!
    const length = end - start + 3
    if (start === end || length > longestText) return
    for (let at = start; at < end; at++) {
      const byte = keys.bytes[at]!
      if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return
    }
    const address = this.#table.byteOffset + slot * slotBytes
    const text = Buffer.from(this.#workspace.buffer, address + textAt, longestText)
    text[0] = 0x22
    keys.bytes.copy(text, 1, start, end)
    text.latin1Write('":', length - 2)
    this.#table[(slot * slotBytes) / 4 + lengthPlace] = length
  }
}
