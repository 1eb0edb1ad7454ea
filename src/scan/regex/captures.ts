import type { Program, ProgramNode } from './program.ts'
import { isIn } from './ranges.ts'
import { holdsBetween } from './sides.ts'

/** Steps for one line, each a fraction of a microsecond. Enough for lines of some ten thousand characters. */
const mostSteps = 250_000

/** Places of groups, in pairs: where number n begins and ends, -1 where it took no part. Never changed, so that threads share them. */
type Places = readonly number[]

/** Ways through the program that are at the same place, in the order of preference. */
class Threads {
  readonly nodes: number[] = []
  readonly places: Places[] = []
  /** The arrays keep their length: to empty them would give their memory away. */
  count = 0

  push(node: number, places: Places): void {
    this.nodes[this.count] = node
    this.places[this.count++] = places
  }
}

/**
 * Finds what the groups of a pattern match, in time that grows with the text alone: all ways through the program are followed at
 * once. `Automaton` is much faster, and says whether it is worth while.
 */
export class Captures {
  readonly #program: Program
  readonly #none: Places
  /** Nodes that were come to at the place at hand. */
  readonly #seen: Int32Array
  /** Characters of ASCII that a match may begin with, or which may stand behind an empty one. */
  readonly #beginnings: Uint8Array
  #stamp = 0
  #steps = 0
  #line = ''
  /** Those that wait for the character at hand, and those that come behind it. */
  readonly #waiting = new Threads()
  readonly #next = new Threads()
  readonly #stack = new Threads()

  constructor(program: Program) {
    this.#program = program
    this.#none = Array<number>(program.groups.length * 2).fill(-1)
    this.#seen = new Int32Array(program.nodes.length)
    this.#beginnings = beginningsOf(program)
  }

  /** The first match; undefined where nothing matches; `tooLong` where it would take too long to say. */
  find(line: string): Places | undefined | 'tooLong' {
    this.#line = line
    this.#steps = 0
    this.#next.count = 0
    let best: Places | undefined
    for (let at = 0; ; ) {
      const code = line.codePointAt(at) ?? -1
      const mayBegin = best === undefined && (code < 0 || code > 0x7f || this.#beginnings[code] === 1)
      best = this.#open(at, code, mayBegin) ?? best
      if (this.#steps > mostSteps) return 'tooLong'
      if (code < 0 || (this.#waiting.count === 0 && best !== undefined)) return best
      this.#pass(code)
      at += code > 0xffff ? 2 : 1
    }
  }

  /** Follows everything that takes no character. Returns the match that is come to: behind it only what is preferred to it goes on. */
  #open(at: number, code: number, mayBegin: boolean): Places | undefined {
    const { nodes, places, count } = this.#next
    this.#waiting.count = 0
    this.#stamp++
    this.#steps++
    for (let i = 0; i < count; i++) {
      const match = this.#follow(nodes[i]!, places[i]!, { at, code })
      if (match !== undefined) return match
    }
    return mayBegin ? this.#follow(this.#program.start, this.#none, { at, code }) : undefined
  }

  #follow(from: number, begun: Places, { at, code }: { at: number; code: number }): Places | undefined {
    const { nodes } = this.#program
    const stack = this.#stack
    stack.count = 0
    stack.push(from, begun)
    while (stack.count > 0) {
      const index = stack.nodes[--stack.count]!
      const places = stack.places[stack.count]!
      if (this.#seen[index] === this.#stamp) continue
      this.#seen[index] = this.#stamp
      this.#steps++
      const node: ProgramNode = nodes[index]!
      if (node.kind === 'match') return places
      if (node.kind === 'set') this.#waiting.push(index, places)
      else if (node.kind === 'choice') for (let i = node.next.length - 1; i >= 0; i--) stack.push(node.next[i]!, places)
      else if (node.kind === 'border') stack.push(node.next, withPlace(places, node.slot, at))
      else if (node.kind === 'assertion' && holdsBetween(node.what, this.#before(at), code))
        stack.push(node.next, places)
    }
    return undefined
  }

  #pass(code: number): void {
    const { nodes, places, count } = this.#waiting
    const program = this.#program.nodes
    this.#next.count = 0
    this.#steps += count
    for (let i = 0; i < count; i++) {
      const node = program[nodes[i]!]!
      if (node.kind !== 'set') continue
      if (code < 0x80 ? node.ascii[code] === 1 : isIn(node.ranges, code)) this.#next.push(node.next, places[i]!)
    }
  }

  /** -1 at the beginning. Of a character of two units the second one does: it is no word's. */
  #before(at: number): number {
    return at === 0 ? -1 : this.#line.charCodeAt(at - 1)
  }
}

function withPlace(places: Places, slot: number, at: number): Places {
  const changed = places.slice()
  changed[slot] = at
  return changed
}

function beginningsOf({ nodes, start }: Program): Uint8Array {
  const beginnings = new Uint8Array(128)
  const seen = new Set<number>()
  const open = [start]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue
    seen.add(index)
    const node = nodes[index]!
    if (node.kind === 'match') return beginnings.fill(1)
    if (node.kind === 'set') for (let code = 0; code < 128; code++) beginnings[code]! |= node.ascii[code]!
    else if (node.kind === 'choice') open.push(...node.next)
    else open.push(node.next)
  }
  return beginnings
}
