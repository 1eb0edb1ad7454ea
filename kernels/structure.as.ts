// AssemblyScript. Finds the structure of text, 64 bytes at a time; src/scan/arena.ts has the layout of the memory and the same in
// TypeScript. No runtime, no data segment, no stack: address 0 is the first byte of the text, so that addresses are positions.

/**
 * Writes the positions of `"`, `\` and bytes below 0x20 in [start, end) to the i32 array at `marks`, beginning with number `marked`,
 * closes them with 0x7fffffff and returns their new number. For each line feed it writes the position to `ends`, and the number of
 * marks up to and with it to `behind`. Writes the number of lines to `result`, and behind it a number that is not 0 if some byte is
 * above 0x7f. May read 63 bytes and write 8 numbers more than it should.
 */
export function index(
  start: usize, end: usize, marks: usize, marked: i32, ends: usize, behind: usize, result: usize
): i32 {
  const quote = i8x16.splat(0x22)
  const backslash = i8x16.splat(0x5c)
  const control = i8x16.splat(0x1f)
  const newline = i8x16.splat(0x0a)
  let high = i64x2.splat(0)
  let lines: usize = 0
  let out: usize = marks + (<usize>marked << 2)

  for (let at = start; at < end; at += 64) {
    let a = v128.load(at, 0)
    let b = v128.load(at, 16)
    let c = v128.load(at, 32)
    let d = v128.load(at, 48)
    const left = end - at
    if (left < 64) {
      // What lies behind the end becomes blanks.
      a = cut(a, left)
      b = cut(b, left - 16)
      c = cut(c, left - 32)
      d = cut(d, left - 48)
    }
    high = v128.or(high, v128.or(v128.or(a, b), v128.or(c, d)))

    let mask = bits(a, quote, backslash, control)
      | (bits(b, quote, backslash, control) << 16)
      | (bits(c, quote, backslash, control) << 32)
      | (bits(d, quote, backslash, control) << 48)
    const na = v128.eq<u8>(a, newline)
    const nb = v128.eq<u8>(b, newline)
    const nc = v128.eq<u8>(c, newline)
    const nd = v128.eq<u8>(d, newline)
    if (v128.any_true(v128.or(v128.or(na, nb), v128.or(nc, nd)))) {
      let feeds = <u64>v128.bitmask<i8>(na)
        | (<u64>v128.bitmask<i8>(nb) << 16)
        | (<u64>v128.bitmask<i8>(nc) << 32)
        | (<u64>v128.bitmask<i8>(nd) << 48)
      const before = <i32>((out - marks) >> 2)
      do {
        store<i32>(ends + lines, <i32>at + <i32>ctz(feeds))
        store<i32>(behind + lines, before + <i32>popcnt(mask & (feeds ^ (feeds - 1))))
        lines += 4
        feeds &= feeds - 1
      } while (feeds != 0)
    }

    const count = <usize>popcnt(mask)
    let next = out
    // Eight at once without asking whether they are there: a loop that ends after each is predicted wrongly at most of its ends.
    for (;;) {
      store<i32>(next, <i32>at + <i32>ctz(mask), 0)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 4)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 8)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 12)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 16)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 20)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 24)
      mask &= mask - 1
      store<i32>(next, <i32>at + <i32>ctz(mask), 28)
      mask &= mask - 1
      if (mask == 0) break
      next += 32
    }
    out += count << 2
  }
  store<i32>(out, 0x7fffffff)
  store<i32>(result, <i32>(lines >> 2))
  store<i32>(result, v128.bitmask<i8>(high), 4)
  return <i32>((out - marks) >> 2)
}

// @ts-ignore: decorator
@inline
function bits(bytes: v128, quote: v128, backslash: v128, control: v128): u64 {
  const found = v128.or(
    v128.or(v128.eq<u8>(bytes, quote), v128.eq<u8>(bytes, backslash)),
    v128.eq<u8>(v128.min<u8>(bytes, control), bytes)
  )
  return <u64>v128.bitmask<i8>(found)
}

/** The first `left` bytes, then blanks. */
function cut(bytes: v128, left: isize): v128 {
  if (left >= 16) return bytes
  const blank = i8x16.splat(0x20)
  if (left <= 0) return blank
  const number = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  return v128.bitselect(bytes, blank, v128.lt<u8>(number, i8x16.splat(<i8>left)))
}

/** Lines, columns of the batch, and where the framing stands: src/scan/row-kernel.ts has the layout. */
@unmanaged
class Call {
  base: f64
  lineEnds: usize
  lineMarks: usize
  lines: i32
  /** Only lines that end before it. */
  size: usize
  longest: usize
  rowRoom: i32
  starts: usize
  ends: usize
  positions: usize
  lengths: usize
  mark: usize
  flags: usize
  errors: usize
  fate: usize
  severity: usize
  firstField: usize
  lastField: usize
  serviceKind: usize
  traceIdKind: usize
  spanIdKind: usize
  agentIdKind: usize
  bodyKind: usize
  /** Where the next line starts, the first mark at or behind it, and the number of rows so far. */
  start: usize
  nextMark: i32
  rows: i32
}

/** Adds a row for each line from number `line` on, without its line end, as `Batch.addRow` does. Lines without content are no rows.
 * Returns the first line that it did not come to: one that begins with NUL, is too long, or ends at `size` or behind. */
export function addRows(call: Call, line: i32): i32 {
  const lines = call.lines
  let start = call.start
  let mark = call.nextMark
  let row = call.rows
  for (; line < lines; line++) {
    const at = load<usize>(call.lineEnds + (<usize>line << 2))
    if (at >= call.size || row >= call.rowRoom || load<u8>(start) == 0) break
    const end = at > start && load<u8>(at - 1) == 0x0d ? at - 1 : at
    if (end - start > call.longest) break
    if (end > start) {
      const four = <usize>row << 2
      store<usize>(call.starts + four, start)
      store<usize>(call.ends + four, end)
      store<f64>(call.positions + (<usize>row << 3), call.base + <f64>start)
      store<i32>(call.lengths + four, <i32>(at + 1 - start))
      store<i32>(call.mark + four, mark)
      store<i32>(call.firstField + four, -1)
      store<i32>(call.lastField + four, -1)
      store<u8>(call.flags + row, 0)
      store<u8>(call.errors + row, 0)
      store<u8>(call.fate + row, 0)
      store<u8>(call.severity + row, 0)
      store<u8>(call.serviceKind + row, 0)
      store<u8>(call.traceIdKind + row, 0)
      store<u8>(call.spanIdKind + row, 0)
      store<u8>(call.agentIdKind + row, 0)
      store<u8>(call.bodyKind + row, 0)
      row++
    }
    start = at + 1
    mark = load<i32>(call.lineMarks + (<usize>line << 2))
  }
  call.start = start
  call.nextMark = mark
  call.rows = row
  return line
}
