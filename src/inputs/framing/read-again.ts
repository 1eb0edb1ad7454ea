import type { Source } from '../../core/source.ts'
import type { HeldBudget } from './held.ts'

/**
 * Puts the bytes `[from, to)` of a source into the scratch batch once more, a chunk at a time. `frame` takes its rows out of it and
 * returns what `Framer.frame` does; it is told of the last chunk. False if they can not be read now.
 */
export function readAgain(
  source: Source,
  { from, to }: { readonly from: number; readonly to: number },
  { arena, batch }: HeldBudget['scratch'],
  frame: (isLast: boolean) => number
): boolean {
  batch.source = source
  batch.base = from
  for (let carried = 0; batch.base + carried < to; ) {
    const end = Math.min(arena.chunkBytes, to - batch.base)
    const got = source.read(batch.base + carried, arena.bytes.subarray(carried, end))
    if (got <= 0) return false
    batch.bytes = arena.bytes
    batch.size = carried + got
    batch.clear()
    arena.index(batch)
    const next = frame(batch.base + batch.size === to)
    if (next < 0) return false
    carried = batch.size - next
    batch.base += next
    batch.bytes.copy(arena.bytes, 0, next, batch.size)
  }
  return true
}
