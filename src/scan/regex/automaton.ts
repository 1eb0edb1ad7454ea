import type { Program } from './program.ts'
import { holds, holdsBehind, Side, sideOf, told } from './sides.ts'
import { PatternFault } from './syntax.ts'

/** A table of them stays in the cache of the processor. */
const mostStates = 2500
/** Steps of building, each a few nanoseconds. */
const mostWork = 10_000_000

/** The number of these states; a place in the table is the number times the row length. */
const dead = 0
const accept = 1

/**
 * A deterministic automaton over bytes: one look-up a byte, whatever the pattern and the text. It is built as a whole when the
 * pattern is loaded, so that a pattern that would take too much is refused there.
 */
export class Automaton {
  readonly #table: Int32Array
  readonly #classes: Uint8Array
  readonly #start: number
  readonly #accept: number
  /** By place in the table: whether a text that ends here matches. */
  readonly #ends: Uint8Array

  constructor(program: Program) {
    const { table, classes, classCount, ends } = new AutomatonBuilder(program).build()
    this.#table = table
    this.#classes = classes
    this.#start = 2 * classCount
    this.#accept = accept * classCount
    this.#ends = ends
  }

  /** Whether `bytes[start, end)` matches. */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    const table = this.#table
    const classes = this.#classes
    const lastOfFixed = this.#accept
    let state = this.#start
    for (let i = start; i < end; i++) {
      state = table[state + classes[bytes[i]!]!]!
      if (state <= lastOfFixed) return state === lastOfFixed
    }
    return this.#ends[state] === 1
  }
}

/** Nodes where the automaton may be, in order; none but bytes and assertions that are still open. */
interface State {
  readonly nodes: readonly number[]
  readonly before: number
  /** Some of them are assertions. */
  readonly isOpen: boolean
}

class AutomatonBuilder {
  readonly #program: Program
  readonly #states: State[] = []
  readonly #known = new Map<string, number>()
  readonly #classes: Uint8Array
  /** A byte of each class. */
  readonly #samples: number[]
  readonly #seen: Int32Array
  #stamp = 0
  #work = 0
  /** Of the last `#close`: it came to the end of the pattern. */
  #isMatch = false

  constructor(program: Program) {
    this.#program = program
    this.#seen = new Int32Array(program.nodes.length)
    const { classes, samples } = classesOf(program)
    this.#classes = classes
    this.#samples = samples
  }

  build(): { table: Int32Array; classes: Uint8Array; classCount: number; ends: Uint8Array } {
    const classCount = this.#samples.length
    const rows: Int32Array[] = []
    // numbers 0 and 1 stand for themselves
    const none = { nodes: [], before: Side.other, isOpen: false }
    this.#states.push(none, none)
    this.#start()
    for (let state = accept + 1; state < this.#states.length; state++) {
      const row = new Int32Array(classCount)
      for (let one = 0; one < classCount; one++) row[one] = this.#after(this.#states[state]!, this.#samples[one]!)
      rows.push(row)
    }
    const ends = new Uint8Array(this.#states.length * classCount)
    for (let state = accept + 1; state < this.#states.length; state++) {
      ends[state * classCount] = this.#isEnd(this.#states[state]!) ? 1 : 0
    }
    const table = tableOf(rows, ends, classCount)
    return { table, classes: this.#classes, classCount, ends }
  }

  #start(): void {
    const number = this.#numberOf([this.#program.start], Side.edge)
    if (number > accept) return
    // it matches everything or nothing: a state that says so, whatever comes
    this.#states.push({ nodes: number === accept ? [-1] : [], before: Side.other, isOpen: false })
  }

  /** The number of the state behind a byte. */
  #after({ nodes, before, isOpen }: State, byte: number): number {
    if (nodes[0] === -1) return accept
    const now = isOpen ? this.#close(nodes, before, sideOf(byte)) : nodes
    if (isOpen && this.#isMatch) return accept
    const next: number[] = []
    for (const index of now) {
      const node = this.#program.nodes[index]!
      if (node.kind === 'byte' && byte >= node.first && byte <= node.last) next.push(node.next)
    }
    return this.#numberOf(next, sideOf(byte))
  }

  #isEnd({ nodes, before }: State): boolean {
    if (nodes[0] === -1) return true
    this.#close(nodes, before, Side.edge)
    return this.#isMatch
  }

  #numberOf(from: readonly number[], before: number): number {
    const nodes = this.#reduced(this.#close(from, before, -1))
    if (this.#isMatch) return accept
    if (nodes.length === 0) return dead
    const isOpen = nodes.some(index => this.#program.nodes[index]!.kind === 'assertion')
    const key = `${isOpen ? before : ''}:${nodes.join()}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#states.length === mostStates)
      throw new PatternFault(
        `it takes more than ${mostStates} states: use fewer or smaller repeats, as ".*" for ".{20}"`
      )
    this.#known.set(key, this.#states.length)
    return this.#states.push({ nodes, before, isOpen }) - 1
  }

  /** Follows choices, and assertions as far as what stands on both sides is known (`after` -1: not yet). */
  #close(from: readonly number[], before: number, after: number): number[] {
    const { nodes } = this.#program
    const stamp = ++this.#stamp
    const found: number[] = []
    const open = [...from]
    this.#isMatch = false
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.#seen[index] === stamp) continue
      this.#seen[index] = stamp
      if (++this.#work > mostWork) throw new PatternFault('it is too large: use fewer or smaller repeats')
      const node = nodes[index]!
      if (node.kind === 'match') this.#isMatch = true
      else if (node.kind === 'byte') found.push(index)
      else if (node.kind === 'choice') for (const next of node.next) open.push(next)
      else {
        const isTrue = after < 0 ? holdsBehind(node.what, before) : holds(node.what, before, after)
        if (isTrue === undefined) found.push(index)
        else if (isTrue) open.push(node.next)
      }
    }
    return found.sort((a, b) => a - b)
  }

  /** Without nodes that can do nothing that another one can't. */
  #reduced(nodes: number[]): number[] {
    const { family, rank } = this.#program
    const best = new Map<number, number>()
    for (const node of nodes) {
      const known = best.get(family[node]!)
      if (family[node] !== 0 && (known === undefined || rank[node]! < known)) best.set(family[node]!, rank[node]!)
    }
    if (best.size === 0) return nodes
    return nodes.filter(node => family[node] === 0 || rank[node] === best.get(family[node]!))
  }
}

/** Rows as one table of places. A state from which nothing matches any more becomes `dead`. */
function tableOf(rows: readonly Int32Array[], ends: Uint8Array, classCount: number): Int32Array {
  const states = rows.length + 2
  const from: number[][] = Array.from({ length: states }, () => [])
  const isAlive = new Uint8Array(states)
  const open = [accept]
  for (const [index, row] of rows.entries()) {
    for (const next of row) from[next]!.push(index + 2)
    if (ends[(index + 2) * classCount] === 1) open.push(index + 2)
  }
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (isAlive[state] === 1) continue
    isAlive[state] = 1
    open.push(...from[state]!)
  }
  const table = new Int32Array(states * classCount)
  for (const [index, row] of rows.entries()) {
    for (let one = 0; one < classCount; one++) {
      const next = row[one]!
      table[(index + 2) * classCount + one] = isAlive[next] === 1 ? next * classCount : dead
    }
  }
  return table
}

/** Bytes that the program never tells apart are one class. */
function classesOf({ nodes }: Program): { classes: Uint8Array; samples: number[] } {
  const borders = new Set([0])
  const cut = (first: number, last: number): void => {
    borders.add(first)
    if (last < 0xff) borders.add(last + 1)
  }
  for (const node of nodes) {
    if (node.kind === 'byte') cut(node.first, node.last)
    else if (node.kind === 'assertion') for (const [first, last] of told[node.what]) cut(first, last)
  }
  const samples = [...borders].sort((a, b) => a - b)
  const classes = new Uint8Array(256)
  for (let byte = 0, one = -1; byte < 256; byte++) {
    if (samples[one + 1] === byte) one++
    classes[byte] = one
  }
  return { classes, samples }
}
