// AssemblyScript. Writes documents of rows of which nothing needs more than copying: src/outputs/elasticsearch/plain-rows.ts has the
// layout of `Call` and says which rows those are. Memory is the shard's workspace: spans are addresses. Up to 15 bytes behind what is
// copied are read and overwritten too.

/** Addresses of the batch's columns and of constant text: 32 bits each, but for the first. */
@unmanaged
class Call {
  /** The minute whose text stands at `minuteText`: epoch ms. */
  minute: f64
  rows: i32
  fate: usize
  starts: usize
  ends: usize
  positions: usize
  lengths: usize
  flags: usize
  errors: usize
  severity: usize
  time: usize
  nanos: usize
  firstField: usize
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
  /** Constant text: address and length. */
  open: usize
  openLength: usize
  before: usize
  beforeLength: usize
  serviceText: usize
  serviceTextLength: usize
  traceText: usize
  traceTextLength: usize
  spanText: usize
  spanTextLength: usize
  agentText: usize
  agentTextLength: usize
  messageText: usize
  messageTextLength: usize
  /** By flags: number of a set of heads, 255 where there is none. By set and level: address and length; length 0 where it is not known. */
  headSets: usize
  heads: usize
  /** Two digits each: `pairs64` of Base64 (4,096), `pairs10` of decimals (100). */
  pairs64: usize
  pairs10: usize
  /** Where documents go, up to which address, and where their ends, positions and lengths go. */
  out: usize
  outEnd: usize
  outEnds: usize
  outPositions: usize
  outLengths: usize
  /** What is added to an address to make it a place in the body. */
  shift: i32
  /** Results: number of documents, and where the next would go. */
  made: i32
  outNext: usize
  /** `2026-11-22T10:00:` */
  minuteText: usize
}

const PLAIN: i32 = 2
const MOST_TEXT: i32 = 1024

/** Writes documents from `row` on; returns the number of the first row that it did not come to: one that is not plain, one for which
 * there was no room, or `rows`. */
export function write(call: Call, row: i32): i32 {
  const rows = call.rows
  let out = call.out
  let made: i32 = 0
  for (; row < rows; row++) {
    if (load<u8>(call.fate + row) != 0) continue
    const four = <usize>row << 2
    const eight = <usize>row << 3
    const serviceKind = load<u8>(call.serviceKind + row)
    const traceKind = load<u8>(call.traceIdKind + row)
    const spanKind = load<u8>(call.spanIdKind + row)
    const agentKind = load<u8>(call.agentIdKind + row)
    if (load<u8>(call.bodyKind + row) != PLAIN || load<u8>(call.errors + row) != 0) break
    if (((serviceKind | traceKind | spanKind | agentKind) & ~PLAIN) != 0) break
    const set = <usize>load<u8>(call.headSets + <usize>load<u8>(call.flags + row))
    if (set == 255) break
    if (hasAttributes(call, load<i32>(call.firstField + four))) break
    const head = call.heads + (set << 8) + (<usize>load<u8>(call.severity + row) << 3)
    const headLength = load<usize>(head, 4)
    if (headLength == 0) break
    const ms = load<f64>(call.time + eight)
    if (!(ms - call.minute >= 0 && ms - call.minute < 60000.0) && !setMinute(call, ms)) break

    const start = load<usize>(call.starts + four)
    const end = load<usize>(call.ends + four)
    const position = load<f64>(call.positions + eight)
    const length = load<u32>(call.lengths + four)
    const message = load<usize>(call.body + four)
    const messageEnd = load<usize>(call.bodyEnd + four)
    const service = load<usize>(call.service + four)
    const serviceEnd = load<usize>(call.serviceEnd + four)
    const trace = load<usize>(call.traceId + four)
    const traceEnd = load<usize>(call.traceIdEnd + four)
    const span = load<usize>(call.spanId + four)
    const spanEnd = load<usize>(call.spanIdEnd + four)
    const agent = load<usize>(call.agentId + four)
    const agentEnd = load<usize>(call.agentIdEnd + four)
    let most = <usize>MOST_TEXT + call.openLength + headLength + (messageEnd - message)
    if (serviceKind != 0) most += serviceEnd - service
    if (traceKind != 0) most += traceEnd - trace
    if (spanKind != 0) most += spanEnd - span
    if (agentKind != 0) most += agentEnd - agent
    if (out + most > call.outEnd) break

    out = copy(call.open, call.openLength, out)
    out = idTail(call, <u64>position, length, checkOf(start, end), out)
    out = copy(call.before, call.beforeLength, out)
    out = time(call, ms, load<i32>(call.nanos + four), out)
    out = copy(load<usize>(head), headLength, out)
    out = decimal(call, <u64>position, out)
    if (serviceKind != 0) out = member(call.serviceText, call.serviceTextLength, service, serviceEnd, out)
    if (traceKind != 0) out = member(call.traceText, call.traceTextLength, trace, traceEnd, out)
    if (spanKind != 0) out = member(call.spanText, call.spanTextLength, span, spanEnd, out)
    if (agentKind != 0) out = member(call.agentText, call.agentTextLength, agent, agentEnd, out)
    out = member(call.messageText, call.messageTextLength, message, messageEnd, out)
    store<u16>(out, 0x0a7d) // }\n
    out += 2

    store<i32>(call.outEnds + (<usize>made << 2), <i32>out + call.shift)
    store<f64>(call.outPositions + (<usize>made << 3), position)
    store<u32>(call.outLengths + (<usize>made << 2), length)
    made++
  }
  call.made = made
  call.outNext = out
  return row
}

// @ts-ignore: decorator
@inline
function hasAttributes(call: Call, first: i32): bool {
  let field = first
  while (field >= 0) {
    if (load<u8>(call.fieldUse + field) == 0) return true
    field = load<i32>(call.fieldNext + (<usize>field << 2))
  }
  return false
}

// @ts-ignore: decorator
@inline
function copy(from: usize, length: usize, to: usize): usize {
  for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at))
  return to + length
}

/** A name with what parts it from its value, the value, and its closing quote. */
// @ts-ignore: decorator
@inline
function member(name: usize, nameLength: usize, start: usize, end: usize, out: usize): usize {
  out = copy(start, end - start, copy(name, nameLength, out))
  store<u8>(out, 0x22)
  return out + 1
}

/** Position (9 digits), length (5), salt and check (6): the same as `writeIdTail`. */
// @ts-ignore: decorator
@inline
function idTail(call: Call, position: u64, length: u32, check: u32, out: usize): usize {
  const pairs = call.pairs64
  const high = <u32>(position >> 30)
  const low = <u32>position & 0x3fffffff
  store<u16>(out, load<u16>(pairs + (<usize>((high >> 12) & 4095) << 1)))
  store<u16>(out, load<u16>(pairs + (<usize>(high & 4095) << 1)), 2)
  thirty(pairs, low, out + 4)
  thirty(pairs, length, out + 9)
  store<u8>(out, load<u8>(pairs + (<usize>((check >> 30) & 3) << 1), 1), 14)
  thirty(pairs, check, out + 15)
  return out + 20
}

/** Five digits of Base64. */
// @ts-ignore: decorator
@inline
function thirty(pairs: usize, n: u32, out: usize): void {
  store<u8>(out, load<u8>(pairs + (<usize>((n >> 24) & 63) << 1), 1))
  store<u16>(out, load<u16>(pairs + (<usize>((n >> 12) & 4095) << 1)), 1)
  store<u16>(out, load<u16>(pairs + (<usize>(n & 4095) << 1)), 3)
}

/** The same as `checkOf` in TypeScript. */
// @ts-ignore: decorator
@inline
function checkOf(start: usize, end: usize): u32 {
  const length = <u32>(end - start)
  let hash = length * 0x9e3779b1
  if (length < 32) {
    for (let at = start; at < end; at++) hash = (hash ^ <u32>load<u8>(at)) * 0x85ebca6b
  } else {
    const step = <usize>((length - 4) >> 3)
    let at = start
    for (let n = 0; n < 7; n++) {
      hash = (hash ^ load<u32>(at)) * 0x85ebca6b
      hash ^= hash >> 15
      at += step
    }
    hash = (hash ^ load<u32>(end - 4)) * 0x85ebca6b
  }
  hash ^= hash >> 16
  hash = hash * 0xc2b2ae35
  return hash ^ (hash >> 13)
}

// @ts-ignore: decorator
@inline
function pair(call: Call, n: u32): u16 {
  return load<u16>(call.pairs10 + (<usize>n << 1))
}

/** `2026-11-22T10:00:00.123Z`, with nine digits where there are nanoseconds. */
// @ts-ignore: decorator
@inline
function time(call: Call, ms: f64, nanos: i32, out: usize): usize {
  const rest = <u32>(ms - call.minute)
  copy(call.minuteText, 17, out)
  out += 17
  const second = rest / 1000
  const milli = rest - second * 1000
  const tens = milli / 10
  store<u16>(out, pair(call, second))
  store<u8>(out, 0x2e, 2)
  store<u16>(out, pair(call, tens), 3)
  store<u8>(out, <u8>(0x30 + milli - tens * 10), 5)
  out += 6
  if (nanos != 0) {
    const high = <u32>nanos / 10000
    const low = <u32>nanos - high * 10000
    store<u16>(out, pair(call, high))
    store<u16>(out, pair(call, low / 100), 2)
    store<u16>(out, pair(call, low % 100), 4)
    out += 6
  }
  store<u8>(out, 0x5a)
  return out + 1
}

/** Writes the text of the minute of `ms`; false outside of the years 1 to 9999. Days to a date by 400-year eras of days that begin
 * with March 1st, as in the proleptic Gregorian calendar. */
function setMinute(call: Call, ms: f64): bool {
  if (!(ms >= -62135596800000.0 && ms <= 253402300799999.0)) return false
  const minutes = <i64>Math.floor(ms / 60000.0)
  // counted from March 1st of the year 0
  const days = (minutes + 719468 * 1440) / 1440
  const ofDay = <u32>((minutes + 719468 * 1440) % 1440)
  const era = days / 146097
  const dayOfEra = days - era * 146097
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const shifted = (5 * dayOfYear + 2) / 153
  const day = <u32>(dayOfYear - (153 * shifted + 2) / 5 + 1)
  const month = <u32>(shifted < 10 ? shifted + 3 : shifted - 9)
  const year = <u32>(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
  const at = call.minuteText
  store<u16>(at, pair(call, year / 100))
  store<u16>(at, pair(call, year % 100), 2)
  store<u8>(at, 0x2d, 4)
  store<u16>(at, pair(call, month), 5)
  store<u8>(at, 0x2d, 7)
  store<u16>(at, pair(call, day), 8)
  store<u8>(at, 0x54, 10)
  store<u16>(at, pair(call, ofDay / 60), 11)
  store<u8>(at, 0x3a, 13)
  store<u16>(at, pair(call, ofDay % 60), 14)
  store<u8>(at, 0x3a, 16)
  call.minute = <f64>minutes * 60000.0
  return true
}

/** A whole number below 2^53. */
// @ts-ignore: decorator
@inline
function decimal(call: Call, n: u64, out: usize): usize {
  if (n < 1000000000) return digits(call, <u32>n, count(<u32>n), out)
  const high = n / 1000000000
  out = digits(call, <u32>high, count(<u32>high), out)
  return digits(call, <u32>(n - high * 1000000000), 9, out)
}

// @ts-ignore: decorator
@inline
function count(n: u32): usize {
  if (n < 10000) return n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : 4
  if (n < 1000000) return n < 100000 ? 5 : 6
  return n < 10000000 ? 7 : n < 100000000 ? 8 : 9
}

// @ts-ignore: decorator
@inline
function digits(call: Call, n: u32, size: usize, out: usize): usize {
  let to = out + size
  while (to - out >= 2) {
    const rest = n / 100
    to -= 2
    store<u16>(to, pair(call, n - rest * 100))
    n = rest
  }
  if (to > out) store<u8>(to - 1, <u8>(0x30 + n))
  return out + size
}
