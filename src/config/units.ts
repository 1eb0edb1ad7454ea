/** Durations, sizes and addresses as people write them. */

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000
}
const bytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12
}
/** What other tools call our units. */
const otherUnits = new Map(
  Object.entries({
    ms: 'msec msecs millis millisecond milliseconds',
    s: 'sec secs second seconds',
    m: 'min mins minute minutes',
    h: 'hr hrs hour hours',
    d: 'day days',
    w: 'wk week weeks',
    y: 'yr year years',
    B: 'b byte bytes',
    KiB: 'k ki kib',
    KB: 'kb',
    MiB: 'm mi mib',
    MB: 'mb',
    GiB: 'g gi gib',
    GB: 'gb',
    TiB: 't ti tib',
    TB: 'tb'
  }).flatMap(([unit, others]) => others.split(' ').map(other => [other, unit] as const))
)

/** What a text stands for, or why it can not be read. */
export type Reading<T> = { readonly value: T } | { readonly refused: string }

export const durationHelp = 'a duration is a number and a unit (ms, s, m, h, d, w, y), for example "30s"'
export const sizeHelp =
  'a size is a number of bytes, or a number and a unit (KiB, MiB, GiB, KB, MB, GB), for example "5MiB"'
export const addressHelp = 'an address is a host and a port, for example "127.0.0.1:9680"'

/** Milliseconds of `500ms`, `30s`, `5m`, `24h`, `7d`, `2w`, also `1h30m`. A bare number is refused: nobody knows its unit. */
export function readDuration(text: string | number): Reading<number> {
  if (text === 0 || text === '0') return { value: 0 }
  const written = String(text).trim()
  if (/^(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+$/.test(written)) {
    const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)]
    return { value: Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * milliseconds[part[2]!]!, 0)) }
  }
  if (/^\d+(?:\.\d+)?$/.test(written))
    return { refused: `it has no unit: did you mean "${written}s" or "${written}ms"?` }
  return { refused: mended(written, milliseconds) ?? durationHelp }
}

/** Bytes of `512`, `64KiB`, `5MiB`, `1GiB`, `10MB`. */
export function readSize(text: string | number): Reading<number> {
  const written = String(text).trim()
  const [, number, unit] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(written) ?? []
  if (number !== undefined && (unit === '' || Object.hasOwn(bytes, unit!))) {
    const value = Number(number) * (bytes[unit!] ?? 1)
    return Number.isSafeInteger(value) ? { value } : { refused: 'it is not a whole number of bytes' }
  }
  return { refused: mended(written, bytes) ?? sizeHelp }
}

/** `30 seconds` → did you mean "30s"? */
function mended(written: string, units: Readonly<Record<string, number>>): string | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(written) ?? []
  if (number === undefined) return undefined
  const meant = Object.keys(units).includes(unit!) ? unit! : otherUnits.get(unit!.toLowerCase())
  const fitting = meant === 'MiB' && units === milliseconds ? 'm' : meant
  return fitting !== undefined && Object.hasOwn(units, fitting) ? `did you mean "${number}${fitting}"?` : undefined
}

export function writeDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const length = milliseconds[unit]!
    if (ms > 0 && ms % length === 0) return `${ms / length}${unit}`
  }
  return `${ms}ms`
}

export function writeSize(size: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const length = bytes[unit]!
    if (size > 0 && size % length === 0) return `${size / length}${unit}`
  }
  return String(size)
}

/** Where to listen. An empty host was written as `:9680` and means every address. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:9680`, `localhost:9680`, `[::1]:9680`, `:9680`. Port 0 takes any that is free. */
export function readAddress(text: string): Reading<Address> {
  const written = text.trim()
  const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):(\d{1,5})$/.exec(written) ?? []
  if (host !== undefined && Number(port) <= 65_535) {
    return { value: { host: host.replace(/^\[|\]$/g, ''), port: Number(port) } }
  }
  const bare = written.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '')
  if (bare !== written && 'value' in readAddress(bare)) return { refused: `did you mean "${bare}"?` }
  if (/^\d{1,5}$/.test(written)) return { refused: `did you mean "127.0.0.1:${written}"?` }
  return { refused: addressHelp }
}

export function writeAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
