// Document ids: source (16) + position (9) + length (5) + salt and check (6) = 36 digits of URL-safe Base64. Elasticsearch stores
// an id of that alphabet, if its length is a multiple of four, in three quarters of its length.

export const idLength = 36
const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Digits behind the source id. */
export const idTail = 20

const digits = Uint8Array.from(Buffer.from(idAlphabet))
/** Two digits at a time, low byte first. */
export const base64Pairs = Uint16Array.from({ length: 4096 }, (_, n) => digits[n >> 6]! | (digits[n & 63]! << 8))
const twoTo30 = 0x40000000

/** Writes the 20 digits behind the source id. */
export function writeIdTail(position: number, length: number, check: number, into: DataView, at: number): void {
  let high = 0
  let low = position
  if (position >= twoTo30) {
    high = Math.floor(position / twoTo30)
    low = position - high * twoTo30
  }
  into.setUint16(at, base64Pairs[(high >>> 12) & 4095]!, true)
  into.setUint16(at + 2, base64Pairs[high & 4095]!, true)
  write30(low, into, at + 4)
  write30(length, into, at + 9)
  into.setUint8(at + 14, digits[(check >>> 30) & 3]!)
  write30(check, into, at + 15)
}

function write30(n: number, into: DataView, at: number): void {
  into.setUint8(at, digits[(n >>> 24) & 63]!)
  into.setUint16(at + 1, base64Pairs[(n >>> 12) & 4095]!, true)
  into.setUint16(at + 3, base64Pairs[n & 4095]!, true)
}

/** A check over 32 bytes of a row, taken in eight groups of four that spread over it, so that a source that was taken for
 * another one gives another id. */
export function checkOf(bytes: DataView, start: number, end: number): number {
  const length = end - start
  let hash = Math.imul(length, 0x9e3779b1)
  if (length < 32) {
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes.getUint8(i), 0x85ebca6b)
  } else {
    const step = (length - 4) >> 3
    for (let i = start, n = 0; n < 7; n++, i += step) {
      hash = Math.imul(hash ^ bytes.getInt32(i, true), 0x85ebca6b)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ bytes.getInt32(end - 4, true), 0x85ebca6b)
  }
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 13)
}

/** The next of the 16 ids that one row can have: the salt is in the upper four bits of the first check digit. */
export function saltedId(id: string): string {
  const at = idLength - 6
  const digit = idAlphabet.indexOf(id[at]!)
  return id.slice(0, at) + idAlphabet[(digit + 4) & 63]! + id.slice(at + 1)
}
