import { holds, Side, sideOf } from './sides.ts'
import type { Assertion } from './syntax.ts'
import type { GroupProgram } from './tree.ts'

const Kind = { byte: 0, choice: 1, border: 2, assertion: 3, match: 4 } as const
/** By byte. */
const sides = Uint8Array.from({ length: 256 }, (_, byte) => sideOf(byte))

/** Steps for each byte of a row, and for any row: together less than 100 ms for a megabyte. */
const stepsPerByte = 6
const stepsPerRow = 200_000
/** Bits that say which choices were tried where. */
const mostBits = 1 << 25
/** Numbers on the stack: enough for a repeat of a megabyte. */
const mostDepth = 1 << 22
/** What one large row needed is not kept for the next. */
const keptNumbers = 1 << 16

/**
 * Finds groups of any pattern by trying its ways in the order of preference. A choice is tried at a place only once, so it takes no more
 * than a step for each choice and byte; rows that take many count as none that match.
 */
export class Backtracker {
  readonly names: readonly string[]
  /** Where groups begin and end, -1 where they took no part. */
  readonly slots: Int32Array
  readonly #kinds: Uint8Array
  readonly #next: Int32Array
  /** Of a choice the other way, of a border its slot. */
  readonly #other: Int32Array
  readonly #bytes: (Uint8Array | undefined)[]
  readonly #assertions: (Assertion | undefined)[]
  /** Of a choice its number. */
  readonly #numbers: Int32Array
  readonly #choices: number
  readonly #start: number
  /** 1 for bytes that a match may begin with; undefined where it may be empty, or depends on what stands around. */
  readonly #beginnings: Uint8Array | undefined
  readonly #isBound: boolean
  #tried = new Uint32Array(1024)
  /** Pairs: a node and a place, or the complement of a slot and what stood in it. */
  #stack = new Int32Array(1024)
  #left = 0

  constructor({ nodes, start, groups }: GroupProgram) {
    this.names = groups
    this.slots = new Int32Array(groups.length * 2)
    this.#start = start
    this.#kinds = Uint8Array.from(nodes, ({ kind }) => Kind[kind])
    this.#next = Int32Array.from(nodes, node => ('next' in node ? node.next : -1))
    this.#other = Int32Array.from(nodes, node => {
      if (node.kind === 'choice') return node.other
      return node.kind === 'border' ? node.slot : -1
    })
    this.#bytes = nodes.map(node => (node.kind === 'byte' ? node.bytes : undefined))
    this.#assertions = nodes.map(node => (node.kind === 'assertion' ? node.what : undefined))
    let choices = 0
    this.#numbers = Int32Array.from(nodes, ({ kind }) => (kind === 'choice' ? choices++ : -1))
    this.#choices = choices
    this.#beginnings = this.#beginningsFrom(start)
    this.#isBound = nodes[start]!.kind === 'assertion' && this.#assertions[start] === 'begin'
  }

  /** The last row took too many steps. */
  get gaveUp(): boolean {
    return this.#left < 0
  }

  /** Whether something in `bytes[start, end)` matches; `slots` then say where the groups of the first match are. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start
    const bits = this.#choices * (length + 1)
    this.#left = bits > mostBits ? -1 : stepsPerByte * length + stepsPerRow
    if (this.gaveUp) return false
    this.#prepare((bits >>> 5) + 1)
    return this.#findFrom(bytes, start, start, end)
  }

  /** The same for a match that begins at `from` or behind, once `find` has found one in these bytes that ends there or before: together they
   * take no more steps than one alone. */
  findNext(bytes: Uint8Array, from: number, start: number, end: number): boolean {
    if (this.gaveUp || from > end) return false
    // what was tried further on led to nothing, but here the match before may have ended
    for (let number = 0; number < this.#choices; number++) {
      const bit = number * (end - start + 1) + from - start
      this.#tried[bit >>> 5]! &= ~(1 << (bit & 31))
    }
    return this.#findFrom(bytes, from, start, end)
  }

  #findFrom(bytes: Uint8Array, from: number, start: number, end: number): boolean {
    this.slots.fill(-1)
    const beginnings = this.#beginnings
    const last = this.#isBound ? start : end
    for (let at = from; at <= last; at++) {
      if (beginnings !== undefined && (at === end || beginnings[bytes[at]!] === 0)) continue
      if (this.#isMatchAt(bytes, at, start, end)) return true
      if (this.#left < 0) return false
    }
    return false
  }

  #prepare(words: number): void {
    if (this.#stack.length > keptNumbers) this.#stack = new Int32Array(keptNumbers)
    if (words > this.#tried.length || this.#tried.length > keptNumbers)
      this.#tried = new Uint32Array(Math.max(words, 1024))
    else for (let word = 0; word < words; word++) this.#tried[word] = 0
  }

  #isMatchAt(bytes: Uint8Array, from: number, start: number, end: number): boolean {
    const kinds = this.#kinds
    const length = end - start + 1
    let depth = 0
    let node = this.#start
    let at = from
    for (;;) {
      if (--this.#left < 0) return false
      let isLost = false
      switch (kinds[node]) {
        case Kind.byte:
          isLost = at >= end || this.#bytes[node]![bytes[at]!] === 0
          at++
          break
        case Kind.choice: {
          const bit = this.#numbers[node]! * length + at - start
          isLost = (this.#tried[bit >>> 5]! & (1 << (bit & 31))) !== 0
          if (isLost) break
          this.#tried[bit >>> 5]! |= 1 << (bit & 31)
          depth = this.#push(depth, this.#other[node]!, at)
          break
        }
        case Kind.border: {
          const slot = this.#other[node]!
          depth = this.#push(depth, ~slot, this.slots[slot]!)
          this.slots[slot] = at
          break
        }
        case Kind.assertion: {
          const before = at > start ? sides[bytes[at - 1]!]! : Side.edge
          isLost = !holds(this.#assertions[node]!, before, at < end ? sides[bytes[at]!]! : Side.edge)
          break
        }
        default:
          return true
      }
      if (!isLost) {
        node = this.#next[node]!
        continue
      }
      for (;;) {
        if (depth === 0) return false
        at = this.#stack[--depth]!
        node = this.#stack[--depth]!
        if (node >= 0) break
        this.slots[~node] = at
      }
    }
  }

  #push(depth: number, what: number, at: number): number {
    if (depth === mostDepth) {
      this.#left = 0
      return depth
    }
    if (depth + 2 > this.#stack.length) {
      const larger = new Int32Array(this.#stack.length * 2)
      larger.set(this.#stack)
      this.#stack = larger
    }
    this.#stack[depth] = what
    this.#stack[depth + 1] = at
    return depth + 2
  }

  #beginningsFrom(start: number): Uint8Array | undefined {
    const beginnings = new Uint8Array(256)
    const seen = new Set<number>()
    const open = [start]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node)) continue
      seen.add(node)
      const kind = this.#kinds[node]
      if (kind === Kind.match || kind === Kind.assertion) return undefined
      if (kind === Kind.byte) for (let byte = 0; byte < 256; byte++) beginnings[byte]! |= this.#bytes[node]![byte]!
      else open.push(this.#next[node]!)
      if (kind === Kind.choice) open.push(this.#other[node]!)
    }
    return beginnings
  }
}
