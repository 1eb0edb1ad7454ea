import type { Position } from '../../core/source.ts'
import type { Content } from './content.ts'

/** The end of a line in UTF-32 has fewer. */
export const leastNuls = 8

/** How many of these bytes stand before NULs at their end. */
export function beforeNuls(bytes: Uint8Array, length: number): number {
  let end = length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/** Whether a file of this size ends with NULs, from `at` on or before. Those are not written yet: another machine's bytes may come in any
 * order (NFS), and some programs make room first. Throws the system's errors. */
export function endsInNuls(content: Content, size: Position, at = 0): boolean {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(leastNuls, size - at)))
  const got = content.read([bytes], size - bytes.length)
  return bytes.subarray(0, got).every(byte => byte === 0)
}
