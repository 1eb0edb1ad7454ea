import { type SyntaxNode, terms } from './grammar.ts'
import {
  type Grouping,
  type RangeAggregation,
  type RangeOperation,
  rangeOperations,
  type Unwrap
} from './metric-syntax.ts'
import { LogReader } from './read-log.ts'
import { labelIn, leaves, offsetBeside } from './read-parts.ts'
import { QueryFault } from './syntax.ts'
import { longestMs, readDuration } from './units.ts'

/** Those that count rows or bytes. */
const counting: readonly RangeOperation[] = ['count_over_time', 'bytes_rate', 'bytes_over_time']
/** Those that may do with or without `unwrap`. */
const either: readonly RangeOperation[] = ['rate', 'absent_over_time']
const withoutGrouping: readonly RangeOperation[] = [...counting, ...either, 'sum_over_time']

/** Reads `rate({…} | … [5m])` and the like. Throws `QueryFault`. */
export function readRange(node: SyntaxNode, query: string): RangeAggregation {
  const operation = operationOf(node, query)
  let log = node.getChild(terms.LogRangeExpr)!
  while (log.getChild(terms.LogRangeExpr) !== null) log = log.getChild(terms.LogRangeExpr)!
  const grouping = readGrouping(node, query)
  if (grouping !== undefined && withoutGrouping.includes(operation))
    throw new QueryFault(`"${operation}" does not group: write sum by (…) (${operation}(…))`, grouping.at)
  return {
    kind: 'range',
    operation,
    quantile: quantileOf(node, operation, query),
    log: new LogReader(query).log(log),
    unwrap: unwrapOf(log, operation, query),
    rangeMs: rangeOf(log, query),
    offsetMs: offsetOf(log, query),
    grouping,
    at: node.from
  }
}

function operationOf(node: SyntaxNode, query: string): RangeOperation {
  const name = textOf(node.getChild(terms.RangeOp)!, query)
  if ((rangeOperations as readonly string[]).includes(name)) return name as RangeOperation
  throw new QueryFault(`"${name}" is not supported: a counter that starts over can not be added up in parts`, node.from)
}

function quantileOf(node: SyntaxNode, operation: RangeOperation, query: string): number {
  const number = node.getChild(terms.Number)
  if (operation !== 'quantile_over_time') {
    if (number === null) return Number.NaN
    throw new QueryFault(`"${operation}" takes no number`, number.from)
  }
  if (number === null)
    throw new QueryFault('Which quantile is missing: expected quantile_over_time(0.99, …)', node.from)
  const quantile = Number(textOf(number, query))
  if (quantile >= 0 && quantile <= 1) return quantile
  throw new QueryFault('A quantile lies between 0 and 1', number.from)
}

function unwrapOf(log: SyntaxNode, operation: RangeOperation, query: string): Unwrap | undefined {
  let node = log.getChild(terms.UnwrapExpr)
  if (node === null) {
    if (counting.includes(operation) || either.includes(operation)) return undefined
    throw new QueryFault(`"${operation}" needs values: expected | unwrap and a label in front of the range`, log.to)
  }
  if (counting.includes(operation))
    throw new QueryFault(`"${operation}" counts, and takes no values: leave out "unwrap"`, node.from)
  const reader = new LogReader(query)
  const filters: SyntaxNode[] = []
  for (let inner = node.getChild(terms.UnwrapExpr); inner !== null; inner = inner.getChild(terms.UnwrapExpr)) {
    filters.push(node.getChild(terms.LabelFilter)!)
    node = inner
  }
  const conversion = node.getChild(terms.ConvOp)
  const unit = conversion === null ? 'number' : textOf(conversion, query).replace('_seconds', '')
  return {
    label: labelIn(node, query),
    unit: unit as Unwrap['unit'],
    conditions: filters.toReversed().map(filter => reader.labelFilter(filter))
  }
}

function rangeOf(log: SyntaxNode, query: string): number {
  const duration = log.getChild(terms.Range)!.getChild(terms.Duration)!
  const ms = millisecondsOf(duration, query)
  if (ms > 0) return ms
  throw new QueryFault('A range is longer than nothing', duration.from)
}

/** Behind a condition on unwrapped values the grammar does not know `offset`: there it stands beside the range, as an error. */
function offsetOf(log: SyntaxNode, query: string): number {
  const offset = log.getChild(terms.OffsetExpr)
  const duration = (offset ?? offsetBeside(log))?.getChild(terms.Duration)
  if (duration === undefined || duration === null) return 0
  const ms = millisecondsOf(duration, query)
  if (ms >= 0) return ms
  throw new QueryFault('An offset goes back in time: rows to come are not known', duration.from)
}

function millisecondsOf(duration: SyntaxNode, query: string): number {
  const written = textOf(duration, query)
  const ms = readDuration(written) / 1e6
  if (ms > longestMs) throw new QueryFault(`Cannot use "${written}": at most 10y`, duration.from)
  if (Number.isInteger(ms)) return ms
  throw new QueryFault(`Cannot use "${written}": write whole milliseconds, as 90s or 5m`, duration.from)
}

/** `by (…)` or `without (…)`, where there is one. */
export function readGrouping(node: SyntaxNode, query: string): Grouping | undefined {
  const grouping = node.getChild(terms.Grouping)
  if (grouping === null) return undefined
  const labels = leaves(grouping.getChild(terms.Labels), terms.Labels).map(label => textOf(label, query))
  return { isBy: grouping.getChild(terms.By) !== null, labels, at: grouping.from }
}

function textOf(node: SyntaxNode, query: string): string {
  return query.slice(node.from, node.to)
}
