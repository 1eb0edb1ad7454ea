/** Numbers as templates of Prometheus write them, so that rules from there say the same. Only halves differ: they are rounded up. */

/** Behind a point JavaScript writes no more. */
const mostDigits = 100

/** Go's `%v`, or `%.4g` where 4 is the precision: plain, or with an exponent where the number is very large or small. */
export function general(value: number, precision?: number): string {
  if (!Number.isFinite(value)) return infinite(value)
  const digits = precision === undefined ? undefined : Math.max(precision, 1)
  const [mantissa, power] = partsOf(value, digits === undefined ? undefined : digits - 1)
  if (power < -4 || power >= (digits ?? 6)) return withPower(withoutZeros(mantissa), power)
  if (digits === undefined) return String(value)
  return withoutZeros(value.toFixed(Math.min(Math.max(digits - 1 - power, 0), mostDigits)))
}

/** `%.2f`, where 2 are the digits behind the point. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return infinite(value)
  if (Math.abs(value) < 1e21) return value.toFixed(digits)
  return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`
}

/** `%.2e`, where 2 are the digits behind the point. */
export function exponential(value: number, digits: number): string {
  return Number.isFinite(value) ? withPower(...partsOf(value, digits)) : infinite(value)
}

const large = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
const small = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y']
const binary = ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']

/** `1234567` → `1.235M`, `0.00123` → `1.23m` */
export function humanize(value: number): string {
  return Math.abs(value) >= 1 ? scaled(value, 1000, large) : tiny(value)
}

/** `1048576` → `1Mi` */
export function humanize1024(value: number): string {
  return scaled(value, 1024, binary)
}

/** `0.1234` → `12.34%` */
export function humanizePercentage(value: number): string {
  return `${general(value * 100, 4)}%`
}

/** Of seconds: `93784` → `1d 2h 3m 4s`, `0.0123` → `12.3ms` */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return infinite(value)
  const length = Math.abs(value)
  if (length < 1) return `${tiny(value)}s`
  if (length < 60) return `${general(value, 4)}s`
  const seconds = Math.trunc(length)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's']
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const shown = parts.slice(first).map(([count, unit]) => `${count}${unit}`)
  return `${value < 0 ? '-' : ''}${shown.join(' ')}`
}

function scaled(value: number, step: number, prefixes: readonly string[]): string {
  if (!Number.isFinite(value)) return infinite(value)
  let rest = value
  let index = 0
  while (Math.abs(rest) >= step && index < prefixes.length - 1) {
    rest /= step
    index++
  }
  return general(rest, 4) + prefixes[index]!
}

function tiny(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return general(value, 4)
  let rest = value
  let index = 0
  while (Math.abs(rest) < 1 && index < small.length - 1) {
    rest *= 1000
    index++
  }
  return general(rest, 4) + small[index]!
}

function infinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

/** Mantissa and power of ten. */
function partsOf(value: number, digits: number | undefined): [mantissa: string, power: number] {
  const [mantissa, power] = value.toExponential(digits).split('e')
  return [mantissa!, Number(power)]
}

function withPower(mantissa: string, power: number): string {
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
