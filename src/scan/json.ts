import { isUtf8 } from 'node:buffer'
import { type Batch, Flag, Kind, parseErrors, Use } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { duplicateKey, invalid, JsonReader } from './json-reader.ts'
import { KeyGuess } from './key-guess.ts'
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
  readonly #guess = new KeyGuess()
  /** The bytes that `#words` looks at. */
  #viewed: Buffer = Buffer.alloc(0)
  #words: DataView = new DataView(new ArrayBuffer(0))

  constructor(keys: Keys, descend: ReadonlySet<string>) {
    this.#keys = keys
    this.#names = new RowKeys(keys, descend)
  }

  /** Adds a field for each member of the row's object, in order; those of an object named in `descend` each on their own, under a
   * dotted name. No two fields of a row get one name: the later is numbered (`service.name_2`). Returns 0, or an index into
   * `parseErrors`, and then the row has no fields. */
  scan(batch: Batch, row: number): number {
    const reader = this.#reader
    const fields = batch.fields
    if (!this.#names.begin()) this.#guess.forget()
    reader.open(batch, row)
    const error = this.#scan(batch, row)
    if (error !== 0) batch.dropFields(row, fields)
    else if (reader.emptyKey) batch.flags[row]! |= Flag.emptyKey
    return error
  }

  #scan(batch: Batch, row: number): number {
    const reader = this.#reader
    const { bytes, end, at } = reader
    if (!batch.isUtf8 || bytes[at] !== 0x7b || bytes[at + 1] !== 0x22 || at + 1 >= end) {
      if (!reader.space() || bytes[reader.at] !== 0x7b) return invalid
      if (!batch.isUtf8 && !isUtf8(bytes.subarray(reader.at, end))) return notUtf8
      reader.at++
      if (!reader.space()) return invalid
      if (bytes[reader.at] === 0x7d) return this.#finish()
    } else reader.at = at + 1
    return this.#members(batch, row)
  }

  /** Adds all members; the cursor stands at the first key. A hot loop, so all in one: keys as guessed and strings without escapes
   * are done here, everything else by the reader. Arrays are held in locals: measured, `batch.addField` took 12 ns a field, these
   * stores take 6. */
  #members(batch: Batch, row: number): number {
    const reader = this.#reader
    const guess = this.#guess
    const names = this.#names
    const { bytes, marks, end } = reader
    if (this.#viewed !== bytes) this.#view(bytes)
    const words = this.#words
    const stamp = names.row
    let at = reader.at
    let mark = reader.mark
    let { fieldKey, fieldStart, fieldEnd, fieldKind, fieldUse, fieldNext, fields } = batch
    let { next, length: lengths, first, last } = guess
    let seen = names.seen
    let linked = fields
    let before = 0
    for (;;) {
      let slot = next[before]!
      const length = lengths[slot]!
      if (
        length !== 0 &&
        at + length < end &&
        (length < 8
          ? words.getInt32(at, true) === first[slot]! && words.getInt32(at + length - 4, true) === last[slot]!
          : words.getFloat64(at, true) === first[slot]! &&
            words.getFloat64(at + length - 8, true) === last[slot]! &&
            (length <= 16 || this.#keys.matches(slot - 1, bytes, at + 1, at + length - 2)))
      ) {
        at += length
        mark += 2
        if (bytes[at] === 0x20) at++
      } else {
        reader.at = at
        reader.mark = mark
        slot = reader.key(this.#keys, -1) + 1
        if (slot === 0) return invalid
        at = reader.at
        mark = reader.mark
        guess.learn(before, slot, this.#keys)
        if (slot > seen.length) names.grow()
        seen = names.seen
        ;({ next, length: lengths, first, last } = guess)
      }
      const key = slot - 1
      if (seen[key] === stamp) return duplicateKey
      seen[key] = stamp
      before = slot
      const close = marks[mark + 1]!
      if (
        bytes[at] === 0x22 &&
        close < end &&
        bytes[close] === 0x22 &&
        names.object === 0 &&
        fields < fieldKey.length
      ) {
        fieldKey[fields] = key
        fieldStart[fields] = at + 1
        fieldEnd[fields] = close
        fieldKind[fields] = Kind.plain
        fieldUse[fields] = Use.attribute
        fieldNext[fields] = ++fields
        at = close + 1
        mark += 2
      } else {
        reader.at = at
        reader.mark = mark
        link(batch, row, linked, fields)
        const error = reader.space() ? this.#member(batch, row, key) : invalid
        if (error !== 0) return error
        at = reader.at
        mark = reader.mark
        ;({ fieldKey, fieldStart, fieldEnd, fieldKind, fieldUse, fieldNext, fields } = batch)
        linked = fields
      }
      if (at < end && bytes[at] === 0x2c) {
        const next = bytes[at + 1] === 0x20 ? at + 2 : at + 1
        if (bytes[next] === 0x22) {
          at = next
          continue
        }
      }
      if (at + 1 === end && bytes[at] === 0x7d) {
        link(batch, row, linked, fields)
        return 0
      }
      reader.at = at
      reader.mark = mark
      if (!reader.space()) return invalid
      if (bytes[reader.at] === 0x7d) {
        link(batch, row, linked, fields)
        return this.#finish()
      }
      if (bytes[reader.at++] !== 0x2c || !reader.space()) return invalid
      at = reader.at
      mark = reader.mark
    }
  }

  #view(bytes: Buffer): void {
    this.#viewed = bytes
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
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

/** Hangs fields that stand behind each other to the row, as `batch.addField` would have one by one. */
function link(batch: Batch, row: number, from: number, to: number): void {
  if (from === to) return
  const before = batch.lastField[row]!
  if (before < 0) batch.firstField[row] = from
  else batch.fieldNext[before] = from
  batch.fieldNext[to - 1] = -1
  batch.lastField[row] = to - 1
  batch.fields = to
}

/** The span of a string is what stands between its quotes. */
function addValue(batch: Batch, row: number, key: number, start: number, end: number, kind: Kind): void {
  if (kind === Kind.plain || kind === Kind.jsonText) batch.addField(row, key, start + 1, end - 1, kind)
  else batch.addField(row, key, start, end, kind)
}
