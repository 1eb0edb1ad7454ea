import type { Binary, Metric, RangeAggregation, RangeOperation } from '../metric-syntax.ts'
import type { VectorAggregation, VectorOperation } from '../metric-syntax.ts'
import { clockOffset } from '../names.ts'

/** What more rows do to a number, or to whether a sample is there. */
type Change = 'fixed' | 'up' | 'down' | 'either'

interface Growth {
  /** Of samples that are there already. */
  readonly value: Change
  /** Up: more rows bring more samples, and take none away. */
  readonly presence: Change
  readonly isNotNegative: boolean
}

/** Whether rows that are not read yet can only add to what a query gives: no sample is there for want of them. All that is not provably
 * so may give what is wrong while reading is behind. */
export function growsWithRows(metric: Metric): boolean {
  return isUp(growthOf(metric).presence)
}

function growthOf(metric: Metric): Growth {
  switch (metric.kind) {
    case 'literal':
    case 'vector':
      return { value: 'fixed', presence: 'fixed', isNotNegative: metric.value >= 0 }
    case 'range':
      return ofRange(metric)
    case 'vectors':
      return ofVectors(metric)
    default:
      return ofBinary(metric)
  }
}

const changes: Readonly<Partial<Record<RangeOperation, Change>>> = {
  count_over_time: 'up',
  rate: 'up',
  bytes_over_time: 'up',
  bytes_rate: 'up',
  max_over_time: 'up',
  min_over_time: 'down'
}

function ofRange({ operation, unwrap }: RangeAggregation): Growth {
  const presence = operation === 'absent_over_time' ? 'down' : 'up'
  // only rows that are read as they are written say something of clocks: no others are missing
  if (unwrap?.label === clockOffset) return { value: 'fixed', presence, isNotNegative: false }
  const isSum = unwrap !== undefined && operation === 'rate'
  return { value: isSum ? 'either' : (changes[operation] ?? 'either'), presence, isNotNegative: unwrap === undefined }
}

function ofVectors({ operation, of }: VectorAggregation): Growth {
  const growth = growthOf(of)
  const isNotNegative = growth.isNotNegative || operation === 'count'
  return { value: aggregated(operation, growth), presence: growth.presence, isNotNegative }
}

/** One more sample raises the greatest of all, and the sum where none is below 0. */
function aggregated(operation: VectorOperation, { value, presence, isNotNegative }: Growth): Change {
  if (value === 'fixed' && presence === 'fixed') return 'fixed'
  if (operation === 'count' || (operation === 'max' && isUp(value))) return 'up'
  if (operation === 'sum' && isUp(value) && isNotNegative) return 'up'
  return operation === 'min' && isUp(flipped(value)) ? 'down' : 'either'
}

function ofBinary(binary: Binary): Growth {
  const { symbol, isBool } = binary.operator
  const [left, right] = [growthOf(binary.left), growthOf(binary.right)]
  const presence = both(left.presence, right.presence)
  const areNotNegative = left.isNotNegative && right.isNotNegative
  switch (symbol) {
    case 'and':
      return { ...left, presence }
    case 'unless':
      return { ...left, presence: both(left.presence, flipped(right.presence)) }
    case 'or':
      return { ...alternatives(binary, left, right), isNotNegative: areNotNegative }
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '^':
      return { value: computed(binary, left, right), presence, isNotNegative: areNotNegative && '+*/'.includes(symbol) }
    default: {
      const truth = compared(binary, left, right)
      if (isBool) return { value: truth, presence, isNotNegative: true }
      const own = binary.left.kind === 'literal' ? right : left
      return { ...own, presence: both(presence, isUp(truth) ? truth : 'either') }
    }
  }
}

/** Of a sample of the left, or else of the right: where that one comes, the other goes, which may have had other labels. */
function alternatives({ operator, right: other }: Binary, left: Growth, right: Growth): Omit<Growth, 'isNotNegative'> {
  const isInPlace = operator.matching === undefined || left.presence === 'fixed'
  const presence = isInPlace ? both(left.presence, right.presence) : 'either'
  if (left.value === 'fixed' && right.value === 'fixed' && left.presence === 'fixed')
    return { value: 'fixed', presence }
  const isLeast = left.isNotNegative && constantOf(other) === 0
  return { value: isLeast && isUp(left.value) ? 'up' : 'either', presence }
}

function computed({ operator: { symbol }, right }: Binary, a: Growth, b: Growth): Change {
  if (a.value === 'fixed' && b.value === 'fixed') return 'fixed'
  if (symbol === '+') return both(a.value, b.value)
  if (symbol === '-') return both(a.value, flipped(b.value))
  if (symbol === '*' && a.isNotNegative && b.isNotNegative) return both(a.value, b.value)
  if (symbol === '/' && (constantOf(right) ?? 0) > 0) return a.value
  return 'either'
}

/** Whether a comparison comes to be true, or untrue. */
function compared({ operator: { symbol }, left, right }: Binary, a: Growth, b: Growth): Change {
  if (symbol === '>' || symbol === '>=') return both(a.value, flipped(b.value))
  if (symbol === '<' || symbol === '<=') return both(flipped(a.value), b.value)
  if (a.value === 'fixed' && b.value === 'fixed') return 'fixed'
  const counted = constantOf(right) === 0 ? a : constantOf(left) === 0 ? b : undefined
  if (counted?.isNotNegative !== true || counted.value !== 'up') return 'either'
  return symbol === '!=' ? 'up' : 'down'
}

/** A number of the query. */
export function constantOf(metric: Metric): number | undefined {
  return metric.kind === 'literal' || metric.kind === 'vector' ? metric.value : undefined
}

function isUp(change: Change): boolean {
  return change === 'up' || change === 'fixed'
}

function flipped(change: Change): Change {
  return change === 'up' ? 'down' : change === 'down' ? 'up' : change
}

function both(a: Change, b: Change): Change {
  if (a === 'fixed' || a === b) return b
  return b === 'fixed' ? a : 'either'
}
