import type { RangeAggregation } from '../metric-syntax.ts'

/** Numbers that say of some rows what an aggregation wants to know of them. Those of parts of the rows can be merged. */
export interface Measure {
  /** The numbers for no rows. */
  readonly empty: readonly number[]
  /** Adds a row: what it counts for, and its time. */
  add(numbers: Float64Array, at: number, value: number, ms: number, nanos: number): void
  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void
  result(numbers: Float64Array, at: number): number
}

export function measureOf({ operation, rangeMs }: RangeAggregation): Measure {
  switch (operation) {
    case 'rate':
    case 'bytes_rate':
      return new Sum(rangeMs / 1000)
    case 'avg_over_time':
      return new Average()
    case 'min_over_time':
      return new Least()
    case 'max_over_time':
      return new Greatest()
    case 'first_over_time':
      return new First()
    case 'last_over_time':
      return new Last()
    case 'stddev_over_time':
      return new Variance(true)
    case 'stdvar_over_time':
      return new Variance(false)
    default:
      return new Sum(1)
  }
}

class Sum implements Measure {
  readonly empty = [0]
  readonly #per: number

  constructor(per: number) {
    this.#per = per
  }

  add(numbers: Float64Array, at: number, value: number): void {
    numbers[at] = numbers[at]! + value
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    numbers[at] = numbers[at]! + others[other]!
  }

  result(numbers: Float64Array, at: number): number {
    return numbers[at]! / this.#per
  }
}

class Average implements Measure {
  readonly empty = [0, 0]

  add(numbers: Float64Array, at: number, value: number): void {
    numbers[at] = numbers[at]! + 1
    numbers[at + 1] = numbers[at + 1]! + value
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    numbers[at] = numbers[at]! + others[other]!
    numbers[at + 1] = numbers[at + 1]! + others[other + 1]!
  }

  result(numbers: Float64Array, at: number): number {
    return numbers[at + 1]! / numbers[at]!
  }
}

class Least implements Measure {
  readonly empty = [Infinity]

  add(numbers: Float64Array, at: number, value: number): void {
    if (value < numbers[at]!) numbers[at] = value
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    this.add(numbers, at, others[other]!)
  }

  result(numbers: Float64Array, at: number): number {
    return numbers[at]!
  }
}

class Greatest implements Measure {
  readonly empty = [-Infinity]

  add(numbers: Float64Array, at: number, value: number): void {
    if (value > numbers[at]!) numbers[at] = value
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    this.add(numbers, at, others[other]!)
  }

  result(numbers: Float64Array, at: number): number {
    return numbers[at]!
  }
}

/** A time in ms, the rest of it in ns, and the value. Of rows with the same time the one that came first. */
class First implements Measure {
  readonly empty = [Infinity, 0, 0]

  add(numbers: Float64Array, at: number, value: number, ms: number, nanos: number): void {
    if (ms > numbers[at]! || (ms === numbers[at] && nanos >= numbers[at + 1]!)) return
    numbers[at] = ms
    numbers[at + 1] = nanos
    numbers[at + 2] = value
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    this.add(numbers, at, others[other + 2]!, others[other]!, others[other + 1]!)
  }

  result(numbers: Float64Array, at: number): number {
    return numbers[at + 2]!
  }
}

/** Of rows with the same time the one that came last. */
class Last implements Measure {
  readonly empty = [-Infinity, 0, 0]

  add(numbers: Float64Array, at: number, value: number, ms: number, nanos: number): void {
    if (ms < numbers[at]! || (ms === numbers[at] && nanos < numbers[at + 1]!)) return
    numbers[at] = ms
    numbers[at + 1] = nanos
    numbers[at + 2] = value
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    this.add(numbers, at, others[other + 2]!, others[other]!, others[other + 1]!)
  }

  result(numbers: Float64Array, at: number): number {
    return numbers[at + 2]!
  }
}

/** Count, mean and sum of squared distances: Welford's, merged as Chan, Golub and LeVeque do. */
class Variance implements Measure {
  readonly empty = [0, 0, 0]
  readonly #isRoot: boolean

  constructor(isRoot: boolean) {
    this.#isRoot = isRoot
  }

  add(numbers: Float64Array, at: number, value: number): void {
    const count = numbers[at]! + 1
    const distance = value - numbers[at + 1]!
    const mean = numbers[at + 1]! + distance / count
    numbers[at] = count
    numbers[at + 1] = mean
    numbers[at + 2] = numbers[at + 2]! + distance * (value - mean)
  }

  merge(numbers: Float64Array, at: number, others: Float64Array, other: number): void {
    const count = numbers[at]!
    const more = others[other]!
    const all = count + more
    const distance = others[other + 1]! - numbers[at + 1]!
    numbers[at] = all
    numbers[at + 1] = numbers[at + 1]! + (distance * more) / all
    numbers[at + 2] = numbers[at + 2]! + others[other + 2]! + (distance * distance * count * more) / all
  }

  result(numbers: Float64Array, at: number): number {
    const variance = numbers[at + 2]! / numbers[at]!
    return this.#isRoot ? Math.sqrt(variance) : variance
  }
}
