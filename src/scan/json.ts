import { isUtf8 } from 'node:buffer'
import { type Batch, Flag, Kind, parseErrors } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { duplicateKey, invalid, JsonReader } from './json-reader.ts'

const notUtf8 = parseErrors.indexOf('utf8')

/**
 * Finds the members of rows that are JSON objects. Strict: it accepts what `JSON.parse` accepts, less what is no object, has a
 * key twice, is deeper than 128 or is not UTF-8.
 */
export class JsonScanner {
  readonly #keys: Keys
  readonly #descend: ReadonlySet<string>
  readonly #reader = new JsonReader()
  #generation = -1
  /** By key id: 1 for names of objects to flatten. */
  #flat = new Uint8Array(1024)
  /** By key id: number of the last row that had it as a member's name. */
  #seen = new Int32Array(1024)
  /** By key id: number of the last flattened object that had it, dotted. */
  #inner = new Int32Array(1024)
  /** By key id: number of the last row that got a field of this name although no member has it. */
  #made = new Int32Array(1024)
  /** Number of the row, and of the flattened object: both counted by `#count`. */
  #row = 0
  #object = 0
  #count = 0

  constructor(keys: Keys, descend: ReadonlySet<string>) {
    this.#keys = keys
    this.#descend = descend
  }

  /** Adds a field for each member of the row's object, in order; those of an object named in `descend` each on their own, under a
   * dotted name. No two fields of a row get one name: the later is numbered (`service.name_2`). Returns 0, or an index into
   * `parseErrors`, and then the row has no fields. */
  scan(batch: Batch, row: number): number {
    const reader = this.#reader
    const fields = batch.fields
    if (this.#generation !== this.#keys.generation || this.#count > 0x70000000) this.#forget()
    this.#row = ++this.#count
    this.#object = 0
    reader.open(batch, row)
    const error = this.#scan(batch, row)
    if (error !== 0) batch.dropFields(row, fields)
    else if (reader.emptyKey) batch.flags[row]! |= Flag.emptyKey
    return error
  }

  #scan(batch: Batch, row: number): number {
    const reader = this.#reader
    const { bytes, end } = reader
    if (!reader.space() || bytes[reader.at] !== 0x7b) return invalid
    if (!batch.isUtf8 && !isUtf8(bytes.subarray(reader.at, end))) return notUtf8
    reader.at++
    if (!reader.space()) return invalid
    if (bytes[reader.at] === 0x7d) return this.#finish()
    for (;;) {
      const key = reader.key(this.#keys, -1)
      if (key < 0) return invalid
      if (key >= this.#seen.length) this.#grow()
      if (this.#seen[key] === this.#row) return duplicateKey
      this.#seen[key] = this.#row
      const error = this.#member(batch, row, key)
      if (error !== 0) return error
      if (!reader.space()) return invalid
      if (bytes[reader.at] === 0x7d) return this.#finish()
      if (bytes[reader.at++] !== 0x2c || !reader.space()) return invalid
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
    const start = reader.at
    const mark = reader.mark
    if (this.#flat[key] === 1 && reader.bytes[start] === 0x7b) {
      reader.at++
      if (reader.space() && reader.bytes[reader.at] !== 0x7d) return this.#flatten(batch, row, key)
      reader.at = start
      reader.mark = mark
    }
    const kind = reader.value(1)
    if (kind === Kind.absent) return reader.error
    const name = this.#object === 0 || this.#made[key] !== this.#row ? key : this.#numbered(key)
    addValue(batch, row, name, start, reader.at, kind)
    return 0
  }

  /** Adds the members of an object; the cursor stands at its first key. */
  #flatten(batch: Batch, row: number, outer: number): number {
    const reader = this.#reader
    const object = ++this.#count
    this.#object = object
    for (;;) {
      const key = reader.key(this.#keys, outer)
      if (key < 0) return invalid
      if (key >= this.#inner.length) this.#grow()
      if (this.#inner[key] === object) return duplicateKey
      this.#inner[key] = object
      const start = reader.at
      const kind = reader.value(2)
      if (kind === Kind.absent) return reader.error
      addValue(batch, row, this.#free(key, outer), start, reader.at, kind)
      if (!reader.space()) return invalid
      const byte = reader.bytes[reader.at++]!
      if (byte === 0x7d) return 0
      if (byte !== 0x2c || !reader.space()) return invalid
    }
  }

  /** The id for a field of this dotted name, which nothing else in the row has. An empty inner name is written as `_`. */
  #free(key: number, outer: number): number {
    const { names } = this.#keys
    const name = names[key]!.length === names[outer]!.length + 1 ? this.#id(`${names[key]!}_`) : key
    if (this.#seen[name] === this.#row || this.#made[name] === this.#row) return this.#numbered(name)
    this.#made[name] = this.#row
    return name
  }

  #numbered(key: number): number {
    for (let number = 2; ; number++) {
      const name = this.#id(`${this.#keys.names[key]!}_${number}`)
      if (this.#seen[name] === this.#row || this.#made[name] === this.#row) continue
      this.#made[name] = this.#row
      return name
    }
  }

  #id(name: string): number {
    const id = this.#keys.add(name)
    if (id >= this.#seen.length) this.#grow()
    return id
  }

  #forget(): void {
    this.#generation = this.#keys.generation
    this.#count = 0
    this.#seen.fill(0)
    this.#inner.fill(0)
    this.#made.fill(0)
    this.#flat.fill(0)
    for (const name of this.#descend) this.#flat[this.#id(name)] = 1
  }

  #grow(): void {
    const length = this.#keys.names.length * 2
    this.#seen = grown(this.#seen, new Int32Array(length))
    this.#inner = grown(this.#inner, new Int32Array(length))
    this.#made = grown(this.#made, new Int32Array(length))
    this.#flat = grown(this.#flat, new Uint8Array(length))
  }
}

/** The span of a string is what stands between its quotes. */
function addValue(batch: Batch, row: number, key: number, start: number, end: number, kind: Kind): void {
  if (kind === Kind.plain || kind === Kind.jsonText) batch.addField(row, key, start + 1, end - 1, kind)
  else batch.addField(row, key, start, end, kind)
}

function grown<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from)
  return into
}
