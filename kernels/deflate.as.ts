// AssemblyScript. Deflate (RFC 1951) for log text, built for speed: one probe for each position, no lazy matching, one dynamic
// Huffman block for each piece of input. src/outputs/gzip.ts has the container (RFC 1952) around it.
//
// Memory, in bytes: text (window, then the piece) | tokens | hash table | counts | codes | lengths | out
// All of it belongs to this module; positions in the hash table count from the start of the body, so that moving the window by
// 32 KiB only moves `base`.

const WINDOW: usize = 32768
const PIECE: usize = 131072
const TEXT: usize = 1024
const TOKENS: usize = TEXT + WINDOW + PIECE + 64
const HASH: usize = TOKENS + (PIECE + 16) * 4
const HASH_BITS: u32 = 15 // measured: 14 and 13 are slower and pack worse
const COUNTS: usize = HASH + (1 << 15) * 4 // literals and lengths 288, distances 32, code lengths 19: u32 each
const DISTANCE_COUNTS: usize = COUNTS + 288 * 4
const LENGTH_COUNTS: usize = DISTANCE_COUNTS + 32 * 4
const CODES: usize = LENGTH_COUNTS + 32 * 4 // code | bits << 16, same order
const DISTANCE_CODES: usize = CODES + 288 * 4
const LENGTH_CODES: usize = DISTANCE_CODES + 32 * 4
const SYMBOLS: usize = LENGTH_CODES + 32 * 4 // by match length: symbol | extra bits << 16 | extra value << 24
const DISTANCE_SYMBOLS: usize = SYMBOLS + 260 * 4 // by distance - 1 below 256, then by (distance - 1) >> 7
const SORTED: usize = DISTANCE_SYMBOLS + 512
const NODES: usize = SORTED + 320 * 8
const OUT: usize = NODES + 1024 * 8

let base: i32 = 0
let filled: usize = 0
let bitBuffer: u64 = 0
let bitCount: u64 = 0
let out: usize = OUT

/** Where the caller writes the next piece of at most `pieceBytes`; where it finds the output; how many bytes memory must have. */
export function input(): usize {
  return TEXT + filled
}
export function output(): usize {
  return OUT
}
export function pieceBytes(): usize {
  return PIECE
}
export function memoryBytes(): usize {
  return OUT + PIECE * 2 + 4096
}

/** Begins a body. */
export function begin(): void {
  base = 0
  filled = 0
  bitBuffer = 0
  bitCount = 0
  memory.fill(HASH, 0xff, (1 << HASH_BITS) * 4)
  if (load<u32>(SYMBOLS + 258 * 4) == 0) makeSymbols()
}

/** Compresses the `length` bytes at `input()` and returns how many bytes of `output()` are ready. The last piece may be empty. */
export function piece(length: usize, isLast: bool): usize {
  out = OUT
  memory.fill(COUNTS, 0, (288 + 32 + 32) * 4)
  const tokens = match(length)
  increase(COUNTS + 256 * 4)
  huffman(COUNTS, CODES, 286, 15)
  huffman(DISTANCE_COUNTS, DISTANCE_CODES, 30, 15)
  header(isLast)
  encode(tokens)
  put(<u64>load<u16>(CODES + 256 * 4), <u64>load<u16>(CODES + 256 * 4, 2))
  if (isLast) {
    put(0, 7)
    bitCount &= ~(<u64>7)
  }
  slide(length)
  return out - OUT
}

/** Splits the text into literals and matches; a token is a literal, or 1 << 31 | length << 16 | distance - 1. */
function match(length: usize): usize {
  const start = TEXT + filled
  const end = start + length
  const last = end - 8
  let token = TOKENS
  let at = start
  const origin = <i32>TEXT - base
  while (at < last) {
    const word = load<u32>(at)
    const slot = HASH + (((word * 0x9e3779b1) >> (32 - HASH_BITS)) << 2)
    const position = <i32>at - origin
    const candidate = load<i32>(slot)
    store<i32>(slot, position)
    const distance = position - candidate
    const from = <usize>(candidate + origin)
    if (candidate >= base && distance <= <i32>WINDOW && load<u32>(from) == word) {
      const size = matchLength(at, from, min<usize>(258, end - at))
      const d = <u32>distance - 1
      store<u32>(token, 0x80000000 | (<u32>size << 16) | d)
      increase(COUNTS + ((load<u32>(SYMBOLS + (size << 2)) & 0x1ff) << 2))
      increase(DISTANCE_COUNTS + (<usize>distanceSymbol(d) << 2))
      token += 4
      at += size
    } else {
      const byte = word & 0xff
      store<u32>(token, byte)
      increase(COUNTS + (byte << 2))
      token += 4
      at++
    }
  }
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at)
    store<u32>(token, byte)
    increase(COUNTS + (byte << 2))
    token += 4
  }
  return token
}

// @ts-ignore: decorator
@inline
function increase(at: usize): void {
  store<u32>(at, load<u32>(at) + 1)
}

/** How many bytes at `a` and `b` are equal, at most `limit`; 4 are known to be. */
// @ts-ignore: decorator
@inline
function matchLength(a: usize, b: usize, limit: usize): usize {
  let size: usize = 4
  while (size + 8 <= limit) {
    const different = load<u64>(a + size) ^ load<u64>(b + size)
    if (different != 0) return size + <usize>(ctz(different) >> 3)
    size += 8
  }
  while (size < limit && load<u8>(a + size) == load<u8>(b + size)) size++
  return size
}

// @ts-ignore: decorator
@inline
function distanceSymbol(d: u32): u32 {
  return d < 256 ? load<u8>(DISTANCE_SYMBOLS + d) : load<u8>(DISTANCE_SYMBOLS + 256 + (d >> 7))
}

function encode(end: usize): void {
  for (let token = TOKENS; token < end; token += 4) {
    const what = load<u32>(token)
    if (what < 256) {
      const code = load<u32>(CODES + (what << 2))
      bitBuffer |= <u64>(code & 0xffff) << bitCount
      bitCount += <u64>(code >> 16)
      // A literal takes at most 15 bits: two more fit before the buffer must be emptied.
      if (bitCount < 16) continue
    } else {
      const known = load<u32>(SYMBOLS + (((what >> 16) & 0x1ff) << 2))
      const code = load<u32>(CODES + ((known & 0x1ff) << 2))
      bitBuffer |= <u64>(code & 0xffff) << bitCount
      bitCount += <u64>(code >> 16)
      bitBuffer |= <u64>(known >> 24) << bitCount
      bitCount += <u64>((known >> 16) & 0xff)
      const d = what & 0x7fff
      const symbol = distanceSymbol(d)
      const distanceCode = load<u32>(DISTANCE_CODES + (symbol << 2))
      bitBuffer |= <u64>(distanceCode & 0xffff) << bitCount
      bitCount += <u64>(distanceCode >> 16)
      const extra = symbol < 4 ? 0 : (symbol >> 1) - 1
      bitBuffer |= <u64>(d & ((1 << extra) - 1)) << bitCount
      bitCount += <u64>extra
    }
    store<u64>(out, bitBuffer)
    out += <usize>(bitCount >> 3)
    bitBuffer >>= bitCount & ~(<u64>7)
    bitCount &= 7
  }
}

// @ts-ignore: decorator
@inline
function put(value: u64, bits: u64): void {
  bitBuffer |= value << bitCount
  bitCount += bits
  store<u64>(out, bitBuffer)
  out += <usize>(bitCount >> 3)
  bitBuffer >>= bitCount & ~(<u64>7)
  bitCount &= 7
}

/** Block header: the code lengths of both alphabets, themselves Huffman coded, zeros in runs (RFC 1951, 3.2.7). */
function header(isLast: bool): void {
  let literals = 286
  while (literals > 257 && load<u16>(CODES + ((<usize>literals - 1) << 2), 2) == 0) literals--
  let distances = 30
  while (distances > 1 && load<u16>(DISTANCE_CODES + ((<usize>distances - 1) << 2), 2) == 0) distances--
  for (let pass = 0; pass < 2; pass++) {
    if (pass == 1) {
      huffman(LENGTH_COUNTS, LENGTH_CODES, 19, 7)
      put(isLast ? 1 : 0, 1)
      put(2, 2)
      put(literals - 257, 5)
      put(distances - 1, 5)
      put(15, 4)
      for (let i = 0; i < 19; i++) put(<u64>load<u16>(LENGTH_CODES + (lengthOrder(i) << 2), 2), 3)
    }
    let run = 0
    const total = literals + distances
    for (let i = 0; i <= total; i++) {
      const bits = i == total ? 16 : lengthAt(i, literals)
      if (bits == 0 && run < 138) {
        run++
        continue
      }
      zeros(run, pass)
      run = 0
      if (i == total) break
      if (bits == 0) run = 1
      else symbol(bits, pass)
    }
  }
}

function lengthAt(i: i32, literals: i32): u32 {
  return i < literals ? load<u16>(CODES + (<usize>i << 2), 2) : load<u16>(DISTANCE_CODES + (<usize>(i - literals) << 2), 2)
}

function lengthOrder(i: i32): usize {
  // 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15
  if (i < 3) return 16 + i
  if (i == 3) return 0
  const k = i - 4
  return (k & 1) == 0 ? 8 + (k >> 1) : 7 - (k >> 1)
}

function zeros(run: i32, pass: i32): void {
  if (run >= 11) {
    symbol(18, pass)
    if (pass == 1) put(run - 11, 7)
  } else if (run >= 3) {
    symbol(17, pass)
    if (pass == 1) put(run - 3, 3)
  } else {
    for (let i = 0; i < run; i++) symbol(0, pass)
  }
}

function symbol(which: u32, pass: i32): void {
  if (pass == 0) increase(LENGTH_COUNTS + (which << 2))
  else put(<u64>load<u16>(LENGTH_CODES + (which << 2)), <u64>load<u16>(LENGTH_CODES + (which << 2), 2))
}

/** Canonical codes of at most `limit` bits, bit-reversed as deflate wants them. When the tree comes out too deep its counts are
 * halved until it does not. */
function huffman(counts: usize, codes: usize, size: i32, limit: u32): void {
  while (!depths(counts, codes, size, limit)) {
    for (let i = 0; i < size; i++) {
      const at = counts + (<usize>i << 2)
      const count = load<u32>(at)
      if (count != 0) store<u32>(at, (count >> 1) | 1)
    }
  }
  let code: u32 = 0
  for (let bits: u32 = 1; bits <= limit; bits++) {
    for (let i = 0; i < size; i++) {
      const at = codes + (<usize>i << 2)
      if (load<u16>(at, 2) != bits) continue
      store<u16>(at, reverse(code, bits))
      code++
    }
    code <<= 1
  }
}

function reverse(code: u32, bits: u32): u32 {
  let reversed: u32 = 0
  for (let i: u32 = 0; i < bits; i++) reversed |= ((code >> i) & 1) << (bits - 1 - i)
  return reversed
}

/** Puts the depth of each symbol in the Huffman tree where its code's bits belong. False if one is over the limit. Two queues:
 * leaves by count, and inner nodes, which come out in order by themselves. */
function depths(counts: usize, codes: usize, size: i32, limit: u32): bool {
  let leaves = 0
  for (let i = 0; i < size; i++) {
    store<u32>(codes + (<usize>i << 2), 0)
    const count = load<u32>(counts + (<usize>i << 2))
    if (count == 0) continue
    let j = leaves++
    while (j > 0 && load<u32>(SORTED + (<usize>(j - 1) << 3)) > count) {
      store<u64>(SORTED + (<usize>j << 3), load<u64>(SORTED + (<usize>(j - 1) << 3)))
      j--
    }
    store<u32>(SORTED + (<usize>j << 3), count)
    store<u32>(SORTED + (<usize>j << 3), i, 4)
  }
  if (leaves <= 1) {
    // A code of one symbol still needs one bit; an unused alphabet gets one code so that every decoder accepts it.
    const only = leaves == 1 ? load<u32>(SORTED, 4) : 0
    store<u16>(codes + (only << 2), 1, 2)
    return true
  }
  // NODES: count, parent; leaves first, then inner nodes.
  let leaf = 0
  let inner = leaves
  let made = leaves
  for (let i = 0; i < leaves; i++) store<u32>(NODES + (<usize>i << 3), load<u32>(SORTED + (<usize>i << 3)))
  while (made < 2 * leaves - 1) {
    let sum: u32 = 0
    for (let k = 0; k < 2; k++) {
      const takeLeaf = leaf < leaves
        && (inner >= made || load<u32>(NODES + (<usize>leaf << 3)) <= load<u32>(NODES + (<usize>inner << 3)))
      const node = takeLeaf ? leaf++ : inner++
      sum += load<u32>(NODES + (<usize>node << 3))
      store<u32>(NODES + (<usize>node << 3), made, 4)
    }
    store<u32>(NODES + (<usize>made << 3), sum)
    made++
  }
  // Depths from the root down: a parent always has the higher number. The count's place is free by now.
  store<u32>(NODES + (<usize>(made - 1) << 3), 0)
  for (let i = made - 2; i >= 0; i--) {
    const parent = load<u32>(NODES + (<usize>i << 3), 4)
    const depth = load<u32>(NODES + (<usize>parent << 3)) + 1
    store<u32>(NODES + (<usize>i << 3), depth)
    if (i >= leaves) continue
    if (depth > limit) return false
    store<u16>(codes + (load<u32>(SORTED + (<usize>i << 3), 4) << 2), depth, 2)
  }
  return true
}

/** Keeps the last 32 KiB in front of the next piece. */
function slide(length: usize): void {
  const total = filled + length
  if (total <= WINDOW) {
    filled = total
    return
  }
  memory.copy(TEXT, TEXT + total - WINDOW, WINDOW)
  base += <i32>(total - WINDOW)
  filled = WINDOW
}

/** Tables of RFC 1951, 3.2.5. */
function makeSymbols(): void {
  let length = 3
  for (let code = 257; code < 285; code++) {
    const extra = code < 265 ? 0 : (code - 261) >> 2
    for (let value = 0; value < 1 << extra; value++, length++) {
      store<u32>(SYMBOLS + (<usize>length << 2), code | (extra << 16) | (value << 24))
    }
  }
  store<u32>(SYMBOLS + 258 * 4, 285)
  let distance = 0
  for (let code = 0; code < 30; code++) {
    const extra = code < 4 ? 0 : (code >> 1) - 1
    for (let value = 0; value < 1 << extra; value++, distance++) {
      if (distance < 256) store<u8>(DISTANCE_SYMBOLS + distance, code)
      else store<u8>(DISTANCE_SYMBOLS + 256 + (distance >> 7), code)
    }
  }
}
