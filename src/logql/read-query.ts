import { syntaxFault } from './explain.ts'
import { type SyntaxNode, terms } from './grammar.ts'
import { LogReader } from './read-log.ts'
import { type LogQuery, QueryFault } from './syntax.ts'

const longest = 16_384
const deepest = 100

/** Reads a query that selects rows. Throws `QueryFault`. */
export function readQuery(text: string): LogQuery {
  let log = parseQuery(text).firstChild!
  if (log.type.id === terms.MetricExpr)
    throw new QueryFault('This computes numbers: expected a query that selects rows, as {level="error"} |= "text"', 0)
  for (let depth = 0; log.getChild(terms.LogExpr) !== null; depth++) {
    if (depth === deepest) throw new QueryFault(`Parentheses are nested more than ${deepest} deep`, log.from)
    log = log.getChild(terms.LogExpr)!
  }
  return new LogReader(text).log(log)
}

/** What the grammar finds in a query: a `LogExpr` or a `MetricExpr` in an expression. Throws `QueryFault`. */
export function parseQuery(text: string): SyntaxNode {
  if (text.length > longest) throw new QueryFault(`The query is longer than ${longest} characters`, 0)
  const tree = terms.parser.parse(text)
  const fault = syntaxFault(tree, text)
  if (fault !== undefined) throw fault
  return tree.topNode.getChild(terms.Expr)!
}
