import type { Binary, Metric, Range, Vectors } from './metric-text.ts'
import { holds, type PlainRow, passed } from './naive.ts'

/** A row that nobody forgets. Times are nanoseconds. */
export interface KeptRow extends PlainRow {
  readonly time: bigint
  readonly readTime: bigint
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const streamLabels = ['service_name', 'level', 'agent_id', 'host', 'file', 'region', 'team_name']
const second = 1_000_000_000n
const five = 5n * second
const summed = ['rate', 'sum_over_time']
const counting = ['count_over_time', 'rate', 'bytes_over_time', 'bytes_rate']

/** Works a query out at a time, from all rows that have been read. Throws where samples have no one partner. Groups are remembered
 * as if rows came at the end of their five seconds. */
export function valueAt(metric: Metric, rows: readonly KeptRow[], at: bigint, rememberSeconds = 0): Sample[] {
  return new Naive(rows, at, rememberSeconds).samples(metric, [], false)
}

class Naive {
  readonly #rows: readonly KeptRow[]
  readonly #at: bigint
  readonly #remember: bigint

  constructor(rows: readonly KeptRow[], at: bigint, rememberSeconds: number) {
    this.#rows = rows
    this.#at = at
    this.#remember = BigInt(rememberSeconds) * second
  }

  /** `named` are labels that are asked for around; `isLow`: whether there is little of it is. */
  samples(metric: Metric, named: readonly string[], isLow: boolean): Sample[] {
    switch (metric.kind) {
      case 'number':
      case 'vector':
        return [{ labels: {}, value: metric.value }]
      case 'range':
        return this.#range(metric, named, isLow)
      case 'vectors':
        return this.#vectors(metric, named, isLow)
      default:
        return this.#binary(metric, named, isLow)
    }
  }

  #range(range: Range, named: readonly string[], isLow: boolean): Sample[] {
    const end = this.#at - BigInt(range.offset) * second
    const start = end - BigInt(range.seconds) * second
    const byReading =
      range.operation === 'absent_over_time' ||
      (isLow && range.unwrap === undefined && counting.includes(range.operation))
    const series = new Map<string, { labels: Sample['labels']; values: { time: bigint; value: number }[] }>()
    for (const row of this.#rows) {
      const time = byReading || row.time > row.readTime ? row.readTime : row.time
      const isInside = time > start && time <= end
      if (!isInside && !this.#isRemembered(range, time, row)) continue
      const found = countedFor(range, row)
      if (found === undefined) continue
      const labels = seriesLabels(range, found.labels, named)
      const key = keyOf(labels)
      if (!series.has(key)) series.set(key, { labels, values: [] })
      series.get(key)!.values.push({ time, value: isInside ? found.value : 0 })
    }
    if (range.operation === 'absent_over_time') {
      const known = range.log.matchers.filter(
        ({ label, operator, text }, _, all) =>
          operator === '=' && text !== '' && all.filter(other => other.label === label).length === 1
      )
      const labels = Object.fromEntries(known.map(({ label, text }) => [label, text]))
      return series.size === 0 ? [{ labels, value: 1 }] : []
    }
    return [...series.values()].map(({ labels, values }) => ({ labels, value: overTime(range, values) }))
  }

  /** A row outside of the window, that was not too late for all windows when it was read. */
  #isRemembered({ operation, unwrap, offset, seconds }: Range, time: bigint, { readTime }: KeptRow): boolean {
    if (!counting.includes(operation) || unwrap !== undefined) return false
    const bucket = (time + five - 1n) / five
    const isLate = bucket - 1n < (readTime - BigInt(offset + seconds) * second) / five
    return !isLate && bucket * five > this.#at - this.#remember && bucket * five <= this.#at
  }

  #vectors({ operation, grouping, of }: Vectors, named: readonly string[], isLow: boolean): Sample[] {
    const labels = grouping?.labels ?? []
    const isBy = grouping?.isBy !== false
    const series = new Map<string, { labels: Sample['labels']; values: number[] }>()
    // what the values are taken from is no label, but for a sum by it
    const isSumBy =
      operation === 'sum' && grouping?.isBy === true && of.kind === 'range' && summed.includes(of.operation)
    const below = isSumBy ? { ...of, by: labels } : of
    for (const sample of this.samples(below, isBy ? labels : named, isLow)) {
      const own = only(sample.labels, name => labels.includes(name) === isBy)
      if (!series.has(keyOf(own))) series.set(keyOf(own), { labels: own, values: [] })
      series.get(keyOf(own))!.values.push(sample.value)
    }
    return [...series.values()].map(({ labels, values }) => ({ labels, value: aggregate(operation, values) }))
  }

  #binary({ symbol, isBool, matching, left, right }: Binary, named: readonly string[], isLow: boolean): Sample[] {
    const also = [...named, ...(matching?.isOn === true ? matching.labels : [])]
    const asksLeft = isSideLow(symbol, isLow, { isLeft: true, other: isPlain(right) ? right.value : undefined })
    const asksRight = isSideLow(symbol, isLow, { isLeft: false, other: isPlain(left) ? left.value : undefined })
    const lefts = this.samples(left, also, asksLeft)
    const rights = this.samples(right, also, asksRight)
    const looked = (labels: Sample['labels']): Sample['labels'] =>
      matching === undefined ? labels : only(labels, name => matching.labels.includes(name) === matching.isOn)
    const same = (a: Sample, b: Sample): boolean => keyOf(looked(a.labels)) === keyOf(looked(b.labels))
    if (symbol === 'and') return lefts.filter(one => rights.some(other => same(one, other)))
    if (symbol === 'unless') return lefts.filter(one => !rights.some(other => same(one, other)))
    if (symbol === 'or') return [...lefts, ...rights.filter(one => !lefts.some(other => same(one, other)))]
    const pair = (a: number, b: number, own: number): number | undefined => {
      const result = calculate(symbol, a, b)
      return typeof result === 'number' ? result : isBool ? Number(result) : result ? own : undefined
    }
    if (left.kind === 'number' && right.kind === 'number')
      return [{ labels: {}, value: Number(calculate(symbol, left.value, right.value)) }]
    if (right.kind === 'number') return kept(lefts, value => pair(value, right.value, value))
    if (left.kind === 'number') return kept(rights, value => pair(left.value, value, value))
    if (rights.some((one, i) => rights.some((other, j) => i < j && same(one, other))))
      throw new Error('two on the right')
    const results = lefts.flatMap(one => {
      const other = rights.find(sample => same(one, sample))
      const value = other === undefined ? undefined : pair(one.value, other.value, one.value)
      return value === undefined ? [] : [{ labels: looked(one.labels), value }]
    })
    if (results.some((one, i) => results.some((other, j) => i < j && keyOf(one.labels) === keyOf(other.labels))))
      throw new Error('two on the left')
    return results
  }
}

/** Whether it is asked if there is little of one side, beside a number or something else. */
function isSideLow(
  symbol: string,
  isLow: boolean,
  { isLeft, other }: { isLeft: boolean; other: number | undefined }
): boolean {
  const byNumber: Record<string, (number: number) => boolean> = {
    '==': number => isLow || number === 0,
    '<': () => isLow || isLeft,
    '<=': () => isLow || isLeft,
    '>': () => isLow || !isLeft,
    '>=': () => isLow || !isLeft,
    '-': () => isLow === isLeft,
    '/': number => isLow === (isLeft === number >= 0)
  }
  if (symbol === 'unless') return isLeft ? isLow : true
  if (symbol === 'and') return isLeft && isLow
  if (['or', '+', '*'].includes(symbol)) return isLow
  return other !== undefined && (byNumber[symbol]?.(other) ?? isLow)
}

function isPlain(side: Metric): side is Metric & { value: number } {
  return side.kind === 'number' || side.kind === 'vector'
}

function kept(samples: Sample[], change: (value: number) => number | undefined): Sample[] {
  return samples.flatMap(({ labels, value }) => {
    const changed = change(value)
    return changed === undefined ? [] : [{ labels, value: changed }]
  })
}

/** What a row counts for, and its labels. */
function countedFor(
  { operation, log, unwrap }: Range,
  row: KeptRow
): { value: number; labels: Sample['labels'] } | undefined {
  const result = passed(log, row)
  if (result === undefined) return undefined
  const { state } = result
  const { labels, line } = result.row
  const asksErrors = isLastOfErrors([...log.stages, unwrap, unwrap?.condition])
  let value = operation.startsWith('bytes') ? Buffer.byteLength(line) : 1
  if (unwrap !== undefined) {
    const text = labels[unwrap.label] ?? ''
    if (text === '') return undefined
    const read = unwrapped(text, unwrap.unit)
    if (read === undefined) state.error ||= 'SampleExtractionErr'
    value = read ?? 0
    if (unwrap.condition !== undefined && !holds(unwrap.condition, result.row, state)) return undefined
  }
  return state.error !== '' && !asksErrors ? undefined : { value, labels: { ...labels, __error__: state.error } }
}

/** Whether the last step that has to do with errors is one that asks for them. */
function isLastOfErrors(steps: readonly unknown[]): boolean {
  const texts = steps.map(step => JSON.stringify(step) ?? '')
  const about = texts.filter(text => /"__error__"|"kind":"(?:number|json|logfmt)"|"unit"/.test(text))
  return about.length > 0 && /"__error__"/.test(about[about.length - 1]!)
}

function unwrapped(text: string, unit: string): number | undefined {
  const [, count, written] = /^(-?\d+(?:\.\d+)?)(|ms|s|KB)$/.exec(text) ?? []
  const per: Record<string, number> = { number: { '': 1 }, duration: { ms: 0.001, s: 1 }, bytes: { '': 1, KB: 1000 } }[
    unit.replace('_seconds', '')
  ] as Record<string, number>
  if (count === undefined || per[written!] === undefined) return text === '0' ? 0 : undefined
  if (unit === 'bytes') return Number(count) < 0 ? undefined : Math.floor(Number(count) * per[written!]!)
  return written === 'ms' ? Number(count) / 1000 : Number(count)
}

/** The labels that tell one series from another. */
function seriesLabels(
  { log, unwrap, by }: Range,
  labels: Sample['labels'],
  named: readonly string[]
): Sample['labels'] {
  if (by !== undefined) return only(labels, name => by.includes(name))
  let telling = [...streamLabels]
  for (const stage of log.stages) {
    if (stage.kind === 'keep') telling = [...stage.names]
    if (stage.kind === 'rename') telling.push(stage.to)
  }
  return only(labels, name => (telling.includes(name) || named.includes(name)) && name !== unwrap?.label)
}

function overTime({ operation, quantile, seconds }: Range, values: { time: bigint; value: number }[]): number {
  const numbers = values.map(({ value }) => value)
  const sum = numbers.reduce((all, value) => all + value, 0)
  const ordered = values.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  switch (operation) {
    case 'count_over_time':
      return sum
    case 'rate':
    case 'bytes_rate':
      return sum / seconds
    case 'first_over_time':
      return ordered[0]!.value
    case 'last_over_time':
      return ordered[ordered.length - 1]!.value
    case 'quantile_over_time':
      return quantileIn(numbers, quantile!)
    default:
      return aggregate(operation.replace(/_over_time$/, '').replace('bytes', 'sum'), numbers)
  }
}

/** As Prometheus has it: between two values in proportion. */
function quantileIn(values: readonly number[], quantile: number): number {
  const ordered = values.toSorted((a, b) => a - b)
  const rank = quantile * (ordered.length - 1)
  const below = ordered[Math.floor(rank)]!
  const above = ordered[Math.min(Math.floor(rank) + 1, ordered.length - 1)]!
  return below + (above - below) * (rank - Math.floor(rank))
}

function aggregate(operation: string, values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0)
  const mean = sum / values.length
  const variance = values.reduce((all, value) => all + (value - mean) ** 2, 0) / values.length
  const results: Record<string, number> = {
    sum,
    avg: mean,
    count: values.length,
    // not a number only if there is nothing else
    min: Math.min(...comparable(values)),
    max: Math.max(...comparable(values)),
    stddev: Math.sqrt(variance),
    stdvar: variance
  }
  return results[operation]!
}

function comparable(values: readonly number[]): readonly number[] {
  const numbers = values.filter(value => !Number.isNaN(value))
  return numbers.length === 0 ? [Number.NaN] : numbers
}

function calculate(symbol: string, a: number, b: number): number | boolean {
  switch (symbol) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? Number.NaN : a / b
    case '%':
      return a % b
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '<':
      return a < b
    default:
      return a <= b
  }
}

export function keyOf(labels: Sample['labels']): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function only(labels: Sample['labels'], isWanted: (name: string) => boolean): Sample['labels'] {
  return Object.fromEntries(Object.entries(labels).filter(([name, value]) => value !== '' && isWanted(name)))
}
