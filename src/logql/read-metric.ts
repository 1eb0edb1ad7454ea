import { compute } from './evaluate/arithmetic.ts'
import { type SyntaxNode, terms } from './grammar.ts'
import { type Binary, type Matching, type Metric, type Operator, type VectorAggregation } from './metric-syntax.ts'
import { type VectorOperation, vectorOperations } from './metric-syntax.ts'
import { leaves } from './read-parts.ts'
import { parseQuery } from './read-query.ts'
import { readGrouping, readRange } from './read-range.ts'
import { QueryFault } from './syntax.ts'

const deepest = 100

/** Reads a query that computes numbers. Throws `QueryFault`. */
export function readMetric(text: string): Metric {
  return new MetricReader(text).expression(parseQuery(text), 0)
}

const precedence: Readonly<Record<Operator['symbol'], number>> = {
  or: 0,
  and: 1,
  unless: 1,
  '==': 2,
  '!=': 2,
  '>': 2,
  '>=': 2,
  '<': 2,
  '<=': 2,
  '+': 3,
  '-': 3,
  '*': 4,
  '/': 4,
  '%': 4,
  '^': 5
}

class MetricReader {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  expression(node: SyntaxNode, depth: number): Metric {
    const only = node.firstChild!
    if (only.type.id === terms.LogExpr)
      throw new QueryFault('This selects rows: expected numbers, as count_over_time({level="error"}[5m])', only.from)
    return this.#metric(only, depth)
  }

  #metric(node: SyntaxNode, depth: number): Metric {
    if (depth > deepest) throw new QueryFault(`The query is nested more than ${deepest} deep`, node.from)
    const only = node.firstChild!
    switch (only.type.id) {
      case terms.MetricExpr:
        return this.#metric(only, depth + 1)
      case terms.LiteralExpr:
        return { kind: 'literal', value: numberIn(only, this.#text), at: only.from }
      case terms.VectorExpr:
        return { kind: 'vector', value: numberIn(only.getChild(terms.Number)!, this.#text), at: only.from }
      case terms.RangeAggregationExpr:
        return readRange(only, this.#text)
      case terms.VectorAggregationExpr:
        return this.#aggregation(only, depth)
      case terms.BinOpExpr:
        return this.#binary(only, depth)
      case terms.LabelReplaceExpr:
        throw new QueryFault('"label_replace" is not supported: use the stage "label_format"', only.from)
      default:
        throw new QueryFault(
          `"${this.#of(only.firstChild!)}" is not supported: write count(count by (…) (…))`,
          only.from
        )
    }
  }

  #aggregation(node: SyntaxNode, depth: number): VectorAggregation {
    const name = this.#of(node.getChild(terms.VectorOp)!)
    if (!(vectorOperations as readonly string[]).includes(name)) {
      const reason = name.startsWith('sort') ? 'series have no order here' : 'series would come and go by their rank'
      throw new QueryFault(`"${name}" is not supported: ${reason}`, node.from)
    }
    const number = node.getChild(terms.Number)
    if (number !== null) throw new QueryFault(`"${name}" takes no number`, number.from)
    const of = this.#metric(node.getChild(terms.MetricExpr)!, depth + 1)
    if (of.kind === 'literal') throw new QueryFault(`"${name}" takes series, not a number`, of.at)
    const grouping = readGrouping(node, this.#text)
    return { kind: 'vectors', operation: name as VectorOperation, grouping, of, at: node.from }
  }

  /** The grammar's tree does not say which operator binds closer: that is found here. */
  #binary(node: SyntaxNode, depth: number): Metric {
    const operands: Metric[] = []
    const operators: Operator[] = []
    this.#flatten(node, { operands, operators, depth })
    const done: Metric[] = [operands[0]!]
    const waiting: Operator[] = []
    const finish = (): void => {
      const [left, right] = done.splice(-2)
      done.push(combined(waiting.pop()!, left!, right!))
    }
    for (const [index, operator] of operators.entries()) {
      while (waiting.length > 0 && bindsCloser(waiting[waiting.length - 1]!, operator)) finish()
      waiting.push(operator)
      done.push(operands[index + 1]!)
    }
    while (waiting.length > 0) finish()
    return done[0]!
  }

  #flatten(node: SyntaxNode, into: { operands: Metric[]; operators: Operator[]; readonly depth: number }): void {
    const [left, right] = node.getChildren(terms.Expr)
    const side = (expression: SyntaxNode): void => {
      const inner = expression.firstChild!.firstChild
      if (inner?.type.id === terms.BinOpExpr) this.#flatten(inner, into)
      else into.operands.push(this.expression(expression, into.depth + 1))
    }
    side(left!)
    if (into.operators.length === deepest) throw new QueryFault(`More than ${deepest} operators`, node.from)
    into.operators.push(this.#operator(left!.nextSibling!))
    side(right!)
  }

  #operator(node: SyntaxNode): Operator {
    const symbol = this.#of(node) as Operator['symbol']
    const modifier = node.nextSibling!
    const isBool = modifier.getChild(terms.Bool) !== null
    if (isBool && precedence[symbol] !== precedence['=='])
      throw new QueryFault(`"bool" goes with comparisons, not with "${symbol}"`, modifier.from)
    const many = modifier.getChild(terms.GroupLeft) ?? modifier.getChild(terms.GroupRight)
    if (many !== null)
      throw new QueryFault(`"${this.#of(many)}" is not supported: bring both sides to the same labels first`, many.from)
    return { symbol, isBool, matching: this.#matching(modifier), at: node.from }
  }

  #matching(modifier: SyntaxNode): Matching | undefined {
    const matching = modifier.getChild(terms.OnOrIgnoringModifier)
    if (matching === null) return undefined
    const list = matching.getChild(terms.GroupingLabels)!.getChild(terms.GroupingLabelList)
    const labels = leaves(list, terms.GroupingLabelList).map(label => this.#of(label))
    return { isOn: matching.getChild(terms.On) !== null, labels }
  }

  #of(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to)
  }
}

function bindsCloser(before: Operator, next: Operator): boolean {
  const difference = precedence[before.symbol] - precedence[next.symbol]
  return difference > 0 || (difference === 0 && next.symbol !== '^')
}

/** Two numbers are computed at once. */
function combined(operator: Operator, left: Metric, right: Metric): Metric {
  const { symbol, matching, at } = operator
  const literal = [left, right].find(side => side.kind === 'literal')
  if (literal !== undefined && isSet(symbol))
    throw new QueryFault(`"${symbol}" goes with series: write vector(${literal.value})`, literal.at)
  if (literal !== undefined && matching !== undefined)
    throw new QueryFault('"on" and "ignoring" go between series, not beside a number', at)
  if (left.kind === 'literal' && right.kind === 'literal' && !isSet(symbol))
    return { kind: 'literal', value: compute(symbol, left.value, right.value), at: left.at }
  return { kind: 'binary', operator, left, right, at: left.at } satisfies Binary
}

function isSet(symbol: Operator['symbol']): symbol is 'and' | 'or' | 'unless' {
  return precedence[symbol] < 2
}

function numberIn(node: SyntaxNode, query: string): number {
  return Number(query.slice(node.from, node.to).replaceAll(/\s/g, ''))
}
