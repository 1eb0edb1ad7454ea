import { severityInText, severityOfPriority } from './severity.ts'
import { isDigit } from './time-reader.ts'
import type { TimeScanner } from './time.ts'

const escape = 0x1b
const open = 0x5b
const space = 0x20
const colon = 0x3a
const less = 0x3c
const greater = 0x3e
const dash = 0x2d
/** Facility 23, severity 7. */
const maxPriority = 191

/** Words that may stand before a time in brackets: CLF has host, identity and user, often a virtual host before. */
const maxWords = 4
/** How far behind the time a level may begin. */
const maxLevelAt = 64

/** 1 for what may stand before, and behind, a level in capitals: blanks and signs that part columns. */
const before = new Uint8Array(256)
for (const byte of Buffer.from(' \t[(<|:-"\'/=')) before[byte] = 1
const behind = new Uint8Array(256)
for (const byte of Buffer.from(' \t])>|:-"\',\u001b')) behind[byte] = 1
/** 1 for what closes brackets, in which a level has any case. */
const closes = new Uint8Array(256)
for (const byte of Buffer.from('])>|')) closes[byte] = 1
const opens = new Uint8Array(256)
for (const byte of Buffer.from('[(<|:')) opens[byte] = 1

const lower = 1
const upper = 2
const control = 4
/** What a byte is for words. */
const classes = new Uint8Array(256)
classes.fill(lower, 0x61, 0x7b)
classes.fill(upper, 0x41, 0x5b)
classes[escape] = control

/**
 * Reads what stands before the message in lines that people read: a time at the start or in the first brackets, and a level behind it
 * as `ERROR`, `[error]` or `error:`; also those of syslog. Colours are passed.
 */
export class LinePrefix {
  /** OpenTelemetry severity number, or 0. */
  severity = 0
  /** Whether a time was found: the scanner has it. */
  hasTime = false

  read(times: TimeScanner, bytes: Buffer, start: number, end: number): void {
    this.severity = 0
    let at = pastColour(bytes, start, end)
    let first = at
    while (first < end && (bytes[first] === open || bytes[first] === space)) first++
    this.hasTime = times.customPrefix(bytes, at, end) || (first > at && times.customPrefix(bytes, first, end))
    if (this.hasTime) at = times.end
    else if (bytes[first] === less && this.#syslog(times, bytes, first, end)) return
    else if (times.parsePrefix(bytes, first, end)) {
      this.hasTime = true
      if (!isDigit(bytes[first]!) && isDigit(bytes[first + 1]!)) this.severity = klogSeverity(bytes[first]!)
      at = times.end
    } else if (this.#inBrackets(times, bytes, first, end)) at = times.end
    if (this.severity === 0) this.severity = levelIn(bytes, at, Math.min(end, at + maxLevelAt), end)
  }

  /** `<165>1 2026-11-22T10:00:00.123Z` of RFC 5424, where `-` stands for no time, and `<34>Nov 22 10:00:00` of RFC 3164. */
  #syslog(times: TimeScanner, bytes: Buffer, start: number, end: number): boolean {
    let at = start + 1
    let priority = 0
    while (at < start + 4 && at < end && isDigit(bytes[at]!)) priority = priority * 10 + bytes[at++]! - 0x30
    if (at === start + 1 || at + 2 >= end || bytes[at] !== greater || priority > maxPriority) return false
    at++
    const isVersioned = bytes[at] === 0x31 && bytes[at + 1] === space
    if (isVersioned) at += 2
    this.hasTime = times.customPrefix(bytes, at, end) || times.parsePrefix(bytes, at, end)
    if (!this.hasTime && !(isVersioned && at < end && bytes[at] === dash)) return false
    this.severity = severityOfPriority(priority)
    return true
  }

  #inBrackets(times: TimeScanner, bytes: Buffer, start: number, end: number): boolean {
    let at = start
    for (let words = 0; at < end; at++) {
      const byte = bytes[at]!
      if (byte === open || (byte === space && ++words > maxWords)) break
    }
    if (at + 1 >= end || bytes[at] !== open || !isDigit(bytes[at + 1]!)) return false
    return (this.hasTime = times.customPrefix(bytes, at + 1, end) || times.parsePrefix(bytes, at + 1, end))
  }
}

function klogSeverity(letter: number): number {
  if (letter === 0x49) return 9
  if (letter === 0x57) return 13
  if (letter === 0x45) return 17
  return letter === 0x46 ? 21 : 5
}

/** The first level among the words that begin in `bytes[start, most)`. */
export function levelIn(bytes: Uint8Array, start: number, most: number, end: number): number {
  let isFirst = true
  for (let at = start; at < most; ) {
    let is = classes[bytes[at]!]!
    if (is === 0) {
      at++
      continue
    }
    if (is === control) {
      at = pastColour(bytes, at, end)
      continue
    }
    const word = at
    let all = 0
    do {
      all |= is
      is = ++at < end ? classes[bytes[at]!]! : 0
    } while (is === lower || is === upper)
    const isUpper = all === upper
    if (isUpper || isFirst || (word > start && opens[bytes[word - 1]!] === 1)) {
      const severity = severityInText(bytes, word, at)
      if (severity !== 0 && isLevel(bytes, { start, word, at, end }, isUpper, isFirst)) return severity
    }
    if (at - word >= 3) isFirst = false
  }
  return 0
}

/** Whether a word is set as a level: in capitals by itself, in brackets, or first and before a colon. */
function isLevel(
  bytes: Uint8Array,
  { start, word, at, end }: { start: number; word: number; at: number; end: number },
  isUpper: boolean,
  isFirst: boolean
): boolean {
  const left = word > start ? bytes[word - 1]! : space
  const right = at < end ? bytes[at]! : space
  if (isUpper) return (before[left] === 1 || left === 0x6d) && behind[right] === 1
  if (isFirst && right === colon) return left === space || left === 0x6d || left === open
  let next = at
  while (next < end && bytes[next] === space) next++
  return opens[left] === 1 && next < end && closes[bytes[next]!] === 1
}

/** Behind terminal colours (`ESC [ 32 m`) at `at`. */
function pastColour(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] === escape) {
    at++
    while (at < end && bytes[at] !== 0x6d) at++
    at++
  }
  return Math.min(at, end)
}
