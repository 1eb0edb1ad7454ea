import { isUtf8 } from 'node:buffer'
import type { Batch } from '../core/batch.ts'
import { Flag, Kind, parseErrors } from '../core/row.ts'
import type { Keys } from '../core/keys.ts'
import { duplicateKey, invalid, JsonReader } from './json-reader.ts'
import { MembersKernel } from './members-kernel.ts'
import { RowKeys } from './row-keys.ts'

const notUtf8 = parseErrors.indexOf('utf8')

/**
 * Finds the members of rows that are JSON objects. Strict: it accepts what `JSON.parse` accepts, less what is no object, has a
 * key twice, is deeper than 128 or is not UTF-8.
 */
export class JsonScanner {
  readonly #keys: Keys
  readonly #names: RowKeys
  readonly #reader = new JsonReader()
  /** For batches of one workspace: the shard's. */
  #kernel: MembersKernel | undefined
  #kernelIsUsable = false
  /** The row that the kernel has begun and not ended; -1 where there is none. */
  #begun = -1

  constructor(keys: Keys, descend: ReadonlySet<string>) {
    this.#keys = keys
    this.#names = new RowKeys(keys, descend)
  }

  /** To be called before the rows of a batch are scanned. */
  open(batch: Batch): void {
    if (batch.workspace !== undefined) this.#kernel ??= MembersKernel.in(batch.workspace)
    const kernel = this.#kernel
    if (!this.#names.open(kernel?.seen)) kernel?.forget()
    this.#begun = -1
    this.#kernelIsUsable = kernel !== undefined && kernel.canRead(batch)
    if (this.#kernelIsUsable) kernel!.open(batch)
  }

  /** Scans rows from `row` on that are as those before them; returns the first that is to be scanned with `scan`. */
  pass(batch: Batch, row: number): number {
    if (!this.#canPass(batch)) return row
    const names = this.#names
    const kernel = this.#kernel!
    const next = kernel.rows(batch, row, names.count)
    names.count = kernel.stamp
    this.#begun = next < batch.rows && kernel.at > 0 ? next : -1
    return next
  }

  /** Adds a field for each member of the row's object, in order; those of an object named in `descend` each on their own, under a
   * dotted name. No two fields of a row get one name: the later is numbered (`service.name_2`). Returns 0, or an index into
   * `parseErrors`, and then the row has no fields. */
  scan(batch: Batch, row: number): number {
    const reader = this.#reader
    reader.open(batch, row)
    const first = batch.firstField[row]!
    const fields = first < 0 ? batch.fields : first
    const error = this.#begun === row ? this.#goOn(batch, row) : this.#scan(batch, row)
    if (error !== 0) batch.dropFields(row, fields)
    else if (reader.emptyKey) batch.flags[row]! |= Flag.emptyKey
    return error
  }

  /** Not while keys or fields are known that the kernel's tables have no room for. */
  #canPass(batch: Batch): boolean {
    return this.#kernelIsUsable && this.#names.seen === this.#kernel!.seen && batch.inWorkspace
  }

  /** What `pass` has begun. */
  #goOn(batch: Batch, row: number): number {
    const reader = this.#reader
    const kernel = this.#kernel!
    this.#begun = -1
    this.#names.goOn()
    reader.at = kernel.at
    reader.mark = kernel.mark
    return this.#members(batch, row, kernel.before)
  }

  #scan(batch: Batch, row: number): number {
    const reader = this.#reader
    const { bytes, end } = reader
    this.#names.begin()
    if (!reader.space() || bytes[reader.at] !== 0x7b) return invalid
    if (!batch.isUtf8 && !isUtf8(bytes.subarray(reader.at, end))) return notUtf8
    reader.at++
    if (!reader.space()) return invalid
    if (bytes[reader.at] === 0x7d) return this.#finish()
    return this.#members(batch, row, -1)
  }

  /** Adds the members from the key at the cursor on; `before` is the key before it. */
  #members(batch: Batch, row: number, before: number): number {
    const reader = this.#reader
    const names = this.#names
    for (;;) {
      const key = reader.key(this.#keys, -1)
      if (key < 0) return invalid
      if (key >= names.seen.length) names.grow()
      if (names.seen[key] === names.row) return duplicateKey
      names.seen[key] = names.row
      this.#kernel?.learn(before, key, this.#keys)
      before = key
      const error = this.#member(batch, row, key)
      if (error !== 0) return error
      if (!reader.space()) return invalid
      const byte = reader.bytes[reader.at]!
      if (byte === 0x7d) return this.#finish()
      reader.at++
      if (byte !== 0x2c || !reader.space()) return invalid
      // names that were made for members of objects are known here only
      if (names.object !== 0 || !this.#canPass(batch)) continue
      const kernel = this.#kernel!
      kernel.seek(reader.at, reader.mark, before)
      if (kernel.rest(batch, row, names.row)) return 0
      reader.at = kernel.at
      reader.mark = kernel.mark
      before = kernel.before
    }
  }

  /** Passes the object's end; nothing but white space may follow. */
  #finish(): number {
    this.#reader.at++
    return this.#reader.space() ? invalid : 0
  }

  /** Adds the member whose value stands at the cursor. */
  #member(batch: Batch, row: number, key: number): number {
    const reader = this.#reader
    const names = this.#names
    const start = reader.at
    const mark = reader.mark
    if (names.flat[key] === 1 && reader.bytes[start] === 0x7b) {
      reader.at++
      if (reader.space() && reader.bytes[reader.at] !== 0x7d) return this.#flatten(batch, row, key)
      reader.at = start
      reader.mark = mark
    }
    const kind = reader.value(1)
    if (kind === Kind.absent) return reader.error
    const name = names.object === 0 || names.made[key] !== names.row ? key : names.numbered(key)
    addValue(batch, row, name, start, reader.at, kind)
    return 0
  }

  /** Adds the members of an object; the cursor stands at its first key. */
  #flatten(batch: Batch, row: number, outer: number): number {
    const reader = this.#reader
    const names = this.#names
    names.beginObject()
    const { object } = names
    for (;;) {
      const key = reader.key(this.#keys, outer)
      if (key < 0) return invalid
      if (key >= names.inner.length) names.grow()
      if (names.inner[key] === object) return duplicateKey
      names.inner[key] = object
      const start = reader.at
      const kind = reader.value(2)
      if (kind === Kind.absent) return reader.error
      addValue(batch, row, names.dotted(key, outer), start, reader.at, kind)
      if (!reader.space()) return invalid
      const byte = reader.bytes[reader.at++]!
      if (byte === 0x7d) return 0
      if (byte !== 0x2c || !reader.space()) return invalid
    }
  }
}

/** The span of a string is what stands between its quotes. */
function addValue(batch: Batch, row: number, key: number, start: number, end: number, kind: Kind): void {
  if (kind === Kind.plain || kind === Kind.jsonText) batch.addField(row, key, start + 1, end - 1, kind)
  else batch.addField(row, key, start, end, kind)
}
