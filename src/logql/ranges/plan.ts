import type { Binary, Grouping, Metric, RangeAggregation, RangeOperation } from '../metric-syntax.ts'
import type { VectorAggregation, VectorOperation } from '../metric-syntax.ts'
import { clockOffset } from '../names.ts'
import { type Asked, type GroupLabels, groupLabels } from './group-labels.ts'
import { constantOf } from './growth.ts'

/** What there is to do for a range aggregation: the same wherever it is worked out. */
export interface RangePlan {
  readonly range: RangeAggregation
  readonly labels: GroupLabels
  /** It is asked whether there is nothing, or little: what was not read yet would count as nothing. */
  readonly asksForSilence: boolean
  /** Which time of a row counts: its own, or when it was read. */
  readonly clock: 'row' | 'read'
  /** Whether there is little, or nothing, can be said once a whole window was seen: what was there before would be missed. */
  readonly needsWhole: boolean
  /** Of a bucket: those of rows with a time in (n × width, (n + 1) × width] are added up together. */
  readonly widthMs: number
  /** No row comes too late: windows come to its time when they like. */
  readonly isReplay: boolean
}

/** The operations of which silence is 0, and not no sample, for groups that are remembered. */
const counting: readonly RangeOperation[] = ['count_over_time', 'rate', 'bytes_over_time', 'bytes_rate']

/** A longer window has wider buckets. */
const mostBuckets = 360
/** Of a window and of what lies between it and now. */
const mostKept = 20_000

export interface PlanOptions {
  /** Of evaluations. */
  readonly intervalMs: number
  /** The time of reading says nothing. */
  readonly isReplay?: boolean
}

/** Plans the range aggregations of a query, in its order. Throws `QueryFault`. */
export function planRanges(metric: Metric, { intervalMs, isReplay = false }: PlanOptions): RangePlan[] {
  const plans: RangePlan[] = []
  const nothing: Asked = { also: [], without: [] }
  visit(metric, { asked: nothing, amount: 'much' }, (range, { asked, amount }) => {
    const isAbsence = range.operation === 'absent_over_time'
    // rows that are hours late by their own time are what it is about
    const isOfClocks = range.unwrap?.label === clockOffset
    const asksForSilence = isAbsence || (amount !== 'much' && isCounting(range))
    plans.push({
      range,
      labels: groupLabels(range, asked),
      asksForSilence,
      clock: (asksForSilence || isOfClocks) && !isReplay ? 'read' : 'row',
      needsWhole: !isReplay && (isAbsence || (amount === 'little' && isCounting(range))),
      widthMs: bucketWidth(intervalMs, range.rangeMs, range.offsetMs),
      isReplay
    })
  })
  return plans
}

/** Whether silence is 0: rows or bytes are counted. */
export function isCounting({ operation, unwrap }: RangeAggregation): boolean {
  return counting.includes(operation) && unwrap === undefined
}

/** What of a part of a query is asked for: much, or little, where it is compared with 0, with what it is to be below, or is taken away from
 * what is to be much. Or nothing, behind `unless`: where nobody knows yet, it is taken for not there. */
type Amount = 'much' | 'little' | 'none'

/** What stands around a part of a query says about it. */
interface Around {
  readonly asked: Asked
  readonly amount: Amount
}

function visit(metric: Metric, around: Around, plan: (range: RangeAggregation, around: Around) => void): void {
  if (metric.kind === 'range') plan(metric, around)
  else if (metric.kind === 'vectors') visit(metric.of, { ...around, asked: askedBy(metric, around.asked) }, plan)
  else if (metric.kind === 'binary') {
    const { left, right, operator } = metric
    const on = operator.matching?.isOn === true ? operator.matching.labels : []
    const asked = { also: [...around.asked.also, ...on], without: [] }
    visit(left, { asked, amount: amountOf(metric, left, around.amount) }, plan)
    visit(right, { asked, amount: amountOf(metric, right, around.amount) }, plan)
  }
}

/** Sums of sums, the least of the least: where the parts are of the same kind, groups may be as coarse as the whole. */
const mergeable: Readonly<Partial<Record<VectorOperation, readonly RangeOperation[]>>> = {
  sum: [...counting, 'sum_over_time'],
  min: ['min_over_time'],
  max: ['max_over_time']
}

/** Whether the range aggregation below has the groups of this one already. */
export function isMerged({ operation, of }: VectorAggregation): boolean {
  return of.kind === 'range' && of.grouping === undefined && mergeable[operation]?.includes(of.operation) === true
}

function askedBy(aggregation: VectorAggregation, outer: Asked): Asked {
  const { isBy, labels, at }: Grouping = aggregation.grouping ?? { isBy: true, labels: [], at: 0 }
  const isDirect = isMerged(aggregation)
  if (!isBy) return { also: outer.also, without: isDirect ? labels : [], withoutAt: at }
  if (!isDirect) return { also: labels, without: [] }
  return { by: labels.filter(name => name !== hiddenBelow(aggregation)), also: [], without: [] }
}

/** A label whose values are the numbers is none of a series; but as in Loki, `sum by` of it finds it all the same. */
function hiddenBelow({ operation, of }: VectorAggregation): string | undefined {
  return operation !== 'sum' && of.kind === 'range' ? of.unwrap?.label : undefined
}

const smaller: Readonly<Record<'left' | 'right', readonly string[]>> = { left: ['<', '<='], right: ['>', '>='] }

/** What is asked of one side of an operator; `around` is asked of what it gives. */
function amountOf({ operator: { symbol }, left, right }: Binary, side: Metric, around: Amount): Amount {
  const place = side === left ? 'left' : 'right'
  if (symbol === 'or' || symbol === '+') return around
  if (symbol === 'and') return place === 'left' ? around : 'much'
  if (symbol === 'unless') return place === 'left' ? around : 'none'
  const other = constantOf(side === left ? right : left)
  if (other === undefined) return symbol === '*' ? around : 'much'
  const isLess = symbol === '==' ? other === 0 : smaller[place].includes(symbol)
  const isTurned =
    (symbol === '-' && place === 'right') ||
    (symbol === '*' && other < 0) ||
    (symbol === '/' && other < 0 === (place === 'left'))
  if (isTurned) return around === 'much' ? 'little' : 'much'
  return isLess && around === 'much' ? 'little' : around
}

/** Windows begin and end on borders of buckets where both the interval of evaluations and the window are multiples of the width;
 * where that would take too many buckets, the width is a part of the window, and may be more than the interval. */
function bucketWidth(intervalMs: number, rangeMs: number, offsetMs: number): number {
  const whole = divisor(rangeMs, offsetMs)
  const finest = divisor(intervalMs, whole)
  const least = Math.ceil(Math.max(rangeMs / mostBuckets, (rangeMs + offsetMs) / mostKept) / finest)
  const fine = whole / finest
  // the narrowest width that is wide enough; there are no more parts than buckets, however long the window is
  for (let parts = Math.floor(fine / least); parts > 0 && parts * 2 * least >= fine; parts--) {
    if (fine % parts === 0) return whole / parts
  }
  return least * finest
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
