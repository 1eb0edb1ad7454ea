import { levelIn } from './line-prefix.ts'

/** A table of the bytes that are among the characters. */
function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of Buffer.from(characters)) table[byte] = 1
  return table
}
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const isLetter = tableOf(letters)
export const isDigit: Uint8Array = tableOf('0123456789')
/** Of names with their packages: `java.lang.Exception`, `App\Error`, `Mod::Error`, `pkg/path.Func`. */
const isName = tableOf(`${letters}0123456789_.$\\:/-`)

const errorWords = ['error', 'exception', 'fail', 'panic', 'fatal', 'crash', 'unhandled', 'uncaught'].map(textOf)
const exceptionEnds = ['Error', 'Exception', 'Throwable', 'Failure', 'Fault', 'Interrupt', 'Trace'].map(textOf)
const months = textOf('JanFebMarAprMayJunJulAugSepOctNovDec')
const slashes = textOf('://')
const nodeScheme = textOf('node:')
const goPanicCall = textOf('panic(')
const rustPanicked = textOf(' panicked at ')
const info = textOf('info')
const typeNote = textOf('type=')
const debug = textOf('debug')

const space = 0x20
const colon = 0x3a
const dot = 0x2e
const dash = 0x2d
const slash = 0x2f
const equals = 0x3d
const backslash = 0x5c
/** An error may be named so far into a line. */
const errorWithin = 256
/** How far into a line its level may stand. */
const levelWithin = 96
/** Up to this level, which is info, nobody writes a trace below a line. */
const quietest = 9

export function textOf(text: string): Buffer {
  return Buffer.from(text)
}

export function startsWith(bytes: Uint8Array, start: number, end: number, words: Uint8Array): boolean {
  if (end - start < words.length) return false
  for (let i = 0; i < words.length; i++) if (bytes[start + i] !== words[i]) return false
  return true
}

function startsWithAnyCase(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start < word.length) return false
  for (let i = 0; i < word.length; i++) if ((bytes[start + i]! | 0x20) !== word[i]) return false
  return true
}

/** The last byte that is no blank. */
export function lastOf(bytes: Uint8Array, start: number, end: number): number {
  let last = end - 1
  while (last > start && bytes[last]! <= space) last--
  return last
}

/** Behind the name at `start`. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isName[bytes[at]!] === 1) at++
  return at
}

/** Whether a log line is of a level at which nobody adds a trace, or of an access log. */
export function isQuiet(bytes: Uint8Array, start: number, end: number): boolean {
  if (isAddress(bytes, start, end)) return true
  const first = bytes[start]!
  // klog, and the logger of Ruby
  if ((first === 0x49 || first === 0x44) && isLetter[bytes[start + 1]!] !== 1) return true
  const within = Math.min(end, start + levelWithin)
  const severity = levelIn(bytes, start, within, end)
  return severity === 0 ? hasLowLevel(bytes, start, within) : severity <= quietest
}

/** Levels in pairs and behind names: `level=info`, `severity="INFO"`, `app.DEBUG`. */
function hasLowLevel(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== equals && bytes[at] !== dot) continue
    const from = bytes[at + 1] === 0x22 ? at + 2 : at + 1
    if (startsWithAnyCase(bytes, from, end, info) || startsWithAnyCase(bytes, from, end, debug)) return true
  }
  return false
}

/** `10.0.0.7 - - [`. */
function isAddress(bytes: Uint8Array, start: number, end: number): boolean {
  let dots = 0
  let at = start
  for (; at < end && (isDigit[bytes[at]!] === 1 || bytes[at] === dot); at++) if (bytes[at] === dot) dots++
  return dots === 3 && bytes[at] === space
}

/** Dates, capital levels, klog (`E1122 10:00:00`), the logger of Ruby (`E, [`), the date of syslog. */
export function isLogStart(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]!
  if (isDigit[first] === 1) return hasDate(bytes, start, end)
  if (first < 0x41 || first > 0x5a) return false
  const second = bytes[start + 1]!
  if (isDigit[second] === 1 && isDigit[bytes[start + 4]!] === 1 && bytes[start + 5] === space) return true
  if (second === 0x2c && bytes[start + 2] === space && bytes[start + 3] === 0x5b) return true
  if (isMonth(bytes, start)) return true
  let at = start
  while (at < end && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) at++
  return at - start >= 4 && at < end && isLetter[bytes[at]!] !== 1 && levelIn(bytes, start, at, end) !== 0
}

/** `2026-11-22`, `10:00:00`. */
function hasDate(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && isDigit[bytes[at]!] === 1) at++
  const sign = bytes[at]!
  const isSign = sign === dash || sign === colon || sign === slash
  return isSign && at - start >= 2 && isDigit[bytes[at + 1]!] === 1 && isDigit[bytes[at + 2]!] === 1
}

/** `Nov 22 10:00:00`. */
function isMonth(bytes: Uint8Array, start: number): boolean {
  if (bytes[start + 3] !== space || (isDigit[bytes[start + 4]!] !== 1 && isDigit[bytes[start + 5]!] !== 1)) return false
  for (let at = 0; at < months.length; at += 3) {
    if (startsWith(bytes, start, start + 3, months.subarray(at, at + 3))) return true
  }
  return false
}

/** A name of an error, or one that has its package in front: `com.acme.Oops:`. */
export function isException(bytes: Uint8Array, start: number, end: number): boolean {
  let last = end
  while (last > start && bytes[last - 1] === colon) last--
  if (last - start < 5 || isLetter[bytes[start]!] !== 1) return false
  for (const word of exceptionEnds) if (startsWith(bytes, Math.max(start, last - word.length), last, word)) return true
  let segment = start
  for (let at = start; at < last; at++) {
    if (bytes[at] === slash) return false
    if (bytes[at] === dot) segment = at + 1
  }
  const isCapital = bytes[segment]! >= 0x41 && bytes[segment]! <= 0x5a
  return last < end && segment > start && isCapital && bytes[start]! >= 0x61
}

export function speaksOfErrors(bytes: Uint8Array, start: number, end: number): boolean {
  const within = Math.min(end, start + errorWithin)
  for (let at = start; at < within; at++) {
    const byte = bytes[at]! | 0x20
    for (const word of errorWords) if (word[0] === byte && startsWithAnyCase(bytes, at, within, word)) return true
  }
  return false
}

/** `main.(*Server).run(0x1)`: a bracket right behind the name that ends at `at`, and one at the end. */
export function isGoCall(bytes: Uint8Array, start: number, at: number, end: number): boolean {
  if (bytes[at] !== 0x28 || isLetter[bytes[start]!] !== 1 || bytes[lastOf(bytes, start, end)] !== 0x29) return false
  for (let dots = start; dots < at; dots++) if (bytes[dots] === dot) return true
  return startsWith(bytes, start, end, goPanicCall)
}

/** `main.run`, `net/http.(*conn).serve`: a name with its package, and nothing behind it. */
export function isGoName(bytes: Uint8Array, start: number, end: number): boolean {
  let dots = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte === dot) dots++
    else if (isName[byte] !== 1 && byte !== 0x28 && byte !== 0x29 && byte !== 0x2a) return false
  }
  return dots > 0 && isLetter[bytes[end - 1]!] === 1
}

/** `Field required [type=missing, …]`, as pydantic writes it. */
export function hasTypeNote(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if ((bytes[at] === 0x5b || bytes[at] === 0x28) && startsWith(bytes, at + 1, end, typeNote)) return true
  }
  return false
}

/** `/src/main.go:12`, `asm_amd64.s:1594`. */
export function isGoFile(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && bytes[at]! > space && bytes[at] !== colon) at++
  // C:/src/main.go
  if (at === start + 1)
    do at++
    while (at < end && bytes[at]! > space && bytes[at] !== colon)
  if (isDigit[bytes[at + 1]!] !== 1 || at - start < 4) return false
  const isGo = bytes[at - 3] === dot && bytes[at - 2] === 0x67 && bytes[at - 1] === 0x6f
  return isGo || (bytes[at - 2] === dot && bytes[at - 1] === 0x73)
}

/** `3: text`. */
export function isNumbered(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && isDigit[bytes[at]!] === 1) at++
  return at > start && bytes[at] === colon && bytes[at + 1] === space
}

/** `path.ext:12` and further numbers: where they end, or `start` where no such place stands. */
export function placeEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== colon && bytes[at]! > space) at++
  const isUrl = startsWith(bytes, at, end, slashes) || startsWith(bytes, start, end, nodeScheme)
  // C:\app.js
  if (isUrl || (at === start + 1 && bytes[at + 1] === backslash))
    do at++
    while (at < end && bytes[at] !== colon && bytes[at]! > space)
  const path = at
  while (at < end && bytes[at] === colon && isDigit[bytes[at + 1]!] === 1) {
    do at++
    while (at < end && isDigit[bytes[at]!] === 1)
  }
  if (at === path) return start
  for (let i = start; i < path; i++) if (bytes[i] === dot || bytes[i] === slash) return at
  return start
}

/** `thread 'main' panicked at src/main.rs:4:5:`. */
export function isRustPanic(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (startsWith(bytes, at, end, rustPanicked)) return true
  return false
}

/** `#0 /path`, `#12 {main}`, `#3 [internal function]`, `#1 C:\path`. */
export function isPhpFrame(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + 1
  while (at < end && isDigit[bytes[at]!] === 1) at++
  if (at === start + 1 || bytes[at] !== space) return false
  const next = bytes[at + 1]
  return next === slash || next === 0x7b || next === 0x5b || (bytes[at + 2] === colon && bytes[at + 3] === backslash)
}

export function areCarets(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0x5e && bytes[at] !== 0x7e && bytes[at] !== space) return false
  return true
}
