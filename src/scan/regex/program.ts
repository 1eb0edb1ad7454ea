import { isIn, type Ranges } from './ranges.ts'
import { type Assertion, type Pattern, PatternFault } from './syntax.ts'
import { type ByteRanges, bytesAsTheyAre, bytesOf, replacement } from './utf8.ts'

/** Enough for anything a person writes; a hostile pattern is refused within milliseconds. */
const mostNodes = 4000

/** `next` of a choice are its ways out; of the others there is one. */
export type ProgramNode =
  | { readonly kind: 'byte'; readonly first: number; readonly last: number; readonly next: number }
  | { readonly kind: 'choice'; readonly next: readonly number[] }
  | { readonly kind: 'assertion'; readonly what: Assertion; readonly next: number }
  | { readonly kind: 'match' }

/** A non-deterministic automaton over bytes. */
export interface Program {
  readonly nodes: readonly ProgramNode[]
  readonly start: number
  /** Of nodes in copies of an optional part: nodes of one family stand at the same place of the copies, and the one with the lowest
   * rank can do all that the others can. Zero: none. */
  readonly family: Int32Array
  readonly rank: Int32Array
}

/** Whether a pattern is searched for, or must match all of a text. */
export type Use = 'search' | 'whole'

export function programOf(pattern: Pattern, use: Use): Program {
  const builder = new ProgramBuilder()
  const match = builder.add({ kind: 'match' })
  const start = startOf(pattern, builder, { use, match })
  return { nodes: builder.nodes, start, ...builder.families() }
}

function startOf(pattern: Pattern, builder: ProgramBuilder, { use, match }: { use: Use; match: number }): number {
  if (use === 'whole') return builder.assertion('begin', builder.build(pattern, builder.assertion('end', match)))
  return builder.loop(next => builder.byte(0, 0xff, next), builder.build(pattern, match))
}

/** Nodes are made from the end to the beginning, so that what follows is always known. */
class ProgramBuilder {
  readonly nodes: ProgramNode[] = []
  readonly #families: { node: number; family: number; rank: number }[] = []
  #familyCount = 0
  /** Bytes that lead to the same node: parts of many characters end alike. */
  #bytes = new Map<string, number>()

  add(node: ProgramNode): number {
    if (this.nodes.length === mostNodes)
      throw new PatternFault('it is too large: its repeats are written out, and the parts are too many')
    return this.nodes.push(node) - 1
  }

  byte(first: number, last: number, next: number): number {
    const key = `${first} ${last} ${next}`
    const known = this.#bytes.get(key)
    if (known !== undefined) return known
    const node = this.add({ kind: 'byte', first, last, next })
    this.#bytes.set(key, node)
    return node
  }

  assertion(what: Assertion, next: number): number {
    return this.add({ kind: 'assertion', what, next })
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
        return this.assertion(pattern.what, next)
      case 'group':
        return this.build(pattern.part, next)
      default:
        return this.#repeat(pattern, next)
    }
  }

  /** `part` any number of times, then `next`. */
  loop(part: (next: number) => number, next: number, isLazy = false): number {
    const ways: number[] = []
    const head = this.add({ kind: 'choice', next: ways })
    ways.push(...inOrder(part(head), next, isLazy))
    return head
  }

  families(): Pick<Program, 'family' | 'rank'> {
    const family = new Int32Array(this.nodes.length)
    const rank = new Int32Array(this.nodes.length)
    // of an optional part in an optional part the outer one counts, which comes last
    for (const one of this.#families) {
      family[one.node] = one.family
      rank[one.node] = one.rank
    }
    return { family, rank }
  }

  #choice(next: readonly number[]): number {
    return next.length === 1 ? next[0]! : this.add({ kind: 'choice', next })
  }

  #set(ranges: Ranges, next: number): number {
    const characters = this.#sequences(bytesOf(ranges), next)
    return isIn(ranges, replacement) ? this.#choice([characters, ...this.#broken(next)]) : characters
  }

  /** What decoders take for one broken character: a beginning that does not go on, and a byte that can not stand where it does. Of several
   * bytes that continue nothing, the first alone. */
  #broken(next: number): number[] {
    const cut = this.assertion('cut', next)
    const second = this.byte(0x80, 0xbf, cut)
    return [
      this.byte(0xc2, 0xf4, cut),
      this.byte(0xe0, 0xf4, second),
      this.byte(0xf0, 0xf4, this.byte(0x80, 0xbf, second)),
      this.byte(0xc0, 0xc1, next),
      this.byte(0xf5, 0xff, next),
      this.assertion('stray', this.byte(0x80, 0xbf, next))
    ]
  }

  /** Sequences that begin alike go on from one node. */
  #sequences(sequences: readonly ByteRanges[], next: number): number {
    if (sequences[0]?.length === 0) return next
    const groups = Map.groupBy(sequences, ([range]) => range!.join())
    const ways = [...groups.values()].map(group => {
      const [first, last] = group[0]![0]!
      return this.byte(
        first,
        last,
        this.#sequences(
          group.map(sequence => sequence.slice(1)),
          next
        )
      )
    })
    return this.#choice(ways)
  }

  #repeat(repeat: Pattern & { kind: 'repeat' }, next: number): number {
    const { part, min, max } = repeat
    let after = max === Infinity ? this.#endless(repeat, next) : this.#optional(repeat, next)
    for (let i = 0; i < min; i++) after = this.build(part, after)
    return after
  }

  /** A loop over nearly any character takes bytes as they are: it is smaller, and passes bytes that are not UTF-8. */
  #endless({ part, isLazy }: Pattern & { kind: 'repeat' }, next: number): number {
    const bytes = part.kind === 'set' ? bytesAsTheyAre(part.ranges) : undefined
    if (bytes === undefined) return this.loop(head => this.build(part, head), next, isLazy)
    const each = (head: number): number => this.#choice(bytes.map(([first, last]) => this.byte(first, last, head)))
    return this.loop(each, next, isLazy)
  }

  /** `part` as often as it may come beyond what it must. */
  #optional({ part, min, max, isLazy }: Pattern & { kind: 'repeat' }, next: number): number {
    const most = max - min
    const outer = this.#bytes
    const firstFamily = this.#familyCount + 1
    let after = next
    for (let left = 1; left <= most; left++) {
      // nodes of all copies must come in the same order, so none is shared with others
      this.#bytes = new Map()
      const from = this.nodes.length
      const copy = this.build(part, after)
      for (let node = from; node < this.nodes.length; node++) {
        this.#families.push({ node, family: firstFamily + node - from, rank: most - left })
      }
      this.#familyCount = Math.max(this.#familyCount, firstFamily + this.nodes.length - from)
      after = this.add({ kind: 'choice', next: inOrder(copy, next, isLazy) })
    }
    this.#bytes = outer
    return after
  }
}

function inOrder(part: number, next: number, isLazy: boolean): number[] {
  return isLazy ? [next, part] : [part, next]
}
