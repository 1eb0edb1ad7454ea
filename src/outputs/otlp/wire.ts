// The wire format of Protocol Buffers, as far as logs need it. A message inside of another has its length before it, which is
// known once it is written: room for the likely size of the length is left, and what was written moves where it needed another.

/** Wire types. */
const Wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** The most bytes of a length. */
export const mostLengthBytes = 5

/** Bytes of a varint below 2^31. */
export function varintBytes(n: number): number {
  if (n < 0x4000) return n < 0x80 ? 1 : 2
  return n < 0x200000 ? 3 : n < 0x10000000 ? 4 : 5
}

/** Writes a varint below 2^32 and returns where it ends. */
export function writeVarint(n: number, into: Uint8Array, at: number): number {
  while (n >= 0x80) {
    into[at++] = (n & 0x7f) | 0x80
    n >>>= 7
  }
  into[at] = n
  return at + 1
}

/** Writes a varint of 64 bits, each half of them from 0 to 2^32 - 1, and returns where it ends. */
export function writeVarint64(low: number, high: number, into: Uint8Array, at: number): number {
  while (high !== 0) {
    into[at++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  return writeVarint(low, into, at)
}

/** Writes the length of what stands in `[at + width, end)` at `at`, and returns where that ends now. */
export function closeLength(into: Buffer, at: number, width: number, end: number): number {
  const length = end - at - width
  const needed = varintBytes(length)
  if (needed !== width) into.copyWithin(at + needed, at + width, end)
  writeVarint(length, into, at)
  return at + needed + length
}

/** Field `number` with a text, or with the bytes of a message: for constant parts. */
export function bytesField(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  const head = Buffer.alloc(1 + mostLengthBytes)
  head[0] = (number << 3) | Wire.bytes
  return Buffer.concat([head.subarray(0, writeVarint(bytes.length, head, 1)), bytes])
}

/** KeyValue with a text. */
export function textAttribute(name: string, value: string): Buffer {
  return keyValue(name, textValue(value))
}

/** AnyValue of a text. */
export function textValue(value: string): Buffer {
  return bytesField(1, value)
}

/** KeyValue with an AnyValue. */
export function keyValue(name: string, value: Uint8Array): Buffer {
  return Buffer.concat([bytesField(1, name), bytesField(2, value)])
}

/** Reads fields one by one. Throws where bytes end too early or are none of the wire format. */
export class WireReader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number
  /** Of the field at hand. */
  number = 0
  wire = 0
  /** Of a varint. */
  value = 0n
  /** Of any other field, without its length: `[start, end)`. */
  start = 0
  end = 0

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Reads the next field; false at the end. */
  next(): boolean {
    if (this.#at >= this.#end) return false
    const tag = Number(this.#varint())
    this.number = tag >>> 3
    this.wire = tag & 7
    if (this.wire === Wire.varint) this.value = this.#varint()
    else if (this.wire === Wire.bytes) this.#span(Number(this.#varint()))
    else if (this.wire === Wire.fixed64) this.#span(8)
    else if (this.wire === Wire.fixed32) this.#span(4)
    else throw new RangeError(`There is no wire type ${this.wire}`)
    return true
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(this.start, this.end)
  }

  get text(): string {
    return this.#bytes.utf8Slice(this.start, this.end)
  }

  /** The message that the field holds. */
  inside(): WireReader {
    return new WireReader(this.#bytes, this.start, this.end)
  }

  #span(length: number): void {
    this.start = this.#at
    this.end = this.#at + length
    if (this.end > this.#end) throw new RangeError('A field ends behind its message')
    this.#at = this.end
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= this.#end) break
      const byte = this.#bytes[this.#at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new RangeError('A number has no end')
  }
}
