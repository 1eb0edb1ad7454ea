import { hash } from 'node:crypto'
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { SlabPart } from './delta.ts'
import type { RangePlan } from './plan.ts'

const version = 1
/** Version, numbers an entry has, whether it has a bin, a byte that is free; what the numbers mean. Behind the content: CRC-32. */
const headBytes = 12
const crcBytes = 4
/** The bucket, and how many groups, bytes of keys, and entries. */
const countBytes = 20
/** More than windows may have together: a blob that says so is broken. */
const mostBytes = 256 << 20

/** Entries of one bucket with the keys of their groups, as they are stored. */
export interface StoredSlab {
  readonly keys: Buffer
  readonly ends: Int32Array
  readonly part: SlabPart
}

/** What the numbers of a range aggregation mean: those of another one, or of one with other buckets, can not be used. */
export function meaningOf(plan: RangePlan): Buffer {
  const text = JSON.stringify(plan, (name, value: unknown) => (name === 'at' ? undefined : value))
  return hash('sha256', text, 'buffer').subarray(0, 8)
}

export function writeBlob({ keys, ends, part }: StoredSlab, meaning: Buffer): Buffer {
  const counts = Buffer.alloc(countBytes)
  counts.writeDoubleLE(part.bucket, 0)
  counts.writeUInt32LE(ends.length, 8)
  counts.writeUInt32LE(keys.length, 12)
  counts.writeUInt32LE(part.groups.length, 16)
  const arrays = [ends, part.groups, ...(part.bins === undefined ? [] : [part.bins]), part.numbers]
  const content = zstdCompressSync(Buffer.concat([counts, keys, ...arrays.map(bytesOf)]))
  const head = Buffer.alloc(headBytes)
  head[0] = version
  head[1] = part.groups.length === 0 ? 0 : part.numbers.length / part.groups.length
  head[2] = part.bins === undefined ? 0 : 1
  meaning.copy(head, 4)
  const crc = Buffer.alloc(crcBytes)
  crc.writeUInt32LE(crc32(content, crc32(head)))
  return Buffer.concat([head, content, crc])
}

/** Undefined where the blob is broken, or its numbers have another meaning. */
export function readBlob(blob: Uint8Array, meaning: Buffer): StoredSlab | undefined {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length)
  const end = bytes.length - crcBytes
  if (end < headBytes || bytes.readUInt32LE(end) !== crc32(bytes.subarray(0, end))) return undefined
  if (bytes[0] !== version || !bytes.subarray(4, headBytes).equals(meaning)) return undefined
  const content = zstdDecompressSync(bytes.subarray(headBytes, end), { maxOutputLength: mostBytes })
  const [groups, keyBytes, entries] = [8, 12, 16].map(at => content.readUInt32LE(at)) as [number, number, number]
  let at = countBytes + keyBytes
  const next = <T extends Int32Array | Float64Array>(into: T): T => {
    bytesOf(into).set(content.subarray(at, (at += into.byteLength)))
    return into
  }
  const ends = next(new Int32Array(groups))
  const part = {
    bucket: content.readDoubleLE(0),
    groups: next(new Int32Array(entries)),
    bins: bytes[2] === 1 ? next(new Int32Array(entries)) : undefined,
    numbers: next(new Float64Array(entries * bytes[1]!))
  }
  return { keys: content.subarray(countBytes, countBytes + keyBytes), ends, part }
}

/** Numbers are stored as they lie in memory; all machines that this runs on have the lowest byte first. */
function bytesOf(array: Int32Array | Float64Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength)
}
