import type { Batch } from '../../core/batch.ts'
import type { LabelSource } from '../conditions.ts'
import type { Label } from '../label.ts'
import { rowErrors } from '../labels.ts'
import type { Unwrap } from '../metric-syntax.ts'
import { readBytes, readDuration, readNumber } from '../units.ts'

const notExtracted = rowErrors.indexOf('SampleExtractionErr')
const readers = { number: readNumber, duration: (text: string) => readDuration(text) / 1e9, bytes: readBytes }

/** Reads the value of a label as a number. */
export class UnwrappedValue {
  /** What `find` found last. */
  value = 0
  readonly #label: Label
  readonly #unit: Unwrap['unit']
  #errors: Uint8Array = new Uint8Array(0)

  constructor({ label, unit }: Unwrap, labels: LabelSource) {
    this.#label = labels(label)
    this.#unit = unit
  }

  /** No row of the batch has the label. */
  get isAbsent(): boolean {
    return this.#label.isAbsent
  }

  open(batch: Batch, errors: Uint8Array): void {
    this.#label.open(batch, errors)
    this.#errors = errors
  }

  /** Whether the row has the label; a value that can not be read is 0, and an error of the row. */
  find(row: number): boolean {
    const label = this.#label
    if (!label.find(row) || label.end === label.start) return false
    const plain = this.#unit === 'number' ? plainNumber(label.bytes, label.start, label.end) : Number.NaN
    this.value = Number.isNaN(plain) ? readers[this.#unit](label.text) : plain
    if (!Number.isNaN(this.value)) return true
    this.value = 0
    if (this.#errors[row] === 0) this.#errors[row] = notExtracted
    return true
  }
}

/** A number of up to 15 characters, with or without a point; NaN if something else stands there. */
function plainNumber(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d
  let at = isNegative ? start + 1 : start
  const isPoint = bytes[at] === 0x2e && end - at === 1
  if (end === at || isPoint || end - at > 15) return Number.NaN
  let digits = 0
  let point = -1
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit
    else if (digit === -2 && point < 0) point = at
    else return Number.NaN
  }
  // both are whole numbers, so that the quotient is the number nearest to what is written
  const value = point < 0 ? digits : digits / powers[end - point - 1]!
  return isNegative ? -value : value
}

const powers = Array.from({ length: 16 }, (_, i) => 10 ** i)
