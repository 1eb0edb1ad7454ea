// AssemblyScript. Deflate (RFC 1951) for log text, built for speed. src/outputs/gzip.ts has the container (RFC 1952) around it.
// Each piece of input becomes one dynamic Huffman block in three passes: match, count, encode. What costs time in such code is
// branches that nobody can predict, a dozen a document, and waiting for the end of one match before the search for the next can
// begin. So match and encode have no branch for whether there is a match, a record is up to four literals and a match or none,
// and match works on both halves of the piece in turns. That makes 0.86 µs a document where token by token took 1.37.
//
// Memory: two hash tables | records | counts | codes | tables for the encoder | text (window, then the piece) | out
// All of it belongs to this module; hash tables have addresses in the text, which move with the window.

const WINDOW: usize = 32768
const PIECE: usize = 262144 // measured: 131072 takes 70 ns more a document, for the code tables
const SEED: usize = 2048
const SAMPLE: usize = 8192 // measured: 4 times as much takes 25 ns more a document and saves 0.2 bytes
const HASH: usize = 1024
const HASH_BITS: u32 = 13 // measured: 12 to 14 take the same time, a bit more saves 0.4 bytes a document
const TABLE: usize = (1 << HASH_BITS) * 4
const RECORDS: usize = HASH + TABLE * 2 // distance - 1 | match length << 16 | literals << 25; each is of 4 bytes of text or more
const COUNTS: usize = RECORDS + PIECE + 256 // literals and lengths 288, distances 32, code lengths 19: u32 each
const DISTANCE_COUNTS: usize = COUNTS + 288 * 4
const LENGTH_COUNTS: usize = DISTANCE_COUNTS + 32 * 4
const CODES: usize = LENGTH_COUNTS + 32 * 4 // code | bits << 16, same order
const DISTANCE_CODES: usize = CODES + 288 * 4
const LENGTH_CODES: usize = DISTANCE_CODES + 32 * 4
const SYMBOLS: usize = LENGTH_CODES + 32 * 4 // by match length: symbol | extra bits << 16 | extra value << 24
const LITERALS: usize = SYMBOLS + 260 * 4 // for the encoder: bits with extra ones | code << 8
const LENGTHS: usize = LITERALS + 256 * 4 // the same by match length, extra value included; 0 is no match
const DISTANCES: usize = LENGTHS + 260 * 4 // the same by symbol; 30 is no match
const MASKS: usize = DISTANCES + 32 * 4 // by number of literals: which of four count
const SORTED: usize = MASKS + 5 * 16
const NODES: usize = SORTED + 320 * 8
const DEPTHS: usize = NODES + 640 * 8 // by bits: how many symbols, then the next code
const TEXT: usize = DEPTHS + 32 * 4
const OUT: usize = TEXT + WINDOW + PIECE + 512

const NO_MATCH: u32 = 0x8000
/** Four literals are written at once: 4 * 12 bits and the 7 that wait fit into 64, and so do the 12 + 5 + 15 + 13 of a match. */
const LITERAL_BITS: usize = 12

let filled: usize = 0
let other: usize = 0
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
  return OUT + PIECE + (PIECE >> 1) + 4096 // a byte takes 12 bits at most, as a literal or in a match
}

/** Begins a body. */
export function begin(): void {
  filled = 0
  other = 0
  bitBuffer = 0
  bitCount = 0
  memory.fill(HASH, 0, TABLE * 2)
  if (load<u32>(SYMBOLS + 258 * 4) == 0) makeSymbols()
}

/** Compresses the `length` bytes at `input()` and returns how many bytes of `output()` are ready. The last piece may be empty. */
export function piece(length: usize, isLast: bool): usize {
  out = OUT
  startCounts(length > 2 * SAMPLE ? 1 : 0)
  const end = match(length)
  huffman(COUNTS, CODES, 286, LITERAL_BITS)
  huffman(DISTANCE_COUNTS, DISTANCE_CODES, 30, 15)
  header(isLast)
  makeTables()
  encode(end)
  put(<u64>load<u16>(CODES + 256 * 4), <u64>load<u16>(CODES + 256 * 4, 2))
  if (isLast) {
    put(0, 7)
    bitCount &= ~(<u64>7)
  }
  slide(length)
  return out - OUT
}

/** Splits the text into records and returns their end. The halves have a table each, for what one finds is out of reach for the
 * other; the second half's goes on with the next piece. */
function match(length: usize): usize {
  const start = TEXT + filled
  const middle = start + (length >> 1)
  const end = start + length
  const tableA = HASH + other
  other ^= TABLE
  const tableB = HASH + other
  for (let at = max<usize>(TEXT, middle - SEED); at < middle; at++) store<u32>(slotOf(tableB, load<u64>(at)), <u32>at)
  let a = start
  let b = middle
  let recordA = RECORDS
  const recordsB = RECORDS + ((length >> 3) << 2) + 64
  let recordB = recordsB
  if (a == TEXT) {
    // Nothing is in front of these: from here on every address in the text is a candidate.
    const literals = min<usize>(4, middle - a)
    store<u32>(recordA, NO_MATCH | (<u32>literals << 25))
    a += literals
    recordA += 4
  }
  while (a < middle - 16 && b < end - 16) {
    a = step(a, middle, tableA, recordA)
    b = step(b, end, tableB, recordB)
    recordA += 4
    recordB += 4
  }
  recordA = finish(a, middle, tableA, recordA)
  recordB = finish(b, end, tableB, recordB)
  count(RECORDS, recordA, start)
  count(recordsB, recordB, middle)
  memory.copy(recordA, recordsB, recordB - recordsB)
  return recordA + recordB - recordsB
}

function finish(start: usize, end: usize, table: usize, record: usize): usize {
  let at = start
  for (; at < end - 16; record += 4) at = step(at, end, table, record)
  for (; at < end; record += 4) {
    const literals = min<usize>(4, end - at)
    store<u32>(record, NO_MATCH | (<u32>literals << 25))
    at += literals
  }
  return record
}

/** Writes one record and returns where it ends: the first of four positions that has a match, or four literals. */
// @ts-ignore: decorator
@inline
function step(at: usize, end: usize, table: usize, record: usize): usize {
  const slot0 = slotOf(table, load<u64>(at))
  const slot1 = slotOf(table, load<u64>(at, 1))
  const slot2 = slotOf(table, load<u64>(at, 2))
  const slot3 = slotOf(table, load<u64>(at, 3))
  // What is out of the window becomes its first bytes, which will hardly match, and if so rightly.
  const first = max<usize>(at - WINDOW + 3, TEXT)
  const from0 = max<usize>(load<u32>(slot0), first)
  const from1 = max<usize>(load<u32>(slot1), first)
  const from2 = max<usize>(load<u32>(slot2), first)
  const from3 = max<usize>(load<u32>(slot3), first)
  store<u32>(slot0, <u32>at)
  store<u32>(slot1, <u32>at + 1)
  store<u32>(slot2, <u32>at + 2)
  store<u32>(slot3, <u32>at + 3)
  const text = v128.load(at)
  let texts = v128.load_zero<u32>(from0)
  texts = v128.load_lane<u32>(from1, texts, 1)
  texts = v128.load_lane<u32>(from2, texts, 2)
  texts = v128.load_lane<u32>(from3, texts, 3)
  const words = i8x16.shuffle(text, text, 0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6)
  const found = i32x4.bitmask(i32x4.eq(words, texts))
  const literals = <usize>ctz(found | 16)
  const from = select(from0, select(from1, select(from2, from3, found & 4), found & 2), found & 1)
  const here = at + literals
  const size = select<usize>(matchLength(here, from, min<usize>(258, end - here)), 0, found)
  const distance = select<u32>(<u32>(here - from) - 1, NO_MATCH, found)
  store<u32>(record, distance | (<u32>size << 16) | (<u32>literals << 25))
  return here + size
}

/** By six bytes: a match of four or five takes as many bits as its literals. */
// @ts-ignore: decorator
@inline
function slotOf(table: usize, word: u64): usize {
  return table + <usize>((((word << 16) * 0x9e3779b185ebca87) >> (64 - HASH_BITS)) << 2)
}

/** How many bytes at `a` and `b` are equal, at most `limit`. Most matches end in the first 32. */
// @ts-ignore: decorator
@inline
function matchLength(a: usize, b: usize, limit: usize): usize {
  let size: usize = 0
  while (true) {
    const low = i8x16.bitmask(i8x16.eq(v128.load(a + size), v128.load(b + size)))
    const high = i8x16.bitmask(i8x16.eq(v128.load(a + size, 16), v128.load(b + size, 16)))
    const same = low | (high << 16)
    if (same != -1) return min<usize>(limit, size + <usize>ctz(~same))
    size += 32
    if (size >= limit) return limit
  }
}

/** When not all records are counted, every symbol needs a code. */
function startCounts(least: u32): void {
  for (let i: usize = 0; i < 286; i++) store<u32>(COUNTS + (i << 2), least)
  for (let i: usize = 0; i < 30; i++) store<u32>(DISTANCE_COUNTS + (i << 2), least)
  memory.fill(LENGTH_COUNTS, 0, 19 * 4)
  store<u32>(COUNTS + 256 * 4, 1)
}

/** Counts the symbols of the first records, a sample: one counts as 16 so that those it has not seen weigh little. */
function count(records: usize, end: usize, start: usize): void {
  let at = start
  for (let record = records; record < end && at < start + SAMPLE; record += 4) {
    const what = load<u32>(record)
    const literals = what >> 25
    const size = (what >> 16) & 0x1ff
    for (let i: usize = 0; i < literals; i++) add(COUNTS + (<usize>load<u8>(at + i) << 2), 16)
    at += literals + size
    if (size == 0) continue
    const distance = what & 0xffff
    add(COUNTS + ((load<u32>(SYMBOLS + (size << 2)) & 0x1ff) << 2), 16)
    add(DISTANCE_COUNTS + (distanceSymbol(distance, extraBits(distance)) << 2), 16)
  }
}

// @ts-ignore: decorator
@inline
function add(at: usize, more: u32): void {
  store<u32>(at, load<u32>(at) + more)
}

/** Of a distance - 1, as in the table of RFC 1951, 3.2.5. No match has the symbol 30. */
// @ts-ignore: decorator
@inline
function extraBits(distance: u32): u32 {
  return 30 - clz(distance | 2)
}

// @ts-ignore: decorator
@inline
function distanceSymbol(distance: u32, extra: u32): u32 {
  return (distance >> extra) + 2 * extra
}

function makeTables(): void {
  for (let i: usize = 0; i < 256; i++) store<u32>(LITERALS + (i << 2), entry(CODES + (i << 2), 0, 0))
  for (let size: usize = 3; size <= 258; size++) {
    const known = load<u32>(SYMBOLS + (size << 2))
    store<u32>(LENGTHS + (size << 2), entry(CODES + ((known & 0x1ff) << 2), (known >> 16) & 0xff, known >> 24))
  }
  for (let i: u32 = 0; i < 30; i++) {
    store<u32>(DISTANCES + (i << 2), entry(DISTANCE_CODES + (i << 2), i < 4 ? 0 : (i >> 1) - 1, 0))
  }
}

function entry(code: usize, extra: u32, value: u32): u32 {
  const bits = <u32>load<u16>(code, 2)
  return (bits + extra) | (<u32>load<u16>(code) << 8) | (value << (8 + bits))
}

function encode(end: usize): void {
  let at = TEXT + filled
  let buffer = bitBuffer
  let count = bitCount
  let into = out
  for (let record = RECORDS; record < end; record += 4) {
    const what = load<u32>(record)
    const text = load<u32>(at)
    const mask = MASKS + ((what >> 25) << 4)
    const literal0 = load<u32>(LITERALS + ((text & 0xff) << 2)) & load<u32>(mask)
    const literal1 = load<u32>(LITERALS + (((text >> 8) & 0xff) << 2)) & load<u32>(mask, 4)
    const literal2 = load<u32>(LITERALS + (((text >> 16) & 0xff) << 2)) & load<u32>(mask, 8)
    const literal3 = load<u32>(LITERALS + ((text >> 24) << 2)) & load<u32>(mask, 12)
    // Bits add up in the low byte, and a shift only looks there.
    const bits2 = literal0 + literal1
    const bits3 = bits2 + literal2
    const codes = <u64>(literal0 >> 8)
      | (<u64>(literal1 >> 8) << literal0)
      | (<u64>(literal2 >> 8) << bits2)
      | (<u64>(literal3 >> 8) << bits3)
    buffer |= codes << count
    count += (bits3 + literal3) & 0xff
    store<u64>(into, buffer)
    into += <usize>(count >> 3)
    buffer >>= count & ~(<u64>7)
    count &= 7

    const size = (what >> 16) & 0x1ff
    at += (what >> 25) + size
    const length = load<u32>(LENGTHS + (size << 2))
    buffer |= <u64>(length >> 8) << count
    count += length & 0xff
    const distance = what & 0xffff
    const extra = extraBits(distance)
    const code = load<u32>(DISTANCES + (distanceSymbol(distance, extra) << 2))
    const bits = code & 0xff
    buffer |= (<u64>(code >> 8) | (<u64>(distance & ((1 << extra) - 1)) << (bits - extra))) << count
    count += bits
    store<u64>(into, buffer)
    into += <usize>(count >> 3)
    buffer >>= count & ~(<u64>7)
    count &= 7
  }
  bitBuffer = buffer
  bitCount = count
  out = into
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
  if (pass == 0) add(LENGTH_COUNTS + (which << 2), 1)
  else put(<u64>load<u16>(LENGTH_CODES + (which << 2)), <u64>load<u16>(LENGTH_CODES + (which << 2), 2))
}

/** Canonical codes of at most `limit` bits, bit-reversed as deflate wants them. */
function huffman(counts: usize, codes: usize, size: i32, limit: usize): void {
  lengths(counts, codes, size, limit)
  memory.fill(DEPTHS, 0, 17 * 4)
  for (let i = 0; i < size; i++) add(DEPTHS + (<usize>load<u16>(codes + (<usize>i << 2), 2) << 2), 1)
  let code: u32 = 0
  for (let bits: usize = 1; bits <= limit; bits++) {
    const symbols = load<u32>(DEPTHS + (bits << 2))
    store<u32>(DEPTHS + (bits << 2), code)
    code = (code + symbols) << 1
  }
  for (let i = 0; i < size; i++) {
    const at = codes + (<usize>i << 2)
    const bits = <u32>load<u16>(at, 2)
    if (bits == 0) continue
    store<u16>(at, reverse(load<u32>(DEPTHS + (bits << 2)), bits))
    add(DEPTHS + (bits << 2), 1)
  }
}

function reverse(code: u32, bits: u32): u32 {
  code = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555)
  code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333)
  code = ((code & 0x0f0f) << 4) | ((code >> 4) & 0x0f0f)
  return (((code & 0xff) << 8) | (code >> 8)) >> (16 - bits)
}

/** Puts the bits of each symbol where its code belongs. */
function lengths(counts: usize, codes: usize, size: i32, limit: usize): void {
  memory.fill(codes, 0, size << 2)
  const rare = collect(counts, size, 0, 1, 1)
  const leaves = collect(counts, size, rare, 2, u32.MAX_VALUE)
  if (leaves <= 1) {
    // A code of one symbol still needs one bit; an unused alphabet gets one code so that every decoder accepts it.
    const only = leaves == 1 ? load<u32>(SORTED) : 0
    store<u16>(codes + (only << 2), 1, 2)
    return
  }
  sort(rare, leaves)
  tree(leaves, limit)
  shorten(limit)
  let leaf = SORTED
  for (let bits = limit; bits > 0; bits--) {
    for (let left = load<u32>(DEPTHS + (bits << 2)); left > 0; left--, leaf += 8) {
      store<u16>(codes + (load<u32>(leaf) << 2), <u16>bits, 2)
    }
  }
}

/** Appends the symbols with such counts to the `leaves` there are. */
function collect(counts: usize, size: i32, leaves: i32, least: u32, most: u32): i32 {
  for (let i = 0; i < size; i++) {
    const count = load<u32>(counts + (<usize>i << 2))
    if (count < least || count > most) continue
    store<u64>(SORTED + (<usize>leaves << 3), (<u64>count << 32) | i)
    leaves++
  }
  return leaves
}

/** By insertion. Most of 286 symbols have a count of 1: moving the others past them all took 150 ns a document. */
function sort(from: i32, leaves: i32): void {
  for (let i = from; i < leaves; i++) {
    const leaf = load<u64>(SORTED + (<usize>i << 3))
    let j = i
    for (; j > from && load<u64>(SORTED + (<usize>(j - 1) << 3)) > leaf; j--) {
      store<u64>(SORTED + (<usize>j << 3), load<u64>(SORTED + (<usize>(j - 1) << 3)))
    }
    store<u64>(SORTED + (<usize>j << 3), leaf)
  }
}

/** Counts the leaves of the Huffman tree by depth. Two queues: leaves by count, and inner nodes, which come out in order by
 * themselves. */
function tree(leaves: i32, limit: usize): void {
  // NODES: count, parent; leaves first, then inner nodes.
  let leaf = 0
  let inner = leaves
  let made = leaves
  for (let i = 0; i < leaves; i++) store<u32>(NODES + (<usize>i << 3), load<u32>(SORTED + (<usize>i << 3), 4))
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
  memory.fill(DEPTHS, 0, 17 * 4)
  store<u32>(NODES + (<usize>(made - 1) << 3), 0)
  for (let i = made - 2; i >= 0; i--) {
    const parent = load<u32>(NODES + (<usize>i << 3), 4)
    const depth = load<u32>(NODES + (<usize>parent << 3)) + 1
    store<u32>(NODES + (<usize>i << 3), depth)
    if (i < leaves) add(DEPTHS + (min<usize>(depth, limit) << 2), 1)
  }
}

/** Leaves deeper than `limit` count as that deep, which is more than there is room for: others go one deeper to make it. */
function shorten(limit: usize): void {
  let room: u32 = 0
  for (let bits: usize = 1; bits <= limit; bits++) room += load<u32>(DEPTHS + (bits << 2)) << <u32>(limit - bits)
  for (; room > <u32>1 << <u32>limit; room--) {
    let bits = limit - 1
    while (load<u32>(DEPTHS + (bits << 2)) == 0) bits--
    add(DEPTHS + (bits << 2), -1)
    add(DEPTHS + ((bits + 1) << 2), 2)
    add(DEPTHS + (limit << 2), -1)
  }
}

/** Keeps the last 32 KiB in front of the next piece. */
function slide(length: usize): void {
  const total = filled + length
  if (total <= WINDOW) {
    filled = total
    return
  }
  const shift = total - WINDOW
  memory.copy(TEXT, TEXT + shift, WINDOW)
  for (let at = HASH; at < HASH + TABLE * 2; at += 16) {
    v128.store(at, i32x4.max_s(i32x4.sub(v128.load(at), i32x4.splat(<i32>shift)), i32x4.splat(0)))
  }
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
  for (let literals: usize = 0; literals <= 4; literals++) memory.fill(MASKS + (literals << 4), 0xff, literals << 2)
}
