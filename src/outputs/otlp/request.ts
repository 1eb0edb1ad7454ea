import type { Shipment } from '../../core/output.ts'
import { copySpan, overshoot, viewOf } from '../copy.ts'
import { mostLengthBytes, varintBytes, WireReader, writeVarint } from './wire.ts'

/** Scratch that is larger is not kept. */
const mostKept = 8 << 20
/** In LogRecord. */
const attributesNumber = 6
const lastMultiple = 0x85ebca6b

/** Encoded rows, see `RecordEncoder`: `resource`, `scope` and `record` with their tags and lengths, each where it begins. */
type Rows = Pick<Shipment, 'bytes' | 'rows' | 'rowEnds'>

/**
 * Puts rows together to one request, with one ResourceLogs for all rows of a resource, in their order.
 *
 * ```
 * row      0a len  0a len resource  12 len  0a len scope  12 len record
 * request  0a len  0a len resource  12 len  0a len scope  12 len record  12 len record …
 * ```
 */
export class RequestWriter {
  #scratch: Buffer = Buffer.alloc(0)
  /** By row. */
  #records = new Int32Array(0)
  #next = new Int32Array(0)
  /** By group: where its first row begins, its rows as a list, bytes of their records. */
  #starts: number[] = []
  #firsts: number[] = []
  #lasts: number[] = []
  #sizes: number[] = []
  /** Hash table: group and one. */
  #table = new Int32Array(0)

  /** The request, which holds until the next call. */
  write(rows: Rows): Buffer {
    this.#group(rows)
    const { bytes } = rows
    let most = overshoot
    for (let group = 0; group < this.#starts.length; group++) {
      most += this.#sizes[group]! + headOf(bytes, this.#starts[group]!) + 4 * mostLengthBytes
    }
    const into = most <= this.#scratch.length ? this.#scratch : Buffer.allocUnsafeSlow(most)
    if (into.length <= mostKept) this.#scratch = into
    let at = 0
    for (let group = 0; group < this.#starts.length; group++) at = this.#writeGroup(group, rows, into, at)
    return into.subarray(0, at)
  }

  #writeGroup(group: number, { bytes, rowEnds }: Rows, into: Buffer, at: number): number {
    const fromView = viewOf(bytes)
    const intoView = viewOf(into)
    const resource = pastLength(bytes, this.#starts[group]! + 1)
    const resourceEnd = pastMessage(bytes, resource + 1)
    const scope = pastLength(bytes, resourceEnd + 1)
    const scopeEnd = pastMessage(bytes, scope + 1)
    const size = scopeEnd - scope + this.#sizes[group]!
    into[at++] = bytes[this.#starts[group]!]!
    at = writeVarint(resourceEnd - resource + 1 + varintBytes(size) + size, into, at)
    at = copySpan(fromView, resource, resourceEnd, intoView, at)
    into[at++] = bytes[resourceEnd]!
    at = writeVarint(size, into, at)
    at = copySpan(fromView, scope, scopeEnd, intoView, at)
    for (let row = this.#firsts[group]!; row >= 0; row = this.#next[row]!) {
      at = copySpan(fromView, this.#records[row]!, rowEnds[row]!, intoView, at)
    }
    return at
  }

  #group(rows: Rows): void {
    this.#open(rows.rows)
    const { bytes, rowEnds } = rows
    const words = viewOf(bytes)
    let last = -1
    for (let row = 0, start = 0; row < rows.rows; start = rowEnds[row]!, row++) {
      const resource = pastLength(bytes, start + 1)
      const resourceEnd = pastMessage(bytes, resource + 1)
      const record = pastMessage(bytes, pastLength(bytes, resourceEnd + 1) + 1)
      const group =
        last >= 0 && this.#isOf(last, words, resource, resourceEnd)
          ? last
          : this.#find(start, words, resource, resourceEnd)
      const before = this.#lasts[group]!
      if (before < 0) this.#firsts[group] = row
      else this.#next[before] = row
      this.#lasts[group] = row
      this.#records[row] = record
      this.#sizes[group]! += rowEnds[row]! - record
      last = group
    }
  }

  #open(rows: number): void {
    if (rows > this.#records.length) {
      const room = 2 ** Math.ceil(Math.log2(rows))
      this.#records = new Int32Array(room)
      this.#next = new Int32Array(room)
      this.#table = new Int32Array(room * 2)
    }
    this.#next.fill(-1, 0, rows)
    this.#table.fill(0)
    this.#starts = []
    this.#firsts = []
    this.#lasts = []
    this.#sizes = []
  }

  /** The group of the row that begins at `start`; a new one where there is none. */
  #find(start: number, words: DataView, from: number, to: number): number {
    const table = this.#table
    const mask = table.length - 1
    for (let slot = hashOf(words, from, to) & mask; ; slot = (slot + 1) & mask) {
      const group = table[slot]! - 1
      if (group < 0) {
        table[slot] = this.#starts.push(start)
        this.#firsts.push(-1)
        this.#lasts.push(-1)
        this.#sizes.push(0)
        return this.#starts.length - 1
      }
      if (this.#isOf(group, words, from, to)) return group
    }
  }

  /** Whether the resource is that of the group. */
  #isOf(group: number, words: DataView, from: number, to: number): boolean {
    let at = this.#starts[group]! + 1
    while (words.getUint8(at++) >= 0x80);
    if (at + to - from > words.byteLength) return false
    const shift = at - from
    for (; from + 4 <= to; from += 4) {
      if (words.getInt32(from, true) !== words.getInt32(from + shift, true)) return false
    }
    for (; from < to; from++) if (words.getUint8(from) !== words.getUint8(from + shift)) return false
    return true
  }
}

function hashOf(words: DataView, from: number, to: number): number {
  let hash = to - from
  for (; from + 4 <= to; from += 4) hash = Math.imul(hash ^ words.getInt32(from, true), 0x9e3779b1) ^ (hash >>> 15)
  for (; from < to; from++) hash = Math.imul(hash ^ words.getUint8(from), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 16), lastMultiple)
  return hash ^ (hash >>> 13)
}

/** Bytes of the resource and the scope of a row. */
function headOf(bytes: Buffer, start: number): number {
  return pastMessage(bytes, pastLength(bytes, pastMessage(bytes, pastLength(bytes, start + 1) + 1) + 1) + 1) - start
}

/** Where the varint ends that begins at `at`. */
function pastLength(bytes: Buffer, at: number): number {
  while (bytes[at++]! >= 0x80);
  return at
}

/** Where the message ends whose length begins at `at`. */
function pastMessage(bytes: Buffer, at: number): number {
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) return at + length
  }
}

/** The first attribute of an encoded row: its id. */
export function uidOf(row: Buffer): Buffer {
  const record = pastMessage(row, pastLength(row, pastMessage(row, pastLength(row, 1) + 1) + 1) + 1)
  const fields = new WireReader(row, pastLength(row, record + 1))
  while (fields.next()) if (fields.number === attributesNumber) return fields.bytes
  return row
}
