// AssemblyScript. Finds the members of JSON objects as long as each key is one of the two that followed the one before it earlier, and
// each value is a string, a number, true, false or null. It stops in front of every other member, and of whatever might be wrong:
// src/scan/json.ts goes on there. src/scan/members-kernel.ts has the layout of `Call` and of the table.

/** Addresses of columns and tables, then where the reading stands: 32 bits each. */
@unmanaged
class Call {
  rows: i32
  starts: usize
  ends: usize
  mark: usize
  marksAt: usize
  firstField: usize
  lastField: usize
  fieldKey: usize
  fieldStart: usize
  fieldEnd: usize
  fieldKind: usize
  fieldNext: usize
  fieldUse: usize
  fieldRoom: i32
  /** 64 bytes for each slot; the key with id n has slot n + 1, slot 0 is the start of an object. */
  table: usize
  /** By key id: number of the row that had it last. */
  seen: usize
  /** Number of the row, in `seen`. */
  stamp: i32
  /** Fields of the batch so far. */
  fields: i32
  /** The key that comes next, and its mark; 0 where the row has not begun. */
  at: usize
  nextMark: i32
  /** Slot of the key before it. */
  before: i32
}

/** What is known of a key. `text` is `"key":`, up to 48 bytes; a length of 0 says that it can not be compared. */
@unmanaged
class Slot {
  next: i32
  nextToo: i32
  length: i32
  spare: i32
  text: v128
}

const PLAIN: u8 = 2
const JSON_TEXT: u8 = 3
const NUMBER: u8 = 4
const BOOLEAN: u8 = 5
const NULL: u8 = 6

/** Reads rows from `row` on; returns the first that it did not come to the end of. */
export function rows(call: Call, row: i32): i32 {
  const count = call.rows
  for (; row < count; row++) {
    const at = load<usize>(call.starts + (<usize>row << 2))
    const end = load<usize>(call.ends + (<usize>row << 2))
    call.at = 0
    if (end < at + 2 || load<u16>(at) != 0x227b) return row // {"
    let mark = load<i32>(call.mark + (<usize>row << 2))
    while (load<usize>(call.marksAt + (<usize>mark << 2)) < at) mark++
    call.at = at + 1
    call.nextMark = mark
    call.before = 0
    call.stamp++
    if (!rest(call, row)) return row
  }
  return row
}

/** Reads the members of a row from the key at `call.at` on. False if it stopped before the end of the row. */
export function rest(call: Call, row: i32): bool {
  const table = call.table
  const marks = call.marksAt
  const stamp = call.stamp
  const end = load<usize>(call.ends + (<usize>row << 2))
  const first = call.fields
  let field = first
  let at = call.at
  let mark = marks + (<usize>call.nextMark << 2)
  let before = call.before
  let isWhole = false
  for (;;) {
    const known = changetype<Slot>(table + (<usize>before << 6))
    let slot = known.next
    let key = changetype<Slot>(table + (<usize>slot << 6))
    if (!isKey(key, at, end)) {
      slot = known.nextToo
      key = changetype<Slot>(table + (<usize>slot << 6))
      if (!isKey(key, at, end)) break
    }
    const seen = call.seen + (<usize>(slot - 1) << 2)
    if (load<i32>(seen) == stamp || field >= call.fieldRoom) break

    let value = at + <usize>key.length
    if (load<u8>(value) == 0x20) value++
    if (value >= end) break
    let valueMark = mark + 8
    let kind: u8 = PLAIN
    let next = value
    const byte = load<u8>(value)
    if (byte == 0x22) {
      valueMark += 4
      const close = load<usize>(valueMark)
      if (close >= end) break
      if (load<u8>(close) == 0x22) next = close
      else {
        kind = JSON_TEXT
        valueMark = pastEscapes(valueMark, end)
        if (valueMark == 0) break
        next = load<usize>(valueMark)
      }
      value++
      valueMark += 4
    } else if (byte == 0x2d || isDigit(byte)) {
      kind = NUMBER
      next = pastNumber(value, end)
      if (next == 0) break
    } else if (byte == 0x74 || byte == 0x6e) {
      kind = byte == 0x74 ? BOOLEAN : NULL
      next = value + 4
      if (next > end || load<u32>(value) != (byte == 0x74 ? 0x65757274 : 0x6c6c756e)) break
    } else if (byte == 0x66) {
      kind = BOOLEAN
      next = value + 5
      if (next > end || load<u32>(value, 1) != 0x65736c61) break
    } else break

    const behind = kind <= JSON_TEXT ? next + 1 : next
    if (behind >= end) break
    const sign = load<u8>(behind)
    isWhole = sign == 0x7d && behind + 1 == end
    let following = behind + 1
    if (!isWhole) {
      if (sign != 0x2c) break
      if (load<u8>(following) == 0x20) following++
      if (following >= end || load<u8>(following) != 0x22) break
    }

    const four = <usize>field << 2
    store<i32>(seen, stamp)
    store<i32>(call.fieldKey + four, slot - 1)
    store<usize>(call.fieldStart + four, value)
    store<usize>(call.fieldEnd + four, next)
    store<u8>(call.fieldKind + field, kind)
    store<u8>(call.fieldUse + field, 0)
    field++
    store<i32>(call.fieldNext + four, field)
    if (isWhole) break
    before = slot
    at = following
    mark = valueMark
  }
  call.fields = field
  call.at = at
  call.nextMark = <i32>((mark - marks) >> 2)
  call.before = before
  if (field > first) link(call, row, first, field - 1)
  return isWhole
}

/** Hangs fields that stand behind each other to the row. */
// @ts-ignore: decorator
@inline
function link(call: Call, row: i32, first: i32, last: i32): void {
  const four = <usize>row << 2
  const before = load<i32>(call.lastField + four)
  if (before < 0) store<i32>(call.firstField + four, first)
  else store<i32>(call.fieldNext + (<usize>before << 2), first)
  store<i32>(call.fieldNext + (<usize>last << 2), -1)
  store<i32>(call.lastField + four, last)
}

// @ts-ignore: decorator
@inline
function isKey(key: Slot, at: usize, end: usize): bool {
  const length = key.length
  if (length == 0 || at + <usize>length >= end) return false
  const text = changetype<usize>(key) + 16
  if (different(text, at) & mask(length)) return false
  if (length <= 16) return true
  if (different(text + 16, at + 16) & mask(length - 16)) return false
  return length <= 32 || (different(text + 32, at + 32) & mask(length - 32)) == 0
}

/** Which of 16 bytes differ. */
// @ts-ignore: decorator
@inline
function different(a: usize, b: usize): i32 {
  return i8x16.bitmask(i8x16.ne(v128.load(a), v128.load(b)))
}

// @ts-ignore: decorator
@inline
function mask(length: i32): i32 {
  return length >= 16 ? 0xffff : (1 << length) - 1
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return <u32>byte - 0x30 <= 9
}

/** From the mark of the first escape in a string to the mark of its closing quote; 0 where it is none. */
function pastEscapes(mark: usize, end: usize): usize {
  let at = load<usize>(mark)
  for (; at < end; at = load<usize>(mark)) {
    const byte = load<u8>(at)
    if (byte == 0x22) return mark
    if (byte != 0x5c || at + 1 >= end) return 0
    const letter = load<u8>(at, 1)
    mark += letter == 0x22 || letter == 0x5c ? 8 : 4
    if (letter == 0x75) {
      if (at + 6 > end || !isHex(at + 2)) return 0
    } else if (!isEscape(letter)) return 0
  }
  return 0
}

/** `"\/bfnrt` */
function isEscape(letter: u8): bool {
  return letter == 0x6e || letter == 0x22 || letter == 0x5c || letter == 0x2f || letter == 0x74 || letter == 0x72
    || letter == 0x62 || letter == 0x66
}

function isHex(at: usize): bool {
  for (let i: usize = 0; i < 4; i++) {
    const byte = load<u8>(at + i)
    if (!isDigit(byte) && <u32>(byte | 0x20) - 0x61 > 5) return false
  }
  return true
}

/** RFC 8259, section 6; 0 where it is none. */
function pastNumber(at: usize, end: usize): usize {
  if (load<u8>(at) == 0x2d) at++
  if (at < end && load<u8>(at) == 0x30) at++
  else {
    at = pastDigits(at, end)
    if (at == 0) return 0
  }
  if (at < end && load<u8>(at) == 0x2e) {
    at = pastDigits(at + 1, end)
    if (at == 0) return 0
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at++
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++
    at = pastDigits(at, end)
  }
  return at
}

/** Behind one digit or more; 0 where there is none. */
function pastDigits(at: usize, end: usize): usize {
  const start = at
  while (at < end && isDigit(load<u8>(at))) at++
  return at > start ? at : 0
}
