import { grown } from './workspace.ts'

const slots = 2048
const maxKeys = 16384
/** A row may be one name of a megabyte. */
const maxBytes = 4 * 1024 * 1024
const initialBytes = 16384

/**
 * Field names as small integers, one table for each shard. Ids are dense, start at 0 and hold until `trim` says otherwise, so
 * that steps can keep what they know of a key in arrays indexed by id.
 *
 * Looking up is a probe of a direct-mapped table and a byte comparison; only a name that is new, or that lost its slot to another,
 * goes through a string.
 */
export class Keys {
  /** Names by id. */
  readonly names: string[] = []
  /** Raw bytes of all names, one behind the other; `starts[id]` to `starts[id + 1]`. */
  bytes = Buffer.allocUnsafeSlow(initialBytes)
  starts = new Int32Array(1024)
  /** Grows by one each time all ids become void. */
  generation = 0
  readonly #ids = new Map<string, number>()
  readonly #slots = new Int32Array(slots).fill(-1)

  /** The id of the name that stands in `bytes[start, end)`: UTF-8, not escaped. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    const slot =
      length === 0
        ? 0
        : (length * 31 + bytes[start]! * 7 + bytes[end - 1]! * 131 + bytes[start + (length >> 1)]! * 517) & (slots - 1)
    const id = this.#slots[slot]!
    if (id >= 0 && this.matches(id, bytes, start, end)) return id
    const found = this.add((bytes as Buffer).utf8Slice(start, end))
    this.#slots[slot] = found
    return found
  }

  /** Whether `bytes[start, end)` is the name with this id. */
  matches(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const known = this.bytes
    let at = this.starts[id]!
    if (this.starts[id + 1]! - at !== end - start) return false
    for (let i = start; i < end; i++, at++) if (known[at] !== bytes[i]) return false
    return true
  }

  /** The id of a name given as text. */
  add(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.names.length
    this.names.push(name)
    this.#ids.set(name, id)
    const length = Buffer.byteLength(name)
    if (id + 2 > this.starts.length) this.starts = grown(this.starts, new Int32Array(this.starts.length * 2))
    const start = this.starts[id]!
    if (start + length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, start + length))
      this.bytes.copy(larger)
      this.bytes = larger
    }
    this.bytes.utf8Write(name, start)
    this.starts[id + 1] = start + length
    return id
  }

  /** Data has brought too many names, or too long ones. */
  get isFull(): boolean {
    return this.names.length > maxKeys || this.bytes.length > maxBytes
  }

  /** Called between batches: forgets everything when the table is full, so that memory stays bounded. */
  trim(): void {
    if (!this.isFull) return
    if (this.bytes.length > maxBytes) this.bytes = Buffer.allocUnsafeSlow(initialBytes)
    this.names.length = 0
    this.#ids.clear()
    this.#slots.fill(-1)
    this.generation++
  }
}
