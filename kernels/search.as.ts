// AssemblyScript. Finds a text in rows; src/scan/text-search.ts calls it, and has the same in TypeScript. No runtime, no data segment.

/**
 * Sets `hits[row]` to 1 for each row with `wanted[row]` 1 whose bytes [starts[row], ends[row]) have the `length` bytes at `text` in them;
 * rows that have a hit already are left alone. `one` and `two` are the places in the text of two bytes that are rare. With `fold`
 * 0x20, bytes that differ in that bit are the same. May read 31 bytes behind a row.
 */
export function mark(
  starts: usize, ends: usize, wanted: usize, hits: usize, rows: i32,
  text: usize, length: i32, one: i32, two: i32, fold: i32
): void {
  const folds = i8x16.splat(<i8>fold)
  const first = v128.or(i8x16.splat(load<i8>(text + one)), folds)
  const second = v128.or(i8x16.splat(load<i8>(text + two)), folds)
  for (let row = 0; row < rows; row++) {
    if (load<u8>(wanted + row) == 0 || load<u8>(hits + row) != 0) continue
    const end = load<i32>(ends + (row << 2))
    // the text may begin here
    const stop = end - length
    for (let at = load<i32>(starts + (row << 2)); at <= stop; at += 32) {
      const a = v128.eq<u8>(v128.or(v128.load(at + one), folds), first)
      const b = v128.eq<u8>(v128.or(v128.load(at + two), folds), second)
      const c = v128.eq<u8>(v128.or(v128.load(at + one, 16), folds), first)
      const d = v128.eq<u8>(v128.or(v128.load(at + two, 16), folds), second)
      const low = v128.and(a, b)
      const high = v128.and(c, d)
      if (!v128.any_true(v128.or(low, high))) continue
      let places = <u32>v128.bitmask<i8>(low) | (<u32>v128.bitmask<i8>(high) << 16)
      if (stop - at < 31) places &= (<u32>2 << (stop - at)) - 1
      while (places != 0) {
        if (isAt(at + ctz(places), text, length, fold)) {
          store<u8>(hits + row, 1)
          at = stop
          break
        }
        places &= places - 1
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function isAt(at: usize, text: usize, length: i32, fold: i32): bool {
  for (let i = 0; i < length; i++) {
    if ((load<u8>(at + i) | fold) != (load<u8>(text + i) | fold)) return false
  }
  return true
}
