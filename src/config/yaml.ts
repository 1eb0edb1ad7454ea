import {
  type Alias,
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type ParsedNode
} from 'yaml'
import type { CST, Document, Scalar, YAMLError, YAMLMap } from 'yaml'
import type { Problems } from './problems.ts'
import { substitute, typed, type Variables } from './substitute.ts'
import { suggestKey } from './suggest.ts'
import type { Entry, MapNode, Node, Place, ScalarNode } from './tree.ts'

/** Far above any configuration a person writes, and low enough that a hostile file is refused within milliseconds. */
const maxTokens = 30_000
const maxDepth = 64
const maxNodes = 10_000
const maxErrors = 20
const maxTokenLength = 64 * 1024

/** What is known of a file before it is read. */
interface About {
  readonly file: string
  /** What its `${…}` stand for; without, they are text like any other. */
  readonly variables?: Variables
  /** What a file of its kind begins with, and keys that it may have at its top; without, any. */
  readonly begins?: string
  readonly known?: readonly string[]
}

/** Reads one file. The tree holds what could be understood, or is undefined where the text is not YAML at all. */
export function readTree(text: string, about: About, problems: Problems): MapNode | undefined {
  const lines = new LineCounter()
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file: about.file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  try {
    const document = compose(text, lines)
    const seen = new Set<number>()
    for (const error of [...document.errors, ...document.warnings].slice(0, maxErrors)) {
      const at = place(error.pos[0])
      // The first of a line is the mistake, the others follow from it.
      if (!seen.has(at.line)) problems.add(at, sentenceOf(error, text))
      seen.add(at.line)
    }
    if (document.errors.length > 0) return undefined
    return new Reader(document, { ...about, text, problems, place }).root()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    problems.add(place(error.offset), error.message)
    return undefined
  }
}

class Refused extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** The composer is recursive, so depth and number of tokens are limited before it sees them. */
function* tokens(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let count = 0
  let offset = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > maxTokens) throw new Refused('Cannot read this file: it is far too large for a configuration', offset)
    if (lexeme.length > maxTokenLength) throw new Refused('Cannot read this value: it is longer than 64KiB', offset)
    yield* parser.next(lexeme)
    if (parser.stack.length > maxDepth * 2) {
      throw new Refused(`Cannot read this file: it is nested more than ${maxDepth} deep`, offset)
    }
    offset += lexeme.length
  }
  yield* parser.end()
}

function compose(text: string, lines: LineCounter): Document.Parsed {
  const composer = new Composer({ lineCounter: lines, merge: false, uniqueKeys: false, version: '1.2', schema: 'core' })
  const all = [...tokens(text, lines)]
  const [first, second] = composer.compose(all, true, text.length)
  if (second) throw new Refused('Cannot read more than one document in a file: remove the "---"', second.range[0])
  return first!
}

interface Context extends About {
  readonly text: string
  readonly problems: Problems
  readonly place: (offset: number) => Place
}

/** Turns syntax into a tree: replaces `${…}`, follows aliases, refuses what YAML allows and a configuration does not need. */
class Reader {
  readonly #document: Document.Parsed
  readonly #context: Context
  readonly #open = new Set<unknown>()
  readonly #anchors = new Map<string, ParsedNode>()
  #nodes = 0

  constructor(document: Document.Parsed, context: Context) {
    this.#document = document
    this.#context = context
  }

  root(): MapNode | undefined {
    const { contents } = this.#document
    const { problems, place, begins = 'version: 1', known } = this.#context
    if (contents === null) return { kind: 'map', at: place(0), entries: new Map() }
    const at = place(contents.range[0])
    const isOther = known !== undefined && isMap(contents) && !hasKeyOf(contents, known)
    const node = isOther ? undefined : this.#node(contents, at)
    if (node?.kind === 'map') return node
    if (isOther || node) problems.add(at, `Cannot read this file: it must be a map that begins with "${begins}"`)
    return undefined
  }

  #node(node: ParsedNode, keyAt: Place): Node | undefined {
    const at = this.#context.place(node.range[0])
    if (++this.#nodes > maxNodes) {
      throw new Refused('Cannot read this file: its aliases expand to far too much', node.range[0])
    }
    if (isAlias(node)) return this.#alias(node, at, keyAt)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return this.#scalar(node, node.source === '' && node.type === 'PLAIN' ? keyAt : at)
    this.#open.add(node)
    const result = isMap(node) ? this.#map(node, at) : isSeq(node) ? this.#list(node.items, at) : undefined
    this.#open.delete(node)
    return result
  }

  #alias(alias: Alias.Parsed, at: Place, keyAt: Place): Node | undefined {
    const target = this.#anchors.get(alias.source)
    if (target && !this.#open.has(target)) return this.#node(target, keyAt)
    const reason = target ? 'it is inside of what it stands for' : 'no such anchor before it'
    this.#context.problems.add(at, `Cannot follow alias "*${alias.source}": ${reason}`)
    return {
      kind: 'scalar',
      at,
      value: null,
      text: '',
      raw: '',
      written: `*${alias.source}`,
      substituted: false,
      broken: true
    }
  }

  #list(items: readonly ParsedNode[], at: Place): Node {
    return { kind: 'list', at, items: items.flatMap(item => this.#node(item, at) ?? []) }
  }

  #map(map: YAMLMap.Parsed, at: Place): MapNode {
    const entries = new Map<string, Entry>()
    for (const { key, value } of map.items) {
      const keyAt = this.#context.place(key.range[0])
      const name = isScalar(key) ? key.source : undefined
      const refused = refuseKey(name, entries)
      if (name === undefined || refused !== undefined) {
        this.#context.problems.add(keyAt, refused ?? 'Cannot use this as a key: a key is a plain text')
        continue
      }
      const node = value ? this.#node(value, keyAt) : emptyAt(keyAt)
      if (node) entries.set(name, { keyAt, node })
    }
    return { kind: 'map', at, entries }
  }

  #scalar(scalar: Scalar.Parsed, at: Place): ScalarNode {
    const source = scalar.source
    const value = scalar.value as ScalarNode['value']
    const written = scalar.type === 'PLAIN' ? source : String(value)
    const raw = this.#context.text.slice(scalar.range[0], scalar.range[1])
    const same: ScalarNode = {
      kind: 'scalar',
      at,
      value,
      text: source,
      raw,
      written,
      substituted: false,
      broken: false
    }
    const { variables } = this.#context
    if (variables === undefined || !source.includes('$')) return same
    const replaced = substitute(source, variables)
    if ('refused' in replaced) {
      this.#context.problems.add(at, replaced.refused)
      return { ...same, broken: true }
    }
    const { text } = replaced
    return { ...same, text, value: scalar.type === 'PLAIN' ? typed(text) : text, substituted: text !== source }
  }
}

/** Whether one of its keys is known, or meant to be. A file without is another one, and nothing of it is shown: it may hold secrets. */
function hasKeyOf(map: YAMLMap.Parsed, known: readonly string[]): boolean {
  return map.items.some(({ key }) => isScalar(key) && suggestKey(key.source, known) !== undefined)
}

function emptyAt(at: Place): ScalarNode {
  return { kind: 'scalar', at, value: null, text: '', raw: '', written: '', substituted: false, broken: false }
}

function refuseKey(name: string | undefined, entries: ReadonlyMap<string, Entry>): string | undefined {
  if (name === undefined) return undefined
  if (name === '__proto__') return 'Cannot use "__proto__" as a key'
  if (name === '<<') return 'Merge keys ("<<") are not supported: use an alias for a whole value, or several files'
  const first = entries.get(name)?.keyAt
  return first && `Duplicate key "${name}": it stands already in line ${first.line}`
}

/** The library's own messages quote what stands in the file, and that may be a password. */
const sentences: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'Cannot indent with tabs: use spaces',
  BAD_INDENT: 'Cannot read this line: its indentation fits nothing above it, or a bracket or quote above is not closed',
  MISSING_CHAR: 'Something is missing here: a closing quote or bracket, a comma, or a space behind ":"',
  BAD_DQ_ESCAPE: 'Cannot read this escape: in double quotes write "\\\\" for a backslash, or use single quotes',
  BAD_SCALAR_START: 'Cannot begin a text with this character: put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'Cannot read a map here: put a text with ": " in quotes',
  MULTILINE_IMPLICIT_KEY: 'Cannot read this key: it runs over several lines, so a ":" or a quote is missing',
  BLOCK_IN_FLOW: 'Cannot use indented blocks inside of { } or [ ]: a closing bracket may be missing',
  TAG_RESOLVE_FAILED: 'Cannot use tags ("!…"): write the value itself',
  BAD_ALIAS: 'Cannot read this alias: put a text that begins with "*" or "&" in quotes',
  MULTIPLE_DOCS: 'Cannot read more than one document in a file: remove the "---"',
  BAD_DIRECTIVE: 'Cannot use directives ("%…"): remove this line',
  RESOURCE_EXHAUSTION: `Cannot read this file: it is nested more than ${maxDepth} deep`
}

function sentenceOf(error: YAMLError, text: string): string {
  const lineStart = text.lastIndexOf('\n', error.pos[0] - 1) + 1
  const line = text.slice(lineStart, lineStart + 1000).split('\n', 1)[0]!
  const flow = /[[{,]\s*[^"']*\$\{/.test(line) ? ' (inside of { } and [ ], put values with "${…}" in quotes)' : ''
  return `${sentences[error.code] ?? 'Cannot read this as YAML: quotes or brackets may be missing'}${flow}`
}
