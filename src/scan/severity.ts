import { Kind } from '../core/row.ts'

/** Levels as text, by OpenTelemetry severity number; 0 has none. */
export const severityTexts: readonly string[] = [
  '',
  ...Array<string>(4).fill('trace'),
  ...Array<string>(4).fill('debug'),
  'info',
  ...Array<string>(3).fill('notice'),
  ...Array<string>(4).fill('warn'),
  'error',
  'critical',
  ...Array<string>(2).fill('alert'),
  ...Array<string>(4).fill('fatal')
]

/** Syslog's numbers, from emergency to debug. */
const syslogNumbers = [21, 19, 18, 17, 13, 10, 9, 5]
/** Pino's and Bunyan's numbers in tens, from trace to fatal. */
const pinoNumbers = [0, 1, 5, 9, 13, 17, 21]

const words: readonly (readonly [severity: number, names: string])[] = [
  [1, 'trace trc verbose finest finer silly'],
  [5, 'debug dbg dbug fine config'],
  [9, 'info information informational inf log'],
  [10, 'notice note'],
  [13, 'warn warning wrn'],
  [17, 'error err eror severe fail'],
  [18, 'critical crit'],
  [19, 'alert'],
  [21, 'fatal emerg emergency panic dpanic ftl']
]

/** Words that say a level only where a field says so: in text they mean other things. */
const fieldOnly = new Set(['fine', 'config', 'log', 'fail', 'inf', 'silly'])

/** Single letters, where a field says that they are a level. */
const letters = { t: 1, v: 1, d: 5, i: 9, n: 10, w: 13, e: 17, c: 18, a: 19, f: 21, p: 21 }

const longest = 13
/** Open hash table of the words: number of the word at its hash or behind. */
const table = new Uint8Array(256)
const entries: { word: Buffer; severity: number; inText: number }[] = [
  { word: Buffer.alloc(0), severity: 0, inText: 0 }
]
for (const [word, severity] of words.flatMap(([severity, names]) =>
  names.split(' ').map(name => [name, severity] as const)
)) {
  const bytes = Buffer.from(word)
  let slot = hash(bytes, 0, bytes.length)
  while (table[slot] !== 0) slot = (slot + 1) & 255
  table[slot] = entries.push({ word: bytes, severity, inText: fieldOnly.has(word) ? 0 : severity }) - 1
}
const letterSeverity = new Uint8Array(256)
for (const [letter, severity] of Object.entries(letters)) {
  letterSeverity[letter.charCodeAt(0)] = severity
  letterSeverity[letter.toUpperCase().charCodeAt(0)] = severity
}

/** The OpenTelemetry severity number of a level as a field gives it: a word in any case, OpenTelemetry's `INFO2`, a single letter, or
 * Pino's number, also as text. 0 for what is none. */
export function severityOf(bytes: Uint8Array, start: number, end: number, kind: number): number {
  if (kind > Kind.number || kind === Kind.absent) return 0
  while (end > start && bytes[end - 1] === 0x20) end--
  while (start < end && bytes[start] === 0x20) start++
  const length = end - start
  if (length === 0) return 0
  const first = bytes[start]!
  if ((first - 0x30) >>> 0 <= 9) return pinoSeverity(bytes, start, end)
  return length === 1 ? letterSeverity[first]! : severityOfWord(bytes, start, end)
}

/** As `severityOf`, for fields in which numbers are syslog's (0 to 7). */
export function syslogSeverityOf(bytes: Uint8Array, start: number, end: number, kind: number): number {
  if (end - start !== 1 || (bytes[start]! - 0x30) >>> 0 > 9) {
    const severity = severityOf(bytes, start, end, kind)
    return severity > 0 && (bytes[start]! - 0x30) >>> 0 <= 9 ? 0 : severity
  }
  return kind > Kind.number ? 0 : (syslogNumbers[bytes[start]! - 0x30] ?? 0)
}

/** The severity in the number before a syslog message: facility times eight, plus syslog's number. */
export function severityOfPriority(priority: number): number {
  return syslogNumbers[priority & 7]!
}

/** The severity of a word in text, in any case; 0 for what is no level, or seldom one. */
export function severityInText(bytes: Uint8Array, start: number, end: number): number {
  return entries[find(bytes, start, end)]!.inText
}

/** OpenTelemetry's names may end with 2, 3 or 4. */
function severityOfWord(bytes: Uint8Array, start: number, end: number): number {
  const entry = find(bytes, start, end)
  if (entry !== 0) return entries[entry]!.severity
  const step = bytes[end - 1]! - 0x31
  return step >= 1 && step <= 3 ? numbered(bytes, start, end - 1, step) : 0
}

function find(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length < 3 || length > longest) return 0
  let slot = hash(bytes, start, end)
  for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
    if (isWord(entries[entry]!.word, bytes, start, end)) return entry
    slot = (slot + 1) & 255
  }
  return 0
}

function numbered(bytes: Uint8Array, start: number, end: number, step: number): number {
  const severity = severityOfWord(bytes, start, end)
  return severity % 4 === 1 && severity <= 21 ? severity + step : 0
}

function pinoSeverity(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 2) return 0
  const low = bytes[start + 1]! - 0x30
  if (low >>> 0 > 9) return 0
  const severity = pinoNumbers[bytes[start]! - 0x30] ?? 0
  // a level of one's own between two: a little above the lower
  return low > 0 && severity > 0 ? severity + 1 : severity
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]! | 0x20
  const third = bytes[start + 2]! | 0x20
  const last = bytes[end - 1]! | 0x20
  return (first * 5 + third * 23 + last * 3 + (end - start) * 37) & 255
}

function isWord(word: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  for (let i = start, at = 0; i < end; i++, at++) if ((bytes[i]! | 0x20) !== word[at]) return false
  return true
}
