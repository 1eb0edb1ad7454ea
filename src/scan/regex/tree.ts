import { isIn, pairsOf, rangesOf, type Ranges } from './ranges.ts'
import { type Assertion, type Pattern, PatternFault } from './syntax.ts'
import { type ByteRanges, bytesAsTheyAre, bytesOf, replacement } from './utf8.ts'

/** Enough for anything a person writes; a hostile pattern is refused within milliseconds. */
const mostNodes = 20_000

/** A node of a program over bytes that notes where groups begin and end. `bytes` has 1 for each byte that leads on. Of the two ways out of
 * a choice the first is preferred. */
export type Node =
  | { readonly kind: 'byte'; readonly bytes: Uint8Array; readonly next: number }
  | { readonly kind: 'choice'; next: number; other: number }
  | { readonly kind: 'assertion'; readonly what: Assertion; readonly next: number }
  | { readonly kind: 'border'; readonly slot: number; readonly next: number }
  | { readonly kind: 'match' }

export interface GroupProgram {
  readonly nodes: readonly Node[]
  readonly start: number
  /** Names of groups in their order; that of number n has the slots 2n and 2n + 1. */
  readonly groups: readonly string[]
}

/**
 * Makes a program of a pattern. A repeat of nearly any character passes bytes as they are, also those that are no character. `isExact`: no
 * group ends inside of a character, and one that is broken is as U+FFFD; else that is so only where a byte leaves no choice. Throws
 * `PatternFault`.
 */
export function groupProgramOf(pattern: Pattern, isExact: boolean): GroupProgram {
  const builder = new Builder(groupsIn(pattern), isExact)
  const start = builder.build(pattern, builder.add({ kind: 'match' }))
  return { nodes: builder.nodes, start, groups: builder.groups }
}

function groupsIn(pattern: Pattern): string[] {
  if (pattern.kind === 'group') return [pattern.name, ...groupsIn(pattern.part)]
  if (pattern.kind === 'repeat') return groupsIn(pattern.part)
  return 'parts' in pattern ? pattern.parts.flatMap(groupsIn) : []
}

/** Nodes are made from the end to the beginning, so that what follows is always known. */
class Builder {
  readonly nodes: Node[] = []
  readonly groups: readonly string[]
  readonly #isExact: boolean
  /** Many nodes have the same. */
  readonly #sets = new Map<string, Uint8Array>()

  constructor(groups: readonly string[], isExact: boolean) {
    this.groups = groups
    this.#isExact = isExact
  }

  add(node: Node): number {
    if (this.nodes.length === mostNodes)
      throw new PatternFault('it is too large: its repeats are written out, and the parts are too many')
    return this.nodes.push(node) - 1
  }

  build(pattern: Pattern, next: number): number {
    switch (pattern.kind) {
      case 'set':
        return this.#set(pattern.ranges, next)
      case 'sequence':
        return pattern.parts.reduceRight((after, part) => this.build(part, after), next)
      case 'choice':
        return this.#choice(pattern.parts.map(part => this.build(part, next)))
      case 'assertion':
        return this.add({ kind: 'assertion', what: pattern.what, next })
      case 'group':
        return this.#group(pattern, next)
      default:
        return this.#repeat(pattern, next)
    }
  }

  #group({ name, part }: Pattern & { kind: 'group' }, next: number): number {
    const slot = 2 * this.groups.indexOf(name)
    const inner = this.build(part, this.add({ kind: 'border', slot: slot + 1, next }))
    return this.add({ kind: 'border', slot, next: inner })
  }

  #choice(ways: readonly number[]): number {
    return ways.reduceRight((other, next) => this.add({ kind: 'choice', next, other }))
  }

  #set(ranges: Ranges, next: number): number {
    const pairs = pairsOf(ranges)
    const ascii = pairs
      .filter(([first]) => first < 0x80)
      .map(([first, last]): [number, number] => [first, Math.min(last, 0x7f)])
    const beyond = rangesOf(
      pairs.filter(([, last]) => last >= 0x80).map(([first, last]) => [Math.max(first, 0x80), last])
    )
    const ways = ascii.length > 0 || beyond.length === 0 ? [this.#byte(ascii, next)] : []
    if (beyond.length > 0) ways.push(this.#sequences(bytesOf(beyond), next))
    return this.#choice(this.#isExact && isIn(ranges, replacement) ? [...ways, ...this.#broken(next)] : ways)
  }

  /** What decoders take for one broken character: a beginning that does not go on, and a byte that can not stand where it does. */
  #broken(next: number): number[] {
    const cut = this.add({ kind: 'assertion', what: 'cut', next })
    const second = this.#byte([[0x80, 0xbf]], cut)
    return [
      this.#byte([[0xc2, 0xf4]], cut),
      this.#byte([[0xe0, 0xf4]], second),
      this.#byte([[0xf0, 0xf4]], this.#byte([[0x80, 0xbf]], second)),
      this.#byte(
        [
          [0xc0, 0xc1],
          [0xf5, 0xff]
        ],
        next
      ),
      this.add({ kind: 'assertion', what: 'stray', next: this.#byte([[0x80, 0xbf]], next) })
    ]
  }

  #byte(pairs: ByteRanges, next: number): number {
    const key = pairs.join(' ')
    const bytes = this.#sets.get(key) ?? new Uint8Array(256)
    if (!this.#sets.has(key)) for (const [first, last] of pairs) bytes.fill(1, first, last + 1)
    this.#sets.set(key, bytes)
    return this.add({ kind: 'byte', bytes, next })
  }

  /** Sequences that begin alike go on from one node. */
  #sequences(sequences: readonly ByteRanges[], next: number): number {
    if (sequences[0]?.length === 0) return next
    const groups = Map.groupBy(sequences, ([range]) => range!.join())
    const ways = [...groups.values()].map(group => {
      const rest = group.map(sequence => sequence.slice(1))
      return this.#byte([group[0]![0]!], this.#sequences(rest, next))
    })
    return this.#choice(ways)
  }

  #repeat({ part, min, max, isLazy }: Pattern & { kind: 'repeat' }, next: number): number {
    const bytes = part.kind === 'set' && !(this.#isExact && isLazy) ? bytesAsTheyAre(part.ranges) : undefined
    if (max !== Infinity) {
      let after = next
      for (let i = min; i < max; i++) after = this.#either(this.build(part, after), next, isLazy)
      for (let i = 0; i < min; i++) after = this.build(part, after)
      return after
    }
    const head = this.add({ kind: 'choice', next: -1, other: -1 })
    const inner = bytes === undefined ? this.build(part, head) : this.#byte(bytes, head)
    const loop = this.nodes[head] as Node & { kind: 'choice' }
    loop.next = isLazy ? next : inner
    loop.other = isLazy ? inner : next
    if (min === 0) return head
    let after = this.#isExact ? head : inner
    for (let i = this.#isExact ? 0 : 1; i < min; i++) after = this.build(part, after)
    return after
  }

  #either(part: number, next: number, isLazy: boolean): number {
    return this.add({ kind: 'choice', next: isLazy ? next : part, other: isLazy ? part : next })
  }
}
