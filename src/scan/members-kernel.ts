import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import type { Workspace } from '../core/workspace.ts'
import { membersWasm } from './members.wasm.ts'

/** `Call` of kernels/members.as.ts, word by word. */
const words = [
  'rows starts ends rowMarks marks firstField lastField fieldKey fieldStart fieldEnd fieldKind fieldNext fieldUse',
  'fieldRoom table seen stamp fields at mark before'
].flatMap(line => line.split(' '))
const place = (word: string): number => words.indexOf(word)
const rowsPlace = place('rows')
const stampPlace = place('stamp')
const fieldsPlace = place('fields')
const atPlace = place('at')
const markPlace = place('mark')
const beforePlace = place('before')
const marksPlace = place('marks')

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
  /** By key id: number of the row that had it last. */
  readonly seen: Int32Array<ArrayBuffer>
  readonly #workspace: Workspace
  readonly #words: Int32Array
  readonly #table: Int32Array
  #batch: Batch | undefined
  readonly #rows: (row: number) => number
  readonly #rest: (row: number) => number

  /** Undefined where the workspace has no room for it. */
  static in(workspace: Workspace): MembersKernel | undefined {
    const seen = workspace.take(slots * 4)
    const table = workspace.take(slots * slotBytes)
    const call = workspace.take(words.length * 4)
    return call < 0 || table < 0 || seen < 0 ? undefined : new MembersKernel(workspace, { seen, table, call })
  }

  private constructor(
    workspace: Workspace,
    at: { readonly seen: number; readonly table: number; readonly call: number }
  ) {
    const { buffer, memory } = workspace
    this.#workspace = workspace
    this.seen = new Int32Array(buffer, at.seen, slots)
    this.#table = new Int32Array(buffer, at.table, (slots * slotBytes) / 4)
    this.#words = new Int32Array(buffer, at.call, words.length)
    this.#words[place('table')] = at.table
    this.#words[place('seen')] = at.seen
    module ??= new WebAssembly.Module(Buffer.from(membersWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    const { rows, rest } = exports as Record<string, (call: number, row: number) => number>
    this.#rows = row => rows!(at.call, row)
    this.#rest = row => rest!(at.call, row)
  }

  /** Whether the rows of a batch can be read: its bytes, columns and marks must lie in the workspace. */
  canRead(batch: Batch): boolean {
    const { workspace, marks, isUtf8 } = batch
    return workspace === this.#workspace && isUtf8 && batch.inWorkspace && marks.buffer === workspace.buffer
  }

  /** To be called before the rows of a batch are read. */
  open(batch: Batch): void {
    if (this.#batch !== batch) this.#setColumns(batch)
    this.#words[marksPlace] = batch.marks.byteOffset
    this.#words[rowsPlace] = batch.rows
  }

  /** Reads rows from `row` on, of which the first gets the number behind `stamp`; returns the first that it did not come to the end of.
   * `at` is then the key in that row that it stopped at, or 0 if the row has not begun. */
  rows(batch: Batch, row: number, stamp: number): number {
    this.#words[fieldsPlace] = batch.fields
    this.#words[stampPlace] = stamp
    const next = this.#rows(row)
    batch.fields = this.#words[fieldsPlace]!
    return next
  }

  /** Goes to the key at `at`, behind the key `before`. */
  seek(at: number, mark: number, before: number): void {
    const all = this.#words
    all[atPlace] = at
    all[markPlace] = mark
    // a key without a slot is as one that nothing has followed
    all[beforePlace] = Math.min(before + 1, slots - 1)
  }

  /** Goes on in the row with the number `stamp`; returns whether it came to the row's end. */
  rest(batch: Batch, row: number, stamp: number): boolean {
    const all = this.#words
    all[fieldsPlace] = batch.fields
    all[stampPlace] = stamp
    const isWhole = this.#rest(row) !== 0
    batch.fields = all[fieldsPlace]!
    return isWhole
  }

  get stamp(): number {
    return this.#words[stampPlace]!
  }

  get at(): number {
    return this.#words[atPlace]!
  }

  get mark(): number {
    return this.#words[markPlace]!
  }

  /** Id of the key before the one at `at`; -1 at the start. */
  get before(): number {
    return this.#words[beforePlace]! - 1
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

  #setColumns(batch: Batch): void {
    this.#batch = batch
    const set = (word: string, address: number): void => {
      this.#words[place(word)] = address
    }
    set('rowMarks', batch.mark.byteOffset)
    for (const name of ['starts', 'ends', 'firstField', 'lastField'] as const) set(name, batch[name].byteOffset)
    for (const name of ['fieldKey', 'fieldStart', 'fieldEnd', 'fieldKind', 'fieldNext', 'fieldUse'] as const) {
      set(name, batch[name].byteOffset)
    }
    set('fieldRoom', batch.fieldKey.length)
  }
}
