/** 2^64 ns behind 1970, in ms. */
const endMs = 18_446_744_073_709

/** Writes ns since 1970 as 64 bits and returns where they end; nothing for a time that has no such number. */
export function writeUnixNanos(ms: number, nanos: number, into: DataView, at: number): number {
  if (!(ms >= 0 && ms < endMs)) return at
  // Products below 2^53, of which the parts of 32 bits are taken.
  const seconds = Math.floor(ms / 1000)
  const rest = Math.floor(ms - seconds * 1000) * 1e6 + nanos
  const high = Math.floor(seconds / 65_536) * 1e9
  const low = (seconds % 65_536) * 1e9 + rest + (high % 65_536) * 65_536
  into.setUint32(at, low % 2 ** 32, true)
  into.setUint32(at + 4, Math.floor(high / 65_536) + Math.floor(low / 2 ** 32), true)
  return at + 8
}
