import { type Problems, quoted } from '../config/problems.ts'
import { suggestKey, suggestValue } from '../config/suggest.ts'
import type { ListNode, MapNode, Node, Place, ScalarNode } from '../config/tree.ts'
import { readDuration, writeDuration } from '../config/units.ts'
import { oneOf } from '../config/wording.ts'
import { longestMs } from '../logql/units.ts'

/** What a map in a rule file may have. */
interface Known {
  readonly keys: readonly string[]
  /** Keys that Prometheus has and we do not. */
  readonly unsupported?: readonly string[]
  /** How messages name the map: ` in group "a"`. */
  readonly where: string
}

/** A map in a rule file. Reading a key reports what is wrong with its value; unknown keys are reported at once. */
export class Fields {
  readonly at: Place
  readonly #node: MapNode
  readonly #known: Known
  readonly #problems: Problems
  /** Keys that an unknown one was meant to be. */
  readonly #meant = new Set<string>()

  constructor(node: MapNode, known: Known, problems: Problems) {
    this.at = node.at
    this.#node = node
    this.#known = known
    this.#problems = problems
    for (const [key, { keyAt }] of node.entries) if (!known.keys.includes(key)) this.#unknown(key, keyAt)
  }

  get where(): string {
    return this.#known.where
  }

  report(at: Place, message: string): void {
    this.#problems.add(at, message)
  }

  /** Whether the key is there with a value. */
  has(key: string): boolean {
    return this.#valueOf(key) !== undefined
  }

  /** Where the key stands, or else its map. */
  placeOf(key: string): Place {
    return this.#node.entries.get(key)?.keyAt ?? this.at
  }

  /** Reports that one of the keys is needed, unless it is there under another name. */
  missing(...keys: readonly string[]): void {
    if (keys.some(key => this.#meant.has(key))) return
    this.report(this.placeOf(keys[0]!), `Missing ${keys.map(key => `"${key}"`).join(' or ')}${this.where}`)
  }

  scalar(key: string, expected = 'text'): ScalarNode | undefined {
    const node = this.#valueOf(key)
    if (node === undefined) return undefined
    if (node.kind === 'scalar') return node.broken ? undefined : node
    return this.#wrongKind(key, node, expected)
  }

  /** A scalar that is no empty text. */
  name(key: string): ScalarNode | undefined {
    const node = this.scalar(key)
    if (node?.text !== '') return node
    this.report(node.at, `Cannot use "" for "${key}"${this.where}: it needs a name`)
    return undefined
  }

  /** A scalar; undefined where a list or a map may stand as well, and does. */
  text(key: string): ScalarNode | undefined {
    return this.#valueOf(key)?.kind === 'scalar' ? this.scalar(key) : undefined
  }

  list(key: string): ListNode | undefined {
    const node = this.#valueOf(key)
    return node === undefined || node.kind === 'list' ? node : this.#wrongKind(key, node, 'a list')
  }

  /** The maps of a list; what else stands in it is reported. */
  maps(key: string): MapNode[] {
    return (this.list(key)?.items ?? []).flatMap(node => {
      if (node.kind === 'map') return [node]
      this.report(node.at, `Cannot use this for "${key}"${this.where}: expected a map`)
      return []
    })
  }

  map(key: string): MapNode | undefined {
    const node = this.#valueOf(key)
    return node === undefined || node.kind === 'map' ? node : this.#wrongKind(key, node, 'a map')
  }

  /** Milliseconds, ten years at most, or undefined. */
  duration(key: string, least = 0): number | undefined {
    const node = this.scalar(key)
    if (node === undefined) return undefined
    const reading = readDuration(node.text)
    if ('value' in reading && reading.value >= least && reading.value <= longestMs) return reading.value
    const bound = 'value' in reading && reading.value < least ? `at least ${writeDuration(least)}` : 'at most 10y'
    const why = 'value' in reading ? bound : reading.refused
    this.report(node.at, `Cannot use ${quoted(node.written)} for "${key}"${this.where}: ${why}`)
    return undefined
  }

  choice<T extends string>(key: string, values: readonly T[]): T | undefined {
    const node = this.scalar(key)
    const value = values.find(value => value === node?.text)
    if (node === undefined || value !== undefined) return value
    const meant = suggestValue(node.text, values)
    const rest = meant === undefined ? `expected ${oneOf(values)}` : `did you mean "${meant}"?`
    this.report(node.at, `Cannot use ${quoted(node.written)} for "${key}"${this.where}: ${rest}`)
    return undefined
  }

  /** A key without a value counts as left out. */
  #valueOf(key: string): Node | undefined {
    const node = this.#node.entries.get(key)?.node
    return node?.kind === 'scalar' && node.value === null && !node.broken ? undefined : node
  }

  #unknown(key: string, at: Place): void {
    const { keys, unsupported = [], where } = this.#known
    if (unsupported.includes(key)) return this.report(at, `Cannot use "${key}"${where}: it is not supported`)
    const meant = suggestKey(key, keys)
    if (meant !== undefined) this.#meant.add(meant)
    const rest = meant === undefined ? `known are ${oneOf(keys)}` : `did you mean "${meant}"?`
    this.report(at, `Unknown key ${quoted(key)}${where}: ${rest}`)
  }

  #wrongKind(key: string, node: Node, expected: string): undefined {
    const shown = node.kind === 'scalar' ? quoted(node.written) : `a ${node.kind}`
    const isReported = node.kind === 'scalar' && node.broken
    if (!isReported) this.report(node.at, `Cannot use ${shown} for "${key}"${this.where}: expected ${expected}`)
    return undefined
  }
}
