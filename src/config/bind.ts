import type { z } from 'zod'
import { kinds } from './option-types.ts'
import { acceptsNothing, fits, isArray, isChoice, isObject, isRecord, isUnion, literalOf, unwrapped } from './unwrap.ts'
import { type Environment, resolvePath } from './paths.ts'
import { type Problems, quoted } from './problems.ts'
import { stepNames, type Variants, variants } from './schema.ts'
import { ownerOf, suggestKey, suggestValue } from './suggest.ts'
import { oneOf, toSnake, whereOf, type Path } from './wording.ts'
import { isEmpty, type Entry, type MapNode, type Node, type Place, type ScalarNode } from './tree.ts'

type Schema = z.ZodType
/**
 * Lays a tree against a schema: turns it into the value that zod checks, with keys in camelCase and paths resolved, and
 * remembers where each part stands. Mistakes in keys and in names of components are reported here, where the right names are
 * known; zod finds the rest.
 */
export class Binding {
  readonly value: unknown
  /** Scalars that are queries. */
  readonly queries: ScalarNode[] = []
  /** Scalars that are templates. */
  readonly templates: ScalarNode[] = []
  /** Scalars that are patterns. */
  readonly patterns: { readonly path: Path; readonly node: ScalarNode }[] = []
  /** Files whose contents are options, and where they are named. */
  readonly files: { readonly path: Path; readonly file: string }[] = []
  readonly #problems: Problems
  readonly #env: Environment
  readonly #nodes = new Map<string, Node>()
  /** What is reported already, with everything below. */
  readonly #settled = new Set<string>()

  constructor(tree: MapNode, schema: Schema, { problems, env }: { problems: Problems; env: Environment }) {
    this.#problems = problems
    this.#env = env
    this.value = this.#bind(tree, schema, [])
  }

  nodeAt(path: Path): Node | undefined {
    return this.#nodes.get(idOf(path))
  }

  /** Where to point to for a mistake at this path: the value, or what should hold it. */
  placeOf(path: Path): Place {
    for (let length = path.length; ; length--) {
      const node = this.nodeAt(path.slice(0, length))
      if (node) return node.at
    }
  }

  /** Whether a mistake at this path is only the consequence of one that is reported. */
  isSettled(path: Path): boolean {
    return path.some((_, index) => this.#settled.has(idOf(path.slice(0, index + 1))))
  }

  report(path: Path, message: string, at: Place = this.placeOf(path)): undefined {
    this.#settled.add(idOf(path))
    this.#problems.add(at, message)
  }

  #bind(node: Node, schema: Schema, path: Path): unknown {
    this.#nodes.set(idOf(path), node)
    if (node.kind === 'scalar' && node.broken) {
      this.#settled.add(idOf(path))
      return undefined
    }
    const inner = unwrapped(schema)
    const omitted = isEmpty(node) || (node.kind === 'scalar' && node.substituted && node.text === '')
    if (omitted) return this.#bindEmpty(node, schema, path)
    if (isObject(inner) && node.kind === 'map') return this.#bindObject(node, inner, path)
    if (isChoice(inner) && (node.kind === 'map' || isName(node, inner)))
      return this.#bindVariant(asMap(node), inner, path)
    if (isRecord(inner) && node.kind === 'map') return this.#bindRecord(node, inner, path)
    if (isArray(inner) && node.kind === 'list') {
      return node.items.map((item, index) => this.#bind(item, inner.element as Schema, [...path, index]))
    }
    if (isUnion(inner)) {
      const option = inner.options.find(option => fits(unwrapped(option), node))
      if (option) return this.#bind(node, option, path)
    }
    const kind = kinds.get(inner)?.kind
    if (kind === 'query') this.#noteQuery(node, path)
    if (kind === 'template' && node.kind === 'scalar') this.templates.push(node)
    if (kind === 'pattern' && node.kind === 'scalar') this.patterns.push({ path, node })
    const value = node.kind === 'scalar' ? scalarFor(node, inner, this.#env) : plain(node)
    if (kind === 'file' && typeof value === 'string') this.files.push({ path, file: value })
    return value
  }

  #noteQuery(node: Node, path: Path): void {
    if (node.kind === 'scalar') this.queries.push(node)
    else this.report(path, `Put the query in single quotes: ${toSnake(String(path.at(-1)))}: '{level="error"}'`)
  }

  /** A key without a value, or one whose `${VAR:-}` came to nothing, counts as left out; where a map belongs, as an empty one. */
  #bindEmpty(node: Node, schema: Schema, path: Path): unknown {
    const inner = unwrapped(schema)
    const map: MapNode = { kind: 'map', at: node.at, entries: new Map() }
    if (isObject(inner) || isRecord(inner) || isChoice(inner)) return this.#bind(map, schema, path)
    if (acceptsNothing(schema)) return undefined
    return this.report(path, `Missing value for "${toSnake(String(path.at(-1)))}"${whereOf(path.slice(0, -1))}`)
  }

  #bindRecord(node: MapNode, schema: z.ZodRecord, path: Path): unknown {
    const bound = [...node.entries].map(([key, entry]) => [
      key,
      this.#bind(entry.node, schema.valueType as Schema, [...path, key])
    ])
    return Object.fromEntries(bound)
  }

  #bindObject(node: MapNode, schema: z.ZodObject, path: Path): unknown {
    const shape = schema.shape as Record<string, Schema>
    const keys = new Map(Object.keys(shape).map(key => [toSnake(key), key]))
    const bound: Record<string, unknown> = {}
    for (const [name, entry] of node.entries) {
      const key = keys.get(name)
      if (key === undefined) {
        const meant = this.#unknownKey(name, entry, stepNames.get(schema)?.names ?? [...keys.keys()], path)
        if (meant !== undefined && !node.entries.has(meant))
          this.#settled.add(idOf([...path, keys.get(meant) ?? meant]))
        continue
      }
      const value = this.#bind(entry.node, shape[key]!, [...path, key])
      if (value !== undefined) bound[key] = value
    }
    return bound
  }

  #unknownKey(name: string, { keyAt }: Entry, known: readonly string[], path: Path): string | undefined {
    const meant = suggestKey(name, known)
    const rest = meant === undefined ? `known are ${oneOf(known)}` : `did you mean "${meant}"?`
    const owner = ownerOf(name, path[0])
    const hint = owner === undefined ? '' : ` "${name}" belongs to ${owner}`
    this.#problems.add(keyAt, `Unknown key ${quoted(name)}${whereOf(path)}: ${rest}${hint}`)
    return meant
  }

  #bindVariant(node: MapNode, schema: z.ZodDiscriminatedUnion<z.ZodObject[]>, path: Path): unknown {
    const { key, what, names } = variants.get(schema) as Variants
    const options = schema.options
    const name = this.#chosen(node, key, path)
    if (name === undefined) return this.#unchosen(node, { key, names }, path)
    if (!names.includes(name.text)) {
      const meant = suggestValue(name.text, names)
      const rest = meant === undefined ? `known are ${oneOf(names)}` : `did you mean "${meant}"?`
      this.#nodes.set(idOf([...path, key]), name)
      if (!name.broken) this.#problems.add(name.at, `Unknown ${what} ${quoted(name.written)}: ${rest}`)
      this.#settled.add(idOf(path))
      return undefined
    }
    const option = options.find(option => literalOf(option, key) === name.text)
    if (!option) throw new Error(`Cannot find ${what} "${name.text}" among those loaded`)
    return { ...(this.#bindObject(node, option, path) as object), [key]: name.text }
  }

  /** The scalar that names the component, also behind a misspelt key. */
  #chosen(node: MapNode, key: string, path: Path): ScalarNode | undefined {
    const entry = node.entries.get(key) ?? [...node.entries].find(([name]) => suggestKey(name, [key]) === key)?.[1]
    if (entry?.node.kind !== 'scalar' || entry.node.text === '') return undefined
    this.#nodes.set(idOf([...path, key]), entry.node)
    return entry.node
  }

  #unchosen(node: MapNode, { key, names }: Pick<Variants, 'key' | 'names'>, path: Path): undefined {
    this.report(path, `Missing "${key}"${whereOf(path)}: one of ${oneOf(names)}`, node.at)
  }
}

/** `parser: json` is short for `parser: { use: json }`. */
function isName(node: Node, schema: z.ZodDiscriminatedUnion<z.ZodObject[]>): node is ScalarNode {
  return node.kind === 'scalar' && variants.get(schema)?.key === 'use'
}

function asMap(node: MapNode | ScalarNode): MapNode {
  return node.kind === 'map'
    ? node
    : { kind: 'map', at: node.at, entries: new Map([['use', { keyAt: node.at, node }]]) }
}

function idOf(path: Path): string {
  return path.join('\0')
}

/** A scalar of a text option stays text when it was put in from outside: a password of digits is no number. */
function scalarFor(node: ScalarNode, schema: Schema, env: Environment): unknown {
  const kind = kinds.get(schema)?.kind
  const isText = ['string', 'enum'].includes(schema.def.type) || kind === 'address'
  const value = isText && (node.substituted || node.value === null) ? node.text : node.value
  const isPath = kind === 'path' || kind === 'file'
  return isPath && typeof value === 'string' && value !== '' ? resolvePath(value, node.at.file, env) : value
}

function plain(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plain)
  return Object.fromEntries([...node.entries].map(([key, { node }]) => [key, plain(node)]))
}
