import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { reasonOf } from '../config/substitute.ts'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import { type ArchiveFormat, archiveFormat } from '../inputs/file/archive.ts'
import { lookInto } from '../inputs/file/look-into.ts'

/** Hands over where the content of a file can be read at any place: the file itself, or for as long as `use` takes a temporary file (0600)
 * with what was compressed in it. `onProgress` gets the bytes decompressed so far. Throws `ExitError`, and what `use` throws. */
export async function unpacked<T>(
  file: string,
  onProgress: (bytes: number) => void,
  use: (path: string) => Promise<T>
): Promise<T> {
  const format = formatOf(file)
  if (format === undefined) return use(file)
  const folder = mkdtempSync(join(tmpdir(), 'mcp-collector-'))
  try {
    const path = join(folder, 'content')
    await decompress(file, format, { path, onProgress })
    return await use(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function formatOf(file: string): ArchiveFormat | undefined {
  try {
    return lookInto(file, archiveFormat)
  } catch (error) {
    throw new ExitError(`Cannot read "${file}": ${reasonOf(error)}`, exitCodes.failed, error)
  }
}

async function decompress(
  file: string,
  format: ArchiveFormat,
  { path, onProgress }: { readonly path: string; readonly onProgress: (bytes: number) => void }
): Promise<void> {
  const decoder = format === 'gzip' ? createGunzip() : createZstdDecompress()
  let bytes = 0
  decoder.on('data', (chunk: Buffer) => onProgress((bytes += chunk.length)))
  try {
    await pipeline(createReadStream(file), decoder, createWriteStream(path, { mode: 0o600 }))
  } catch (error) {
    const why = messageOf(error)
    throw new ExitError(`Cannot decompress "${file}" into a file in "${tmpdir()}": ${why}`, exitCodes.failed, error)
  }
}
