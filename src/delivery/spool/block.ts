import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Position, SourceId } from '../../core/source.ts'
import { seal } from '../../state/database.ts'

/** Raw bytes in a block at most: what one flipped bit can cost. With 1 MiB they pack hardly better, and a read takes four times as long. */
export const blockBytes = 256 * 1024

/** Which bytes a block holds. */
export interface Place {
  readonly source: SourceId
  readonly position: Position
  readonly length: number
}

/** Bytes of a source as they are stored. */
export interface Block extends Place {
  /** Over the packed bytes and their place. */
  readonly check: number
  readonly packed: Uint8Array
}

const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export function pack(source: SourceId, position: Position, bytes: Uint8Array): Block {
  const place = { source, position, length: bytes.length }
  const packed = zstdCompressSync(bytes, level)
  return { ...place, check: checkOf(place, packed), packed }
}

/** The bytes, or undefined where they are not what was stored. */
export function unpack(block: Block): Buffer | undefined {
  if (checkOf(block, block.packed) !== block.check) return undefined
  try {
    const bytes = zstdDecompressSync(block.packed, { maxOutputLength: block.length })
    return bytes.length === block.length ? bytes : undefined
  } catch {
    return undefined
  }
}

/** By which an entry is trusted before its bytes are read: a flipped bit in a position would put them to another place. */
export function sealOf({ source, position, length, check }: Omit<Block, 'packed'>): number {
  return seal(source, position, length, check)
}

function checkOf({ source, position, length }: Place, packed: Uint8Array): number {
  return crc32(packed, crc32(`${source}\u0000${position}\u0000${length}`))
}
