const blockBytes = 65_536
const hashBits = 12
const mostInCopy = 64

/** Compresses in the block format of Snappy, which has no end mark and no check.
 * https://github.com/google/snappy/blob/main/format_description.txt */
export function snappy(input: Buffer): Buffer {
  const out = new Writer(32 + input.length + Math.ceil(input.length / 6))
  out.varint(input.length)
  for (let start = 0; start < input.length; start += blockBytes) {
    compress(input, { start, end: Math.min(start + blockBytes, input.length) }, out)
  }
  return out.written
}

function compress(input: Buffer, { start, end }: { start: number; end: number }, out: Writer): void {
  /** Where four bytes with a hash were seen last, from `start` on; whether they are the same has still to be looked at. */
  const seen = new Uint16Array(1 << hashBits)
  let literal = start
  let at = start
  while (at + 4 <= end) {
    const word = input.readUInt32LE(at)
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - hashBits)
    const former = start + seen[slot]!
    seen[slot] = at - start
    if (former === at || input.readUInt32LE(former) !== word) {
      at++
      continue
    }
    let length = 4
    while (at + length < end && input[former + length] === input[at + length]) length++
    out.literal(input, literal, at)
    out.copy(at - former, length)
    at += length
    literal = at
  }
  out.literal(input, literal, end)
}

class Writer {
  readonly #bytes: Buffer
  #at = 0

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  varint(value: number): void {
    let rest = value
    for (; rest > 127; rest >>>= 7) this.#byte((rest & 127) | 128)
    this.#byte(rest)
  }

  literal(input: Buffer, from: number, to: number): void {
    if (from === to) return
    const less = to - from - 1
    if (less < 60) this.#byte(less << 2)
    else {
      this.#byte(61 << 2)
      this.#uint16(less)
    }
    this.#at += input.copy(this.#bytes, this.#at, from, to)
  }

  copy(offset: number, length: number): void {
    for (let left = length; left > 0; left -= mostInCopy) {
      this.#byte(((Math.min(left, mostInCopy) - 1) << 2) | 2)
      this.#uint16(offset)
    }
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value
  }

  #uint16(value: number): void {
    this.#at = this.#bytes.writeUInt16LE(value, this.#at)
  }
}
