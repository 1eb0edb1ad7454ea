import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { DeadLetter } from '../core/record.ts'

export type LetterRow = Readonly<Record<string, SQLOutputValue>>

/** What a letter takes on disk beside its row and texts, about. */
const overheadBytes = 200
/** A shipment is at most so large, thus no row can be larger; stops a damaged size from taking the memory. */
const maxRowBytes = 64 * 1024 * 1024
/** A shorter row stays as it is: compressed it is hardly smaller, and that took half of the time that a letter takes. */
const compressedFromBytes = 512
/** What zstd begins with. A row that does is compressed, however short it is. */
const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

/** By how much an output has more. */
interface Added {
  readonly output: string
  readonly count: number
  readonly bytes: number
}

/** Stores letters, or their new reasons and times where they are there already. `hasOld`: some have no identity, and are known by their
 * seals, which are those of compressed rows. */
export function insertAll(database: DatabaseSync, letters: readonly DeadLetter[], hasOld = false): Added[] {
  // once for all of them: there may be ten thousand, and the control thread does nothing else meanwhile
  const again = database.prepare(
    `UPDATE letters SET status = ?, type = ?, reason = ?, at = ?
     WHERE output = ? AND source = ? AND position = ? AND length = ? AND (identity = ? OR seal = ?)`
  )
  const insert = database.prepare(
    `INSERT INTO letters (output, source, position, length, status, type, reason, at, bytes, seal, row, identity)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
  )
  return letters.map(letter => {
    const { output, source, position, length, status, type, reason } = letter
    const identity = letter.identity ?? crc32(letter.row)
    const row = packed(letter.row)
    const seal = sealOf(letter, row)
    const bytes = row.length + type.length + reason.length + overheadBytes
    const at = Math.round(letter.at)
    const known = hasOld ? sealOf(letter, zstdCompressSync(letter.row, level)) : seal
    const { changes } = again.run(status, type, reason, at, output, source, position, length, identity, known)
    if (changes !== 0) return { output, count: 0, bytes: 0 }
    insert.run(output, source, position, length, status, type, reason, at, bytes, seal, row, identity)
    return { output, count: 1, bytes }
  })
}

function packed(row: Uint8Array): Uint8Array {
  return row.length < compressedFromBytes && !isCompressed(row) ? row : zstdCompressSync(row, level)
}

function isCompressed(bytes: Uint8Array): boolean {
  return magic.equals(bytes.subarray(0, magic.length))
}

/** The encoded row of a letter; undefined where it is not what was stored. */
export function unpack(letter: LetterRow): Buffer | undefined {
  const row = letter['row'] as Uint8Array
  if (sealOf(letter as unknown as DeadLetter, row) !== letter['seal']) return undefined
  if (!isCompressed(row)) return Buffer.from(row)
  try {
    return zstdDecompressSync(row, { maxOutputLength: maxRowBytes })
  } catch {
    // Damaged in a way that its check does not show.
    return undefined
  }
}

function sealOf(letter: Pick<DeadLetter, 'output' | 'source' | 'position' | 'length'>, packed: Uint8Array): number {
  const place = `${letter.output}\u0000${letter.source}\u0000${letter.position}\u0000${letter.length}`
  return crc32(packed, crc32(place))
}
