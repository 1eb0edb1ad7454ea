import type { Position } from '../../core/source.ts'
import type { Content } from './content.ts'
import { hashOf, headBytes, markerBytes } from './identity.ts'
import { beforeNuls, endsInNuls } from './nul-tail.ts'

/** By what a generation is known again: the hash of its first `headLength` bytes. */
export interface Fingerprint {
  readonly headLength: number
  readonly head: string
}

/** The first bytes of a file, as many as a fingerprint covers at most. Throws the system's errors. */
export function readHead(content: Content, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.min(headBytes, size))
  const got = content.read([bytes], 0)
  // A hole at the beginning is all there is to know a file by.
  return bytes.subarray(0, beforeNuls(bytes, got) || got)
}

/** There is room for bytes, and none is written yet. Throws the system's errors. */
export function isUnwritten(head: Uint8Array, content: Content, size: number): boolean {
  return head.every(byte => byte === 0) && endsInNuls(content, size)
}

export function fingerprintOf(head: Buffer): Fingerprint {
  return { headLength: head.length, head: hashOf(head) }
}

/** Whether the file begins as it did when the fingerprint was taken. Throws the system's errors. */
export function isHead({ headLength, head }: Fingerprint, content: Content): boolean {
  const bytes = Buffer.allocUnsafe(headLength)
  return content.read([bytes], 0) === headLength && hashOf(bytes) === head
}

/** Whether the first `got` bytes, of as many as there was room for, are such as a file with this fingerprint begins with. */
export function isHeadIn({ headLength, head }: Fingerprint, bytes: Uint8Array, got: number): boolean {
  return got < headLength ? bytes.length < headLength : hashOf(bytes.subarray(0, headLength)) === head
}

/** The fingerprint over more of the head, if it still begins as it did; else the one there is. */
export function longerHead(known: Fingerprint, content: Content, size: number): Fingerprint {
  const { headLength, head } = known
  try {
    const bytes = readHead(content, size)
    const isSame = bytes.length >= headLength && hashOf(bytes.subarray(0, headLength)) === head
    return isSame ? fingerprintOf(bytes) : { headLength, head }
  } catch {
    return { headLength, head }
  }
}

/** The hash of the bytes before a position, by which a cursor's place is known again; empty if they are not all there. Throws the
 * system's errors. */
export function markerOf(content: Content, at: Position): string {
  const bytes = Buffer.allocUnsafe(Math.min(at, markerBytes))
  return content.read([bytes], at - bytes.length) === bytes.length ? hashOf(bytes) : ''
}
