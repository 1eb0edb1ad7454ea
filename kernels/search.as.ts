// AssemblyScript. Finds texts in rows; src/scan/text-search.ts calls it, and has the same in TypeScript. No runtime, no data segment.

/** A text to look for: `length` bytes, `text` behind the first needle. */
@unmanaged
class Needle {
  text: i32
  length: i32
  /** Places in the text of two bytes that are rare. */
  one: i32
  two: i32
  /** 0x20: bytes that differ in that bit are the same. */
  fold: i32
}

/**
 * Sets `hits[i]`, for each of the `count` numbers of `rows`, to 1 where the bytes [starts[row], ends[row]) have one of the texts in
 * them, else to 0. May read 31 bytes behind a row.
 */
export function mark(
  starts: usize, ends: usize, rows: usize, count: i32, hits: usize, needles: usize, needleCount: i32
): void {
  const last = needles + needleCount * offsetof<Needle>()
  for (let i = 0; i < count; i++) {
    const row = load<i32>(rows + (i << 2))
    const start = load<i32>(starts + (row << 2))
    const end = load<i32>(ends + (row << 2))
    let hit = false
    for (let needle = needles; needle < last && !hit; needle += offsetof<Needle>()) {
      hit = isIn(start, end, needles, changetype<Needle>(needle))
    }
    store<u8>(hits + i, <u8>hit)
  }
}

// @ts-ignore: decorator
@inline
function isIn(start: i32, end: i32, needles: usize, needle: Needle): bool {
  const text = needles + needle.text
  const length = needle.length
  const one = needle.one
  const two = needle.two
  const fold = needle.fold
  const folds = i8x16.splat(<i8>fold)
  const first = v128.or(i8x16.splat(load<i8>(text + one)), folds)
  const second = v128.or(i8x16.splat(load<i8>(text + two)), folds)
  // the text may begin here
  const stop = end - length
  for (let at = start; at <= stop; at += 32) {
    const a = v128.eq<u8>(v128.or(v128.load(at + one), folds), first)
    const b = v128.eq<u8>(v128.or(v128.load(at + two), folds), second)
    const c = v128.eq<u8>(v128.or(v128.load(at + one, 16), folds), first)
    const d = v128.eq<u8>(v128.or(v128.load(at + two, 16), folds), second)
    const low = v128.and(a, b)
    const high = v128.and(c, d)
    if (!v128.any_true(v128.or(low, high))) continue
    let places = <u32>v128.bitmask<i8>(low) | (<u32>v128.bitmask<i8>(high) << 16)
    if (stop - at < 31) places &= (<u32>2 << (stop - at)) - 1
    for (; places != 0; places &= places - 1) if (isAt(at + ctz(places), text, length, fold)) return true
  }
  return false
}

// @ts-ignore: decorator
@inline
function isAt(at: usize, text: usize, length: i32, fold: i32): bool {
  for (let i = 0; i < length; i++) {
    if ((load<u8>(at + i) | fold) != (load<u8>(text + i) | fold)) return false
  }
  return true
}
