import type { Position } from '../../core/source.ts'
import type { Content } from './content.ts'
import { type Fingerprint, isHeadIn } from './head.ts'
import { markerBytes } from './identity.ts'
import { beforeNuls, endsInNuls, leastNuls } from './nul-tail.ts'
import { Trail } from './trail.ts'

/** So many readers of one file, each at its own place, are told apart. */
const places = 8
/** What stands there now; in use during a call only. */
const seenBytes = Buffer.allocUnsafe(markerBytes)

interface Tail {
  at: Position
  length: number
  readonly bytes: Buffer
}

/**
 * Reads on where a read ended, and proves in the same system call that the bytes before still are the ones that were read. So a
 * file that is truncated and has grown past the old place between two looks at it is never read on in the middle.
 */
export class Tails {
  /** The last read came to NULs at the end of the file, which it left there. */
  endsInNuls = false
  readonly #content: Content
  readonly #fingerprint: Fingerprint | undefined
  #tails: readonly Tail[] = []
  readonly #trail = new Trail()
  #next = 0

  /** `fingerprint`: bytes that begin otherwise are others than those that were to be read. */
  constructor(content: Content, fingerprint?: Fingerprint) {
    this.#content = content
    this.#fingerprint = fingerprint
  }

  /** The number of bytes read, or -1 if other bytes than those that were read stand before `at`. NULs that a file of this size
   * ends with are left there, for others may take their place; Infinity: none will. Throws the system's errors. */
  read(at: Position, into: Uint8Array, size: Position): number {
    if (at === 0) {
      const got = this.#written(0, into, this.#content.read([into], 0), size)
      if (got > 0 && this.#fingerprint && !isHeadIn(this.#fingerprint, into, got)) return -1
      if (got > 0) this.#advance(this.#at(0) ?? this.#add(0), got, into)
      return got
    }
    const tail = this.#at(at) ?? (this.isIntact() ? this.#load(at) : undefined)
    if (tail === undefined) return -1
    const seen = seenBytes.subarray(0, tail.length)
    const there = this.#content.read([seen, into], at - tail.length) - tail.length
    if (there < 0 || seen.compare(tail.bytes, 0, tail.length) !== 0) return -1
    const got = this.#written(at, into, there, size)
    if (got > 0) this.#advance(tail, got, into)
    return got
  }

  load(at: Position): void {
    if (at > 0) this.#load(at)
  }

  /** Whether the bytes before the farthest place still are the ones that were read. Throws the system's errors. */
  isIntact(): boolean {
    let last: Tail | undefined
    for (const tail of this.#tails) if (last === undefined || tail.at > last.at) last = tail
    if (last === undefined || last.length === 0) return true
    const seen = seenBytes.subarray(0, last.length)
    const got = this.#content.read([seen], last.at - last.length)
    return got === last.length && seen.compare(last.bytes, 0, last.length) === 0
  }

  /** Whether bytes that were read here stand at the same place of another file, as far as that one goes; undefined if none were. Throws
   * the system's errors. */
  standIn(content: Content, size: number): boolean | undefined {
    return this.#trail.standsIn(content, size)
  }

  #written(at: Position, into: Uint8Array, got: number, size: Position): number {
    const written = size === Infinity ? got : beforeNuls(into, got)
    const end = at + got
    // in the middle of a file they are a hole
    this.endsInNuls = got - written >= leastNuls && (end >= size || endsInNuls(this.#content, size, end))
    return this.endsInNuls ? written : got
  }

  #at(at: Position): Tail | undefined {
    for (const tail of this.#tails) if (tail.at === at) return tail
    return undefined
  }

  #add(at: Position): Tail {
    const tail = { at, length: 0, bytes: Buffer.allocUnsafe(markerBytes) }
    this.#tails = this.#next === this.#tails.length ? this.#tails.concat(tail) : this.#tails.with(this.#next, tail)
    this.#next = (this.#next + 1) % places
    return tail
  }

  #load(at: Position): Tail | undefined {
    const length = Math.min(at, markerBytes)
    const bytes = Buffer.allocUnsafe(markerBytes)
    if (this.#content.read([bytes.subarray(0, length)], at - length) < length) return undefined
    const tail = this.#add(at)
    bytes.copy(tail.bytes, 0, 0, length)
    tail.length = length
    this.#trail.add(at, tail.bytes.subarray(0, length))
    return tail
  }

  #advance(tail: Tail, got: number, into: Uint8Array): void {
    const fresh = Math.min(got, markerBytes)
    const kept = Math.min(tail.length, markerBytes - fresh)
    tail.bytes.copyWithin(0, tail.length - kept, tail.length)
    tail.bytes.set(into.subarray(got - fresh, got), kept)
    tail.length = kept + fresh
    tail.at += got
    this.#trail.add(tail.at, tail.bytes.subarray(0, tail.length))
  }
}
