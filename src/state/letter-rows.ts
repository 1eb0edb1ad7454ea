import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { DeadLetter } from '../core/record.ts'

export type LetterRow = Readonly<Record<string, SQLOutputValue>>

/** What a letter takes on disk beside its row and texts, about. */
const overheadBytes = 200
/** A shipment is at most so large, thus no row can be larger; stops a damaged size from taking the memory. */
const maxRowBytes = 64 * 1024 * 1024
const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

/** By how much an output has more. */
interface Added {
  readonly output: string
  readonly count: number
  readonly bytes: number
}

/** Stores letters, or their new reasons and times where they are there already. */
export function insertAll(database: DatabaseSync, letters: readonly DeadLetter[]): Added[] {
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
    const row = zstdCompressSync(letter.row, level)
    const seal = sealOf(letter, row)
    const bytes = row.length + type.length + reason.length + overheadBytes
    const at = Math.round(letter.at)
    const { changes } = again.run(status, type, reason, at, output, source, position, length, identity, seal)
    if (changes !== 0) return { output, count: 0, bytes: 0 }
    insert.run(output, source, position, length, status, type, reason, at, bytes, seal, row, identity)
    return { output, count: 1, bytes }
  })
}

/** The encoded row of a letter; undefined where it is not what was stored. */
export function unpack(letter: LetterRow): Buffer | undefined {
  const packed = letter['row'] as Uint8Array
  if (sealOf(letter as unknown as DeadLetter, packed) !== letter['seal']) return undefined
  try {
    return zstdDecompressSync(packed, { maxOutputLength: maxRowBytes })
  } catch {
    // Damaged in a way that its check does not show.
    return undefined
  }
}

function sealOf(letter: Pick<DeadLetter, 'output' | 'source' | 'position' | 'length'>, packed: Uint8Array): number {
  const place = `${letter.output}\u0000${letter.source}\u0000${letter.position}\u0000${letter.length}`
  return crc32(packed, crc32(place))
}
