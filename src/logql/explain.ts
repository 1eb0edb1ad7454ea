import { type SyntaxNode, terms, type Tree } from './grammar.ts'
import { offsetBeside } from './read-parts.ts'
import { QueryFault } from './syntax.ts'

const example = '{level="error"} |= "text"'

/** What is wrong with the first place that the grammar does not accept. */
export function syntaxFault(tree: Tree, text: string): QueryFault | undefined {
  const error = firstError(tree)
  if (error === undefined) return undefined
  const start = text.length - text.trimStart().length
  if (start === text.length) return new QueryFault(`The query is empty: expected ${example}`, 0)
  const known = knownFault(text, start) ?? bracketFault(error, text) ?? faultIn(error, text)
  return known ?? new QueryFault(`Cannot read ${tokenAt(text, error.from)}: expected ${expectedIn(error)}`, error.from)
}

function firstError(tree: Tree): SyntaxNode | undefined {
  let first: SyntaxNode | undefined
  tree.iterate({
    enter(node) {
      if (!node.type.isError || (first !== undefined && first.from <= node.from)) return
      if (!isOffset(node.node)) first = node.node
    }
  })
  return first
}

/** The two errors that are an `offset` all the same. */
function isOffset(error: SyntaxNode): boolean {
  const before = error.prevSibling
  return [before, before?.prevSibling].some(
    log => log?.type.id === terms.LogRangeExpr && offsetBeside(log) !== undefined
  )
}

/** Mistakes that are seen best in the text. */
function knownFault(text: string, start: number): QueryFault | undefined {
  const called = /^([A-Za-z_]\w*)\s*(?:\(|by\b|without\b)/.exec(text.slice(start))?.[1]
  if (called !== undefined && terms.parser.parse(text).topNode.firstChild?.type.isError === true)
    return new QueryFault(`"${called}" is not known: expected a function, as rate or count_over_time`, start)
  if (called === undefined && !/[{(\d.+-]/.test(text[start]!))
    return new QueryFault(`A query begins with a selector in braces: expected ${example}`, start)
  return undefined
}

/** A mistake that brackets show. */
function bracketFault(error: SyntaxNode, text: string): QueryFault | undefined {
  const at = error.from
  const before = text.slice(0, at).trimEnd()
  if (text[at] === '}' && before.endsWith('{'))
    return new QueryFault(
      'A selector names at least one label: {service_name=~".*"} selects everything',
      before.length - 1
    )
  const open = /\b(sum|avg|min|max|count|stddev|stdvar)[^{}]*\($/.exec(text.slice(0, text.indexOf('{')))
  if (text[at] === ')' && open !== null && error.parent?.type.isTop === true)
    return new QueryFault(
      `"${open[1]}" takes series, not rows: expected ${open[1]}(count_over_time({…}[5m]))`,
      open.index
    )
  if (before.endsWith('-') && /^[A-Za-z_(]/.test(text.slice(at)))
    return new QueryFault('A minus stands before numbers only: write 0 - …', before.length - 1)
  return at >= text.trimEnd().length && unclosed(text) > 0 ? new QueryFault('A "(" has no ")"', at) : undefined
}

/** How many parentheses stay open, outside of texts. */
function unclosed(text: string): number {
  const outside = text.replaceAll(/`[^`]*`|"(?:[^"\\]|\\.)*"/g, '')
  return outside.split('(').length - outside.split(')').length
}

function faultIn(error: SyntaxNode, text: string): QueryFault | undefined {
  const at = error.from
  const here = text[at]
  if (here === "'") return new QueryFault('Texts stand in double quotes or backticks, not in single quotes', at)
  if (here === '"' || here === '`') {
    if (!isClosed(text, at)) return new QueryFault(`The ${here} is not closed`, at)
    const before = /([<>]=?|==)\s*$/.exec(text.slice(0, at))?.[1]
    if (before !== undefined)
      return new QueryFault(
        `"${before}" compares with a number, a duration or bytes, without quotes: 5, 1.5s, 10MiB`,
        at
      )
  }
  if (hasOpenQuote(text)) return new QueryFault('A double quote is missing here, or before', at)
  const parent = error.parent?.type.id
  if (parent === terms.Selector && at >= text.trimEnd().length) return new QueryFault('The "{" has no "}"', at)
  if (here === '.') return new QueryFault('A label has no dots: write "_" instead', at)
  const value = /^[\w.-]+/.exec(text.slice(at))?.[0]
  if (parent === terms.Matcher && value !== undefined && /[=~]\s*$/.test(text.slice(0, at)))
    return new QueryFault(`A text stands in quotes: expected "${value}"`, at)
  if (parent === terms.LineFilter && value !== undefined)
    return new QueryFault(`A text stands in quotes: expected "${value}"`, at)
  return stageFault(error, text)
}

const stages = [
  'json',
  'logfmt',
  'pattern',
  'regexp',
  'unpack',
  'line_format',
  'label_format',
  'unwrap',
  'decolorize',
  'drop',
  'keep'
]

/** A name behind "|" that is neither a stage nor compared with anything. */
function stageFault(error: SyntaxNode, text: string): QueryFault | undefined {
  const word = /\|\s*([A-Za-z_]\w*)\s*$/.exec(text.slice(0, error.from))
  if (word === null) return undefined
  const name = word[1]!
  const at = error.from - word[0].length + word[0].indexOf(name)
  if (stages.includes(name)) return undefined
  return new QueryFault(`Nothing is said of "${name}": expected a condition, as ${name}="text" or ${name} > 5`, at)
}

/** Outside of backticks, double quotes come in pairs. */
function hasOpenQuote(text: string): boolean {
  const quotes = text.replaceAll(/`[^`]*`|\\./g, '').match(/"/g)
  return (quotes?.length ?? 0) % 2 === 1
}

function isClosed(text: string, at: number): boolean {
  const quote = text[at]!
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === quote) return true
    if (text[i] === '\\' && quote === '"') i++
  }
  return false
}

function tokenAt(text: string, at: number): string {
  const token = /^\s*(\w+|"[^"]*"|\S)/.exec(text.slice(at, at + 60))?.[1]
  return token === undefined ? 'the end of the query' : JSON.stringify(token)
}

const expected: ReadonlyMap<number, string> = new Map([
  [terms.Selector, 'a "}" or a further matcher, as {a="b", c!="d"}'],
  [terms.Matchers, 'a matcher, as level="error"'],
  [terms.Matcher, 'an operator (=, !=, =~ or !~) and a text in quotes'],
  [terms.LineFilter, 'a text in quotes'],
  [terms.OrFilter, 'a text in quotes'],
  [terms.LabelFilter, 'a condition, as level="error" or duration > 5s'],
  [terms.PipelineStage, 'a stage, as |= "text" or | level="error"'],
  [terms.PipelineExpr, 'a stage, as |= "text" or | level="error"'],
  [terms.LogExpr, 'a stage, as |= "text" or | level="error"'],
  [terms.Range, 'a duration, as [5m]'],
  [terms.LogRangeExpr, 'a range, as [5m], in front of the ")"'],
  [terms.UnwrapExpr, 'a label, as | unwrap size or | unwrap duration(took)'],
  [terms.Grouping, 'labels in parentheses, as by (level, host)'],
  [terms.GroupingLabels, 'labels in parentheses, as on (level, host)'],
  [terms.OffsetExpr, 'a duration, as offset 1h'],
  [terms.RangeAggregationExpr, 'a selector and a range, as rate({level="error"}[5m])'],
  [terms.VectorAggregationExpr, 'series in parentheses, as sum by (level) (rate({level=~".+"}[5m]))'],
  [terms.LabelAggregationExpr, 'another function, as this one is not supported'],
  [terms.VectorExpr, 'a number, as vector(1)'],
  [terms.BinOpExpr, 'a number or an aggregation, as sum(rate({level="error"}[5m])) > 5']
])

function expectedIn(error: SyntaxNode): string {
  for (let node = error.parent; node !== null; node = node.parent) {
    const words = expected.get(node.type.id)
    if (words !== undefined) return words
  }
  return error.prevSibling?.getChild(terms.MetricExpr) == null ? example : 'an operator, or the end of the query'
}
