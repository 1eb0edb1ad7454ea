import { createReadStream } from 'node:fs'

/** In which line of a file each position is, by position; the first line has the number 1. */
export async function lineNumbers(path: string, positions: readonly number[]): Promise<Map<number, number>> {
  const wanted = [...new Set(positions)].toSorted((a, b) => a - b)
  const found = new Map<number, number>()
  const last = wanted.at(-1)
  if (last === undefined) return found
  let line = 1
  let base = 0
  let next = 0
  // The last byte that counts is the one before the last position.
  for await (const chunk of createReadStream(path, { end: last }) as AsyncIterable<Buffer>) {
    let at = 0
    for (let end = chunk.indexOf(10); next < wanted.length; end = chunk.indexOf(10, at)) {
      const lineEnd = end < 0 ? chunk.length : end + 1
      while (next < wanted.length && wanted[next]! < base + lineEnd) found.set(wanted[next++]!, line)
      if (end < 0) break
      line++
      at = lineEnd
    }
    base += chunk.length
  }
  return found
}
