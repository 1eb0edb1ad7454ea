import type { Position } from '../../core/source.ts'
import type { Content } from './content.ts'
import { type Fingerprint, isHeadIn } from './head.ts'
import { markerBytes } from './identity.ts'
import { beforeNuls, endsInNuls, leastNuls } from './nul-tail.ts'
import { Trail } from './trail.ts'

/** So many readers of one file, each at its own place, are told apart. */
const places = 8
const noTails: readonly Tail[] = []
/** What stands there now, or will; in use during a call only. */
const seenBytes = Buffer.allocUnsafe(markerBytes)

interface Tail {
  at: Position
  /** The bytes before it, each as a character: a buffer for each of ten thousand files would take twice as much. */
  before: string
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
  #tails = noTails
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
    const { length } = tail.before
    const there = this.#content.read([seenBytes.subarray(0, length), into], at - length) - length
    if (there < 0 || seenBytes.latin1Slice(0, length) !== tail.before) return -1
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
    if (last === undefined || last.before === '') return true
    const { length } = last.before
    const got = this.#content.read([seenBytes.subarray(0, length)], last.at - length)
    return got === length && seenBytes.latin1Slice(0, length) === last.before
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
    const tail = { at, before: '' }
    this.#tails = this.#next === this.#tails.length ? this.#tails.concat(tail) : this.#tails.with(this.#next, tail)
    this.#next = (this.#next + 1) % places
    return tail
  }

  #load(at: Position): Tail | undefined {
    const length = Math.min(at, markerBytes)
    const bytes = seenBytes.subarray(0, length)
    if (this.#content.read([bytes], at - length) < length) return undefined
    const tail = this.#add(at)
    tail.before = bytes.latin1Slice(0, length)
    this.#trail.add(at, bytes)
    return tail
  }

  #advance(tail: Tail, got: number, into: Uint8Array): void {
    const fresh = Math.min(got, markerBytes)
    const kept = Math.min(tail.before.length, markerBytes - fresh)
    const bytes = seenBytes.subarray(0, kept + fresh)
    bytes.latin1Write(tail.before.slice(tail.before.length - kept), 0, kept)
    bytes.set(into.subarray(got - fresh, got), kept)
    tail.before = bytes.latin1Slice(0, bytes.length)
    tail.at += got
    this.#trail.add(tail.at, bytes)
  }
}
