import type { Keys } from '../core/keys.ts'

const initialKeys = 4096

/**
 * Which keys the members of a row have had, and which names its fields. All arrays are by key id and hold the number of a row or object
 * instead of a truth, so that nothing is cleared between rows.
 */
export class RowKeys {
  readonly #keys: Keys
  readonly #descend: ReadonlySet<string>
  #generation = -1
  /** The last number of a row or object. */
  count = 0
  /** Number of the row. */
  row = 0
  /** Number of the last object of the row that was flattened; 0 if there was none. */
  object = 0
  /** 1 for names of objects to flatten. */
  flat = new Uint8Array(initialKeys)
  /** The last row that had it as a member's name. May be replaced by a larger one. */
  seen = new Int32Array(initialKeys)
  /** The last flattened object that had it, dotted. */
  inner = new Int32Array(initialKeys)
  /** The last row that got a field of this name although no member has it. */
  made = new Int32Array(initialKeys)

  constructor(keys: Keys, descend: ReadonlySet<string>) {
    this.#keys = keys
    this.#descend = descend
  }

  /** To be called before each batch: returns false if no id means what it meant before. `seen` is used as long as there is room for
   * all ids in it. */
  open(seen = this.seen): boolean {
    const known = this.#generation === this.#keys.generation && this.count < 0x70000000
    if (!known) this.#forget(seen)
    return known
  }

  /** Begins a row with the next number. */
  begin(): void {
    this.row = ++this.count
    this.object = 0
  }

  /** Goes on with the row whose number is the last one. */
  goOn(): void {
    this.row = this.count
    this.object = 0
  }

  beginObject(): void {
    this.object = ++this.count
  }

  /** The id for a field of this dotted name, which nothing else in the row has. An empty inner name is written as `_`. */
  dotted(key: number, outer: number): number {
    const { names } = this.#keys
    const name = names[key]!.length === names[outer]!.length + 1 ? this.#id(`${names[key]!}_`) : key
    if (this.#taken(name)) return this.numbered(name)
    this.made[name] = this.row
    return name
  }

  /** The id of the name with the first number, from 2 on, that nothing else in the row has. */
  numbered(key: number): number {
    for (let number = 2; ; number++) {
      const name = this.#id(`${this.#keys.names[key]!}_${number}`)
      if (this.#taken(name)) continue
      this.made[name] = this.row
      return name
    }
  }

  /** Makes room for all ids there are. */
  grow(): void {
    const length = this.#keys.names.length * 2
    this.flat = grown(this.flat, new Uint8Array(length))
    this.seen = grown(this.seen, new Int32Array(length))
    this.inner = grown(this.inner, new Int32Array(length))
    this.made = grown(this.made, new Int32Array(length))
  }

  #taken(key: number): boolean {
    return this.seen[key] === this.row || this.made[key] === this.row
  }

  #id(name: string): number {
    const id = this.#keys.add(name)
    if (id >= this.seen.length) this.grow()
    return id
  }

  #forget(seen: Int32Array<ArrayBuffer>): void {
    if (seen.length !== this.seen.length) {
      this.seen = seen
      this.flat = new Uint8Array(seen.length)
      this.inner = new Int32Array(seen.length)
      this.made = new Int32Array(seen.length)
    }
    this.seen = seen
    this.#generation = this.#keys.generation
    this.count = 0
    this.flat.fill(0)
    this.seen.fill(0)
    this.inner.fill(0)
    this.made.fill(0)
    for (const name of this.#descend) this.flat[this.#id(name)] = 1
  }
}

function grown<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from)
  return into
}
