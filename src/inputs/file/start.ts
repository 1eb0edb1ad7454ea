import type { Handle } from './handle.ts'

const blockBytes = 65536

/** The position where the last `lines` lines begin; a last line without an end counts as none and is read from its start. */
export function linesBeforeEnd(handle: Handle, size: number, lines: number): number {
  const block = Buffer.allocUnsafe(blockBytes)
  let left = lines + 1
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - blockBytes)
    const got = handle.read([block.subarray(0, end - start)], start)
    for (let at = got - 1; at >= 0; at--) {
      if (block[at] === 10 && --left === 0) return start + at + 1
    }
    end = start
  }
  return 0
}
