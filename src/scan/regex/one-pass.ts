import type { GroupProgram, Node } from './tree.ts'

/** Tables of more places are left to the backtracker: they would not stay in the cache. */
const mostPlaces = 1 << 16
/** An entry: the place behind, whether that is a loop, the action on the way. */
const loopBit = 1 << 8
const placeBits = 9
const mostActions = loopBit
/** An action: nothing but what leads to itself comes, so the rest of the row need not be looked at. */
const toEnd = 1

/** What a way through nodes that take no byte comes to. */
interface Way {
  readonly node: number
  readonly slots: readonly number[]
  readonly atEnd: boolean
}

/** What happens in a state. */
interface State {
  /** By byte: the node behind it and the slots to note, or undefined. */
  readonly next: (Way | undefined)[]
  /** Where the row ends here. */
  readonly end: Way | undefined
  /** Wherever the row goes on. */
  readonly match: Way | undefined
}

/**
 * Finds groups of patterns in which each byte says which way to go: most that describe a whole line do, as their parts end at a
 * character that they can not have. One look-up a byte.
 */
export class OnePass {
  readonly names: readonly string[]
  /** It never does. */
  readonly gaveUp = false
  /** Where groups begin and end, -1 where they took no part. */
  readonly slots: Int32Array
  readonly #table: Int32Array
  readonly #classes: Uint8Array
  readonly #actions: readonly Int32Array[]
  /** By place of a state that bytes lead to itself: where in `#loops` it stands which ones. */
  readonly #loopAt: Int32Array
  readonly #loops: Uint8Array
  /** By place: the action of a match at the end of the row, and of one before; -1 where there is none. */
  readonly #ends: Int32Array
  readonly #matches: Int32Array

  private constructor(tables: Tables, names: readonly string[]) {
    this.names = names
    this.slots = new Int32Array(names.length * 2)
    this.#table = tables.table
    this.#classes = tables.classes
    this.#actions = tables.actions
    this.#loopAt = tables.loopAt
    this.#loops = tables.loops
    this.#ends = tables.ends
    this.#matches = tables.matches
  }

  /** Undefined where a pattern is none of these, or not bound to the start of the row. */
  static of(program: GroupProgram): OnePass | undefined {
    const states = statesOf(program)
    const tables = states && tablesOf(states)
    return tables && new OnePass(tables, program.groups)
  }

  /** Whether `bytes[start, end)` matches; `slots` then say where the groups are. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    const table = this.#table
    const classes = this.#classes
    const { slots } = this
    for (let slot = 0; slot < slots.length; slot++) slots[slot] = -1
    let state = 0
    for (let at = start; at < end; ) {
      const entry = table[state + classes[bytes[at]!]!]!
      if (entry < 0) return this.#finish(this.#matches[state]!, at)
      state = entry >> placeBits
      const action = entry & (mostActions - 1)
      if (action !== 0) {
        const noted = this.#actions[action]!
        for (let i = 1; i < noted.length; i++) slots[noted[i]!] = at
        if (noted[0] === toEnd) break
      }
      at++
      if ((entry & loopBit) !== 0) at = this.#pastLoop(state, bytes, at, end)
    }
    return this.#finish(this.#ends[state]!, end)
  }

  /** These bytes need not wait for each other. measured: 1.1 ns each, by the table 4.4. */
  #pastLoop(state: number, bytes: Uint8Array, at: number, end: number): number {
    const loops = this.#loops
    const loop = this.#loopAt[state]!
    while (at < end && loops[loop + bytes[at]!] === 1) at++
    return at
  }

  #finish(action: number, at: number): boolean {
    if (action < 0) return false
    const noted = this.#actions[action]!
    for (let i = 1; i < noted.length; i++) this.slots[noted[i]!] = at
    return true
  }
}

/** States by the node that they stand at, the first one first; undefined where a byte leaves several ways. */
function statesOf(program: GroupProgram): Map<number, State> | undefined {
  const unbound = waysFrom(program.nodes, program.start, false)
  if (unbound === undefined || unbound.length > 0) return undefined
  const states = new Map<number, State>()
  const open = [-1]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (states.has(node)) continue
    const ways = waysFrom(program.nodes, node === -1 ? program.start : node, node === -1)
    const state = ways && stateOf(program.nodes, ways)
    if (state === undefined) return undefined
    states.set(node, state)
    for (const way of state.next) if (way !== undefined) open.push(way.node)
  }
  return [...states.values()].every(state => isSettled(state, states)) ? states : undefined
}

/** Once there is a match, a longer one is found byte by byte, or not at all: nothing is to go back to. */
function isSettled({ match, next }: State, states: ReadonlyMap<number, State>): boolean {
  if (match === undefined) return true
  return next.every(way => way === undefined || states.get(way.node)!.match !== undefined)
}

function stateOf(nodes: readonly Node[], ways: readonly Way[]): State | undefined {
  const next: (Way | undefined)[] = Array(256).fill(undefined)
  let end: Way | undefined
  for (const way of ways) {
    const node = nodes[way.node]!
    if (node.kind === 'match') {
      end ??= way
      // ways behind it are not preferred to it
      if (!way.atEnd) return { next, end, match: way }
    } else if (node.kind === 'byte' && !way.atEnd) {
      const behind = { ...way, node: node.next }
      for (let byte = 0; byte < 256; byte++) {
        if (node.bytes[byte] === 0) continue
        if (next[byte] !== undefined) return undefined
        next[byte] = behind
      }
    }
  }
  return { next, end, match: undefined }
}

/** Ways to bytes and matches in the order of preference. Undefined where a node can be come to twice, or looks at what stands around. */
function waysFrom(nodes: readonly Node[], from: number, isStart: boolean): Way[] | undefined {
  const ways: Way[] = []
  const seen = new Set<number>()
  const open: Way[] = [{ node: from, slots: [], atEnd: false }]
  for (let way = open.pop(); way !== undefined; way = open.pop()) {
    const { slots } = way
    if (seen.has(way.node)) return undefined
    seen.add(way.node)
    const node = nodes[way.node]!
    if (node.kind === 'byte' || node.kind === 'match') ways.push(way)
    else if (node.kind === 'border') open.push({ ...way, node: node.next, slots: [...slots, node.slot] })
    else if (node.kind === 'choice') open.push({ ...way, node: node.other }, { ...way, node: node.next })
    else if (node.what === 'begin') {
      if (isStart) open.push({ ...way, node: node.next })
    } else if (node.what === 'end') open.push({ ...way, node: node.next, atEnd: true })
    else return undefined
  }
  return ways
}

interface Tables {
  readonly table: Int32Array
  readonly classes: Uint8Array
  readonly actions: readonly Int32Array[]
  readonly loopAt: Int32Array
  readonly loops: Uint8Array
  readonly ends: Int32Array
  readonly matches: Int32Array
}

/** Undefined where they would be too large. */
function tablesOf(states: ReadonlyMap<number, State>): Tables | undefined {
  const { classes, samples } = classesOf([...states.values()])
  const count = samples.length
  if (states.size * count > mostPlaces) return undefined
  const places = new Map([...states.keys()].map((node, index) => [node, index * count]))
  const actions = new Map<string, Int32Array>([['0,', Int32Array.of(0)]])
  const actionOf = (slots: readonly number[], what = 0): number => {
    const key = `${what},${slots.join()}`
    if (!actions.has(key)) actions.set(key, Int32Array.of(what, ...slots))
    return [...actions.keys()].indexOf(key)
  }
  const [table, loopAt, ends, matches] = Array.from({ length: 4 }, () => new Int32Array(states.size * count).fill(-1))
  const loops = [...states].map(([node, { next }]) => Uint8Array.from(next, way => (isLoop(way, node) ? 1 : 0)))
  for (const [index, [node, { next, end, match }]] of [...states].entries()) {
    const place = places.get(node)!
    loopAt![place] = loops[index]!.includes(1) ? index * 256 : -1
    if (end !== undefined) ends![place] = actionOf(end.slots)
    if (match !== undefined) matches![place] = actionOf(match.slots)
    for (const [number, byte] of samples.entries()) {
      const way = next[byte]
      if (way === undefined) continue
      const behind = states.get(way.node)!.next
      const action = actionOf(way.slots, behind.every(after => isLoop(after, way.node)) ? toEnd : 0)
      const loop = behind.some(after => isLoop(after, way.node)) ? loopBit : 0
      table![place + number] = (places.get(way.node)! << placeBits) | loop | action
    }
  }
  if (actions.size > mostActions) return undefined
  const own = { table: table!, loopAt: loopAt!, ends: ends!, matches: matches! }
  return { ...own, classes, actions: [...actions.values()], loops: Buffer.concat(loops) }
}

function isLoop(way: Way | undefined, node: number): boolean {
  return way !== undefined && way.node === node && way.slots.length === 0
}

/** Bytes that lead the same way in all states are of one class. */
function classesOf(states: readonly State[]): { classes: Uint8Array; samples: number[] } {
  const classes = new Uint8Array(256)
  let samples = [0]
  for (const { next } of states) {
    const known = new Map<Way | undefined, Map<number, number>>()
    const finer: number[] = []
    for (let byte = 0; byte < 256; byte++) {
      const way = next[byte]
      if (!known.has(way)) known.set(way, new Map())
      const numbers = known.get(way)!
      const number = numbers.get(classes[byte]!) ?? finer.push(byte) - 1
      numbers.set(classes[byte]!, number)
      classes[byte] = number
    }
    samples = finer
  }
  return { classes, samples }
}
