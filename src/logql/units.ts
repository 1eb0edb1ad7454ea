/** Ten years: no row is older, and nobody waits for longer. */
export const longestMs = 315_360_000_000

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
  y: 31_536_000e9
}

/* Values may be lines of a megabyte: in these patterns there is one way only to match any text. */

/** Nanoseconds of a duration such as `1h15m30.5s`; NaN where it is none. */
export function readDuration(text: string): number {
  const found = /^([-+]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|[smhdwy]))+)$/.exec(text)
  if (found === null) return text === '0' ? 0 : Number.NaN
  let sum = 0
  for (const [, count, unit] of found[2]!.matchAll(/([\d.]+)([^\d.]+)/g))
    sum += Math.round(Number(count) * nanoseconds[unit!]!)
  return found[1] === '-' ? -sum : sum
}

const powers = 'kmgtpe'

/** Bytes of a size such as `5MiB`, `1.5 kb` or `42B`; NaN where it is none. `kb` is 1000, `kib` 1024. */
export function readBytes(text: string): number {
  const found = /^(\d[\d,]*(?:\.\d*)?|\.\d+) *(?:([kmgtpe])(i?)b?|b)?$/i.exec(text)
  if (found === null) return Number.NaN
  const power = found[2] === undefined ? 0 : powers.indexOf(found[2].toLowerCase()) + 1
  return Math.floor(Number(found[1]!.replaceAll(',', '')) * (found[3] ? 1024 : 1000) ** power)
}

/** A number as Go reads it; NaN where it is none. */
export function readNumber(text: string): number {
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN
}
