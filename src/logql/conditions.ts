import type { Batch } from '../core/batch.ts'
import { Addresses } from './addresses.ts'
import type { Label } from './label.ts'
import { rowErrors } from './labels.ts'
import type { IpFilter, LabelFilter, NumberFilter, TextFilter } from './syntax.ts'
import { TextTest } from './text-test.ts'
import { readBytes, readDuration, readNumber } from './units.ts'

const notConverted = rowErrors.indexOf('LabelFilterErr')

/** A condition on labels, ready to be asked for the rows of a batch. */
export interface Condition {
  /** To be called before the rows of a batch are looked at. */
  open(batch: Batch, errors: Uint8Array): void
  holds(row: number): boolean
}

/** What finds the value of a label, by its name. */
export type LabelSource = (name: string) => Label

export function conditionOf(filter: LabelFilter, labels: LabelSource): Condition {
  switch (filter.kind) {
    case 'text':
      return new TextCondition(filter, labels)
    case 'number':
      return new NumberCondition(filter, labels)
    case 'ip':
      return new IpCondition(filter, labels)
    default:
      return new PairCondition(filter.kind, conditionOf(filter.left, labels), conditionOf(filter.right, labels))
  }
}

/** Both are asked even where the first decides: what a condition could not convert is an error of the row. */
class PairCondition implements Condition {
  readonly #isAnd: boolean
  readonly #left: Condition
  readonly #right: Condition

  constructor(kind: 'and' | 'or', left: Condition, right: Condition) {
    this.#isAnd = kind === 'and'
    this.#left = left
    this.#right = right
  }

  open(batch: Batch, errors: Uint8Array): void {
    this.#left.open(batch, errors)
    this.#right.open(batch, errors)
  }

  holds(row: number): boolean {
    const left = this.#left.holds(row)
    if (!this.#isAnd) return left || this.#right.holds(row)
    const right = this.#right.holds(row)
    return left && right
  }
}

/** Compares with a text; a row without the label has the empty one. */
class TextCondition implements Condition {
  readonly #label: Label
  readonly #test: TextTest
  /** Rows often share a value: where it stood, and what came of it. */
  #bytes: Uint8Array | undefined
  #start = -1
  #end = -1
  #last = false

  constructor(filter: TextFilter, labels: LabelSource) {
    this.#label = labels(filter.label)
    this.#test = new TextTest(filter)
  }

  open(batch: Batch, errors: Uint8Array): void {
    this.#label.open(batch, errors)
    this.#bytes = undefined
  }

  holds(row: number): boolean {
    const label = this.#label
    label.find(row)
    const { bytes, start, end } = label
    if (bytes === this.#bytes && start === this.#start && end === this.#end) return this.#last
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    return (this.#last = this.#test.passes(bytes, start, end))
  }
}

const readers = { number: readNumber, duration: readDuration, bytes: readBytes }

/** Compares with a number. A row without the label is left out; one whose value is no number stays, and has an error. */
class NumberCondition implements Condition {
  readonly #label: Label
  readonly #filter: NumberFilter
  readonly #read: (text: string) => number
  #errors = new Uint8Array(0)

  constructor(filter: NumberFilter, labels: LabelSource) {
    this.#label = labels(filter.label)
    this.#filter = filter
    this.#read = readers[filter.unit]
  }

  open(batch: Batch, errors: Uint8Array): void {
    this.#label.open(batch, errors)
    this.#errors = errors as Uint8Array<ArrayBuffer>
  }

  holds(row: number): boolean {
    const label = this.#label
    if (!label.find(row)) return false
    const whole = wholeNumber(label.bytes, label.start, label.end)
    const found = whole >= 0 && this.#filter.unit !== 'duration' ? whole : this.#read(label.text)
    if (Number.isNaN(found)) {
      if (this.#errors[row] === 0) this.#errors[row] = notConverted
      return true
    }
    const { operator, value } = this.#filter
    switch (operator) {
      case '==':
        return found === value
      case '!=':
        return found !== value
      case '>':
        return found > value
      case '>=':
        return found >= value
      case '<':
        return found < value
      default:
        return found <= value
    }
  }
}

/** A number of up to 15 digits, and nothing else; else -1. */
function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 15) return -1
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

class IpCondition implements Condition {
  readonly #label: Label
  readonly #isNegated: boolean
  readonly #addresses: Addresses

  constructor({ label, isNegated, text }: IpFilter, labels: LabelSource) {
    this.#label = labels(label)
    this.#isNegated = isNegated
    this.#addresses = new Addresses(text)
  }

  open(batch: Batch, errors: Uint8Array): void {
    this.#label.open(batch, errors)
  }

  holds(row: number): boolean {
    return this.#label.find(row) && this.#addresses.standIn(this.#label.text) !== this.#isNegated
  }
}
