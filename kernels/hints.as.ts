// AssemblyScript. Finds rows that may have one of many texts in them, or runs of digits that may be something; src/scan/hints.ts calls
// it and lays the tables out. No runtime, no data segment.

/** Sixteen bits of places for each half byte: 4 bytes of a text, low and high halves. Behind them the numbers of the first text and of
 * the texts of each group, two bytes each, and then the texts. */
const groupsAt: usize = 8 * 16
const textsAt: usize = groupsAt + 8 * 4
const textBytes: usize = 48

const cards = 1
const addresses = 2

/**
 * Sets `marks[row]` to 2 for each row with `marks[row]` 1 whose bytes [starts[row], ends[row]) have one of the texts of `tables` in them, or
 * what `looks` asks for: 1 a number of 13 digits and more, 2 an address of IP. Says so of some rows too that have none of these, but of
 * none that has only part of a text. May read 35 bytes behind a row.
 */
export function mark(starts: usize, ends: usize, marks: usize, rows: i32, tables: usize, looks: i32): void {
  for (let row = 0; row < rows; row++) {
    if (load<u8>(marks + row) != 1) continue
    const start = <usize>load<i32>(starts + (row << 2))
    const end = <usize>load<i32>(ends + (row << 2))
    if (hasText(start, end, tables) || (looks != 0 && hasNumber(start, end, looks))) store<u8>(marks + row, 2)
  }
}

/** A byte can stand at a place in a text of a group if both its halves can; four bytes in a row that can are looked at. */
function hasText(start: usize, end: usize, tables: usize): bool {
  const half = i8x16.splat(0x0f)
  const none = i8x16.splat(0)
  const low0 = v128.load(tables), high0 = v128.load(tables, 16)
  const low1 = v128.load(tables, 32), high1 = v128.load(tables, 48)
  const low2 = v128.load(tables, 64), high2 = v128.load(tables, 80)
  const low3 = v128.load(tables, 96), high3 = v128.load(tables, 112)
  let before0 = none
  let before1 = none
  let before2 = none
  // the last of four bytes may stand behind the row, where a text is shorter
  for (let at = start; at < end + 3; at += 16) {
    const bytes = v128.load(at)
    const low = v128.and(bytes, half)
    const high = i8x16.shr_u(bytes, 4)
    const can0 = v128.and(i8x16.relaxed_swizzle(low0, low), i8x16.relaxed_swizzle(high0, high))
    const can1 = v128.and(i8x16.relaxed_swizzle(low1, low), i8x16.relaxed_swizzle(high1, high))
    const can2 = v128.and(i8x16.relaxed_swizzle(low2, low), i8x16.relaxed_swizzle(high2, high))
    const can3 = v128.and(i8x16.relaxed_swizzle(low3, low), i8x16.relaxed_swizzle(high3, high))
    const one = i8x16.shuffle(before0, can0, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)
    const two = i8x16.shuffle(before1, can1, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
    const three = i8x16.shuffle(before2, can2, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
    const groups = v128.and(v128.and(one, two), v128.and(three, can3))
    before0 = can0
    before1 = can1
    before2 = can2
    if (!v128.any_true(groups)) continue
    let places = ~<u32>v128.bitmask<i8>(v128.eq<i8>(groups, none)) & 0xffff
    while (places != 0) {
      const place = at + ctz(places) - 3
      if (place < end && isAny(place, start, end, tables)) return true
      places &= places - 1
    }
  }
  return false
}

/** Whether a text stands here. `place` is where its four bytes that were looked for begin. */
function isAny(place: usize, start: usize, end: usize, tables: usize): bool {
  let groups: u32 = 0xff
  for (let i = 0; i < 4; i++) {
    const byte = <u32>load<u8>(place + i)
    groups &= load<u8>(tables + (i << 5) + (byte & 15)) & load<u8>(tables + (i << 5) + 16 + (byte >> 4))
  }
  while (groups != 0) {
    const group = tables + groupsAt + (ctz(groups) << 2)
    let text = tables + textsAt + <usize>load<u16>(group) * textBytes
    const last = text + <usize>load<u16>(group, 2) * textBytes
    for (; text < last; text += textBytes) if (isAt(text, place, start, end)) return true
    groups &= groups - 1
  }
  return false
}

/** A text: its length, where in it the four bytes are, what makes letters of both cases the same, and whether a small letter behind it
 * makes another word of it; then the four bytes, what is set in bytes before they are compared with them, and what is left of them;
 * then all of it. */
// @ts-ignore: decorator
@inline
function isAt(text: usize, place: usize, start: usize, end: usize): bool {
  if (((load<u32>(place) | load<u32>(text, 8)) & load<u32>(text, 12)) != load<u32>(text, 4)) return false
  const length = <usize>load<u8>(text)
  const offset = <usize>load<u8>(text, 1)
  const fold = load<u8>(text, 2)
  const at = place - offset
  if (place < start + offset || at + length > end) return false
  for (let i: usize = 0; i < length; i++) {
    if ((load<u8>(at + i) | fold) != (load<u8>(text + 16 + i) | fold)) return false
  }
  if (load<u8>(text, 3) == 0 || at + length == end) return true
  return load<u8>(at + length) - 0x61 > 25
}

/** Bits of 64 bytes, of which the first half was looked at the time before. What few rows need is made of both halves when it is. */
function hasNumber(start: usize, end: usize, looks: i32): bool {
  let digits: u64 = 0
  let dots: u64 = 0
  let colons: u64 = 0
  for (let at = start; at < end; at += 32) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const valid: u64 = end - at >= 32 ? 0xffffffff : ((<u64>1 << (end - at)) - 1)
    digits = (digits >> 32) | ((inRange(a, b, 0x30, 10) & valid) << 32)
    if ((looks & cards) != 0 && popcnt(digits) >= 13) {
      if (isWhole(longRuns(digits, joinsBefore(at, start, valid)), at - 32, start, end)) return true
    }
    if ((looks & addresses) == 0) continue
    dots = (dots >> 32) | ((equal(a, b, 0x2e) & valid) << 32)
    colons = (colons >> 32) | ((equal(a, b, 0x3a) & valid) << 32)
    if (popcnt(dots) > 2 && isDots(dots, digits)) return true
    if (popcnt(colons) > 1 && areNear(colons) && isColons(colons, digits | lettersBefore(at, start, valid))) return true
  }
  return false
}

/** Spaces and dashes in 64 bytes, of which the second half begins at `at`. */
function joinsBefore(at: usize, start: usize, valid: u64): u64 {
  const now = joinsAt(at) & valid
  return (now << 32) | (at > start ? joinsAt(at - 32) : 0)
}

// @ts-ignore: decorator
@inline
function joinsAt(at: usize): u64 {
  const a = v128.load(at)
  const b = v128.load(at, 16)
  return equal(a, b, 0x20) | equal(a, b, 0x2d)
}

/** The same of letters from a to f. */
function lettersBefore(at: usize, start: usize, valid: u64): u64 {
  const now = lettersAt(at) & valid
  return (now << 32) | (at > start ? lettersAt(at - 32) : 0)
}

// @ts-ignore: decorator
@inline
function lettersAt(at: usize): u64 {
  const folds = i8x16.splat(0x20)
  return inRange(v128.or(v128.load(at), folds), v128.or(v128.load(at, 16), folds), 0x61, 6)
}

/** Places from which 13 digits stand, or 16 with a space or dash between some. */
// @ts-ignore: decorator
@inline
function longRuns(digits: u64, joins: u64): u64 {
  let run = digits & (digits >> 1)
  run &= run >> 2
  run &= run >> 4
  run &= run >> 5
  let joined = digits | (joins & (digits << 1) & (digits >> 1))
  joined &= joined >> 1
  joined &= joined >> 2
  joined &= joined >> 4
  joined &= joined >> 8
  return run | (joined & digits)
}

/** Whether digits begin at one of the places, and are no part of a word as ids are. `base` is where the first place is. */
function isWhole(places: u64, base: usize, start: usize, end: usize): bool {
  while (places != 0) {
    let at = base + <usize>ctz(places)
    places &= places - 1
    if (at > start && isAlnum(load<u8>(at - 1))) continue
    while (at < end && <u32>load<u8>(at) - 0x30 < 10) at++
    if (at >= end || !isAlnum(load<u8>(at))) return true
  }
  return false
}

// @ts-ignore: decorator
@inline
function isAlnum(byte: u32): bool {
  return byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26
}

/** Three dots, each between digits and near to the next. */
// @ts-ignore: decorator
@inline
function isDots(dots: u64, digits: u64): bool {
  let chain = dots & (digits << 1) & (digits >> 1)
  chain &= (chain >> 2) | (chain >> 3) | (chain >> 4)
  return (chain & ((chain >> 2) | (chain >> 3) | (chain >> 4))) != 0
}

/** Two colons beside each other, or four near to each other: a time of day has fewer. */
// @ts-ignore: decorator
@inline
function areNear(colons: u64): bool {
  return ((colons & (colons >> 1)) | chained(colons)) != 0
}

/** The same with digits where addresses have some. */
// @ts-ignore: decorator
@inline
function isColons(colons: u64, hexes: u64): bool {
  return ((colons & (colons >> 1) & ((hexes << 1) | (hexes >> 2))) | chained(colons & (hexes >> 1))) != 0
}

// @ts-ignore: decorator
@inline
function chained(signs: u64): u64 {
  signs &= (signs >> 2) | (signs >> 3) | (signs >> 4) | (signs >> 5)
  signs &= (signs >> 2) | (signs >> 3) | (signs >> 4) | (signs >> 5)
  return signs & ((signs >> 2) | (signs >> 3) | (signs >> 4) | (signs >> 5))
}

// @ts-ignore: decorator
@inline
function equal(a: v128, b: v128, byte: i8): u64 {
  const same = i8x16.splat(byte)
  return <u64>(<u32>v128.bitmask<i8>(v128.eq<u8>(a, same)) | (<u32>v128.bitmask<i8>(v128.eq<u8>(b, same)) << 16))
}

/** Bytes from `first` on, `count` of them: compared as signed ones, which takes one step where unsigned ones take several. */
// @ts-ignore: decorator
@inline
function inRange(a: v128, b: v128, first: i8, count: i8): u64 {
  const shift = i8x16.splat(<i8>(-128 - <i32>first))
  const limit = i8x16.splat(<i8>(<i32>count - 128))
  const low = <u32>v128.bitmask<i8>(v128.lt<i8>(v128.add<i8>(a, shift), limit))
  return <u64>(low | (<u32>v128.bitmask<i8>(v128.lt<i8>(v128.add<i8>(b, shift), limit)) << 16))
}
