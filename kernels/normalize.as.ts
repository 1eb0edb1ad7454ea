// AssemblyScript. Fills the columns of rows that are as the ones before them: objects with the same keys and kinds, or lines of text that
// begin with a time and a level. It stops in front of every other row: src/processors/normalize/normalizer.ts reads that one, and teaches.
// src/processors/normalize/likeness.ts has the layout of `Call`.

/** Numbers, addresses of columns and tables, and what was learned: 32 bits each, but for the first. */
@unmanaged
class Call {
  readTime: f64
  /** Start of the minute that stands at `minute`, of the one at `textMinute` and of the one at `webMinute`: epoch ms. */
  minuteMs: f64
  textMinuteMs: f64
  webMinuteMs: f64
  rows: i32
  fate: usize
  starts: usize
  ends: usize
  mark: usize
  marksAt: usize
  flags: usize
  severity: usize
  time: usize
  nanos: usize
  firstField: usize
  fieldKey: usize
  fieldStart: usize
  fieldEnd: usize
  fieldKind: usize
  fieldNext: usize
  fieldUse: usize
  service: usize
  serviceEnd: usize
  serviceKind: usize
  traceId: usize
  traceIdEnd: usize
  traceIdKind: usize
  spanId: usize
  spanIdEnd: usize
  spanIdKind: usize
  agentId: usize
  agentIdEnd: usize
  agentIdKind: usize
  body: usize
  bodyEnd: usize
  bodyKind: usize
  lastField: usize
  /** Sixteen objects, by number of fields and last key. */
  shapes: usize
  /** For rows that name no service. */
  defaultStart: usize
  defaultEnd: usize
  defaultKind: i32
  /** `2026-11-22T10:00` */
  minute: usize
  textMinute: usize
  /** What stands before the milliseconds, and behind them if it is no blank; 0 where no line was learned. */
  textPoint: i32
  textZone: i32
  /** Levels of fields and in text: 64 times first four bytes, last four, length, severity. */
  levels: usize
  textLevels: usize
  /** `22/Nov/2026:10:00:00 +0000`, whatever the seconds are. */
  webMinute: usize
}

/** What an object was like. Behind it 32 keys, what they become, and 32 kinds. */
@unmanaged
class Shape {
  /** Fields; 0 where nothing was learned. */
  count: i32
  /** Which field, counted from the row's first, plays a role; -1: none does. */
  time: i32
  level: i32
  service: i32
  trace: i32
  span: i32
  agent: i32
  body: i32
}
const SHAPE_BYTES: usize = 320
const KEYS: usize = 32
const NEW_KEYS: usize = 160
const KINDS: usize = 288

const TEXT: u8 = 1
const PLAIN: u8 = 2
const JSON_TEXT: u8 = 3
const NUMBER: u8 = 4
/** Of flags: `truncated` and `unterminated`, `timeRead`, `hasTime`. */
const CUT: u8 = 3
const TIME_READ: u8 = 8
const HAS_TIME: u8 = 128

/** Fills columns from `row` on; returns the first row that it left as it was. */
export function apply(call: Call, row: i32): i32 {
  const rows = call.rows
  for (; row < rows; row++) {
    if (load<u8>(call.fate + row) != 0) continue
    const first = load<i32>(call.firstField + (<usize>row << 2))
    if (first < 0 ? !line(call, row) : !object(call, row, first)) return row
  }
  return row
}

function object(call: Call, row: i32, first: i32): bool {
  const last = load<i32>(call.lastField + (<usize>row << 2))
  const place = (last - first + load<i32>(call.fieldKey + (<usize>last << 2))) & 15
  const shape = changetype<Shape>(call.shapes + <usize>place * SHAPE_BYTES)
  if (!fits(call, shape, first, last)) return false
  const kinds = call.fieldKind + first
  const starts = call.fieldStart + (<usize>first << 2)
  const ends = call.fieldEnd + (<usize>first << 2)

  const traceField = shape.trace
  const trace = traceField < 0 ? 0 : load<usize>(starts + (<usize>traceField << 2))
  if (traceField >= 0) {
    if (load<u8>(kinds + traceField) != PLAIN || load<usize>(ends + (<usize>traceField << 2)) - trace != 32) return false
    if (!isId(trace, trace + 16)) return false
  }
  const spanField = shape.span
  const span = spanField < 0 ? 0 : load<usize>(starts + (<usize>spanField << 2))
  if (spanField >= 0) {
    if (load<u8>(kinds + spanField) != PLAIN || load<usize>(ends + (<usize>spanField << 2)) - span != 16) return false
    if (!isId(span, span)) return false
  }
  const timeField = shape.time
  let ms: f64 = 0
  if (timeField >= 0) {
    const at = load<usize>(starts + (<usize>timeField << 2))
    const length = load<usize>(ends + (<usize>timeField << 2)) - at
    const isWeb = length == 26
    let rest = -1
    if (isWeb) rest = inWebMinute(at, call.webMinute)
    else if (length == 24 && load<u8>(at, 23) == 0x5a && load<u8>(at, 19) == 0x2e) rest = inMinute(at, call.minute)
    if (rest < 0) return false
    ms = (isWeb ? call.webMinuteMs : call.minuteMs) + <f64>rest
  }
  const levelField = shape.level
  let severity: i32 = 0
  if (levelField >= 0) {
    const kind = load<u8>(kinds + levelField)
    if (kind != PLAIN && kind != TEXT) return false
    const at = <usize>levelField << 2
    severity = levelOf(call.levels, load<usize>(starts + at), load<usize>(ends + at))
    if (severity == 0) return false
  }
  if (isEmpty(starts, ends, shape.service) || isEmpty(starts, ends, shape.agent)) return false
  const bodyField = shape.body
  if (traceField < 0) {
    // ids may stand in the message
    const from = bodyField < 0 ? call.starts + (<usize>row << 2) : starts + (<usize>bodyField << 2)
    const to = bodyField < 0 ? call.ends + (<usize>row << 2) : ends + (<usize>bodyField << 2)
    if (mayHaveId(load<usize>(from), load<usize>(to))) return false
  }
  if (bodyField < 0 && (load<u8>(call.flags + row) & CUT) != 0) return false

  const uses = call.fieldUse + first
  for (let i = 0; i < shape.count; i++) {
    store<i32>(call.fieldKey + (<usize>(first + i) << 2), load<i32>(changetype<usize>(shape) + NEW_KEYS + (<usize>i << 2)))
  }
  if (timeField >= 0) {
    setTime(call, row, ms)
    store<u8>(uses + timeField, 1)
  } else readTime(call, row)
  if (levelField >= 0) {
    store<u8>(call.severity + row, <u8>severity)
    store<u8>(uses + levelField, 1)
  }
  if (traceField >= 0) {
    set(call.traceId, call.traceIdEnd, call.traceIdKind, row, trace, trace + 32, PLAIN)
    store<u8>(uses + traceField, 1)
  }
  if (spanField >= 0) {
    set(call.spanId, call.spanIdEnd, call.spanIdKind, row, span, span + 16, PLAIN)
    store<u8>(uses + spanField, 1)
  }
  if (shape.service >= 0) take(call, call.service, call.serviceEnd, call.serviceKind, row, first + shape.service)
  else defaultService(call, row)
  if (shape.agent >= 0) take(call, call.agentId, call.agentIdEnd, call.agentIdKind, row, first + shape.agent)
  if (bodyField >= 0) take(call, call.body, call.bodyEnd, call.bodyKind, row, first + bodyField)
  else rowAsBody(call, row)
  return true
}

/** `2026-11-22T10:00:00.123Z LEVEL …`, with `,` for `.` or without a zone where a line before was so. */
function line(call: Call, row: i32): bool {
  if (call.textPoint == 0 || (load<u8>(call.flags + row) & CUT) != 0) return false
  const start = load<usize>(call.starts + (<usize>row << 2))
  const end = load<usize>(call.ends + (<usize>row << 2))
  // the longest word and the blanks around it
  if (end < start + 34) return false
  if (load<u8>(start, 19) != call.textPoint) return false
  const rest = inMinute(start, call.textMinute)
  if (rest < 0) return false
  let at = start + 23
  if (call.textZone != 0) {
    if (load<u8>(at) != call.textZone) return false
    at++
  }
  if (load<u8>(at) != 0x20) return false
  const word = ++at
  while (load<u8>(at) - 0x41 < 26 && at < word + 9) at++
  if (load<u8>(at) != 0x20) return false
  const severity = levelOf(call.textLevels, word, at)
  if (severity == 0 || mayHaveId(start, end)) return false
  setTime(call, row, call.textMinuteMs + <f64>rest)
  store<u8>(call.severity + row, <u8>severity)
  defaultService(call, row)
  rowAsBody(call, row)
  return true
}

// @ts-ignore: decorator
@inline
function fits(call: Call, shape: Shape, first: i32, last: i32): bool {
  const count = shape.count
  // Fields of one row that no step has added to stand side by side.
  if (count == 0 || last - first + 1 != count) return false
  const keys = changetype<usize>(shape) + KEYS
  const kinds = changetype<usize>(shape) + KINDS
  for (let i = 0; i < count; i++) {
    const field = first + i
    if (load<i32>(call.fieldKey + (<usize>field << 2)) != load<i32>(keys + (<usize>i << 2))) return false
    if (load<u8>(call.fieldKind + field) != load<u8>(kinds + i)) return false
  }
  return count == 1 || load<i32>(call.fieldNext + (<usize>first << 2)) == first + 1
}

/** Whether 16 lower-case hex digits stand at either place, and not only zeros at both. */
// @ts-ignore: decorator
@inline
function isId(a: usize, b: usize): bool {
  const one = v128.load(a)
  const two = v128.load(b)
  if (!v128.all_true<u8>(v128.and(areHex(one), areHex(two)))) return false
  return v128.any_true(v128.xor(v128.or(one, two), i8x16.splat(0x30)))
}

// @ts-ignore: decorator
@inline
function areHex(bytes: v128): v128 {
  const digit = v128.lt<u8>(v128.sub<u8>(bytes, i8x16.splat(0x30)), i8x16.splat(10))
  return v128.or(digit, v128.lt<u8>(v128.sub<u8>(bytes, i8x16.splat(0x61)), i8x16.splat(6)))
}

/** Milliseconds since the minute, if the 16 bytes of it stand here and `:00.123` behind them, whatever the point is; else -1. */
// @ts-ignore: decorator
@inline
function inMinute(at: usize, minute: usize): i32 {
  if (v128.any_true(v128.xor(v128.load(at), v128.load(minute)))) return -1
  const tens = <u32>load<u8>(at, 17) - 0x30
  const ones = <u32>load<u8>(at, 18) - 0x30
  const a = <u32>load<u8>(at, 20) - 0x30
  const b = <u32>load<u8>(at, 21) - 0x30
  const c = <u32>load<u8>(at, 22) - 0x30
  if (load<u8>(at, 16) != 0x3a || tens > 5 || ones > 9 || a > 9 || b > 9 || c > 9) return -1
  return <i32>((tens * 10 + ones) * 1000 + a * 100 + b * 10 + c)
}

/** Milliseconds since the minute, if all of its 26 bytes but the seconds stand here; else -1. */
// @ts-ignore: decorator
@inline
function inWebMinute(at: usize, minute: usize): i32 {
  if (v128.any_true(v128.xor(v128.load(at), v128.load(minute)))) return -1
  const last = v128.xor(v128.load(at, 10), v128.load(minute, 10))
  if (v128.any_true(v128.and(last, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1)))) return -1
  const tens = <u32>load<u8>(at, 18) - 0x30
  const ones = <u32>load<u8>(at, 19) - 0x30
  return tens > 5 || ones > 9 ? -1 : <i32>((tens * 10 + ones) * 1000)
}

/** Severity of a learned word of four to eight bytes, or 0. */
// @ts-ignore: decorator
@inline
function levelOf(table: usize, start: usize, end: usize): i32 {
  const length = <i32>(end - start)
  if (length < 4 || length > 8) return 0
  const first = load<i32>(start)
  const last = load<i32>(end - 4)
  const slot = table + (<usize>((first ^ (first >> 7) ^ (last >> 11) ^ length) & 63) << 4)
  if (load<i32>(slot) != first || load<i32>(slot, 4) != last || load<i32>(slot, 8) != length) return 0
  return load<i32>(slot, 12)
}

/** Whether a `d=`, as in `trace_id=`, stands in [start, end). */
// @ts-ignore: decorator
@inline
function mayHaveId(start: usize, end: usize): bool {
  const equals = i8x16.splat(0x3d)
  for (let at = start; at < end; at += 16) {
    let found = v128.bitmask<u8>(v128.eq<u8>(v128.load(at), equals))
    while (found != 0) {
      const place = at + <usize>ctz(found)
      if (place >= end) return false
      if (place > start && load<u8>(place - 1) == 0x64) return true
      found &= found - 1
    }
  }
  return false
}

// @ts-ignore: decorator
@inline
function isEmpty(starts: usize, ends: usize, field: i32): bool {
  return field >= 0 && load<usize>(starts + (<usize>field << 2)) == load<usize>(ends + (<usize>field << 2))
}

// @ts-ignore: decorator
@inline
function setTime(call: Call, row: i32, ms: f64): void {
  store<f64>(call.time + (<usize>row << 3), ms)
  store<i32>(call.nanos + (<usize>row << 2), 0)
}

// @ts-ignore: decorator
@inline
function readTime(call: Call, row: i32): void {
  const flags = load<u8>(call.flags + row)
  if ((flags & HAS_TIME) != 0) return
  setTime(call, row, call.readTime)
  store<u8>(call.flags + row, flags | TIME_READ)
}

// @ts-ignore: decorator
@inline
function set(starts: usize, ends: usize, kinds: usize, row: i32, start: usize, end: usize, kind: u8): void {
  store<usize>(starts + (<usize>row << 2), start)
  store<usize>(ends + (<usize>row << 2), end)
  store<u8>(kinds + row, kind)
}

/** Puts a field into a column, numbers as text. */
// @ts-ignore: decorator
@inline
function take(call: Call, starts: usize, ends: usize, kinds: usize, row: i32, field: i32): void {
  const kind = load<u8>(call.fieldKind + field)
  const at = <usize>field << 2
  set(starts, ends, kinds, row, load<usize>(call.fieldStart + at), load<usize>(call.fieldEnd + at), kind > JSON_TEXT ? PLAIN : kind)
  store<u8>(call.fieldUse + field, 1)
}

// @ts-ignore: decorator
@inline
function defaultService(call: Call, row: i32): void {
  if (call.defaultKind == 0) return
  set(call.service, call.serviceEnd, call.serviceKind, row, call.defaultStart, call.defaultEnd, <u8>call.defaultKind)
}

// @ts-ignore: decorator
@inline
function rowAsBody(call: Call, row: i32): void {
  const start = load<usize>(call.starts + (<usize>row << 2))
  const end = load<usize>(call.ends + (<usize>row << 2))
  let mark = call.marksAt + (<usize>load<i32>(call.mark + (<usize>row << 2)) << 2)
  while (load<usize>(mark) < start) mark += 4
  set(call.body, call.bodyEnd, call.bodyKind, row, start, end, load<usize>(mark) >= end ? PLAIN : TEXT)
}
