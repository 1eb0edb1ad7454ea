import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { IsoTimes } from '../../scan/iso-times.ts'
import { Quantities, writeWhole } from '../../scan/quantities.ts'
import { TimeScanner } from '../../scan/time.ts'
import { Conversion } from './conversions.ts'

const minus = 0x2d
const point = 0x2e
const zero = 0x30

/** A number of bytes; one without a unit is one already. */
export class ToBytes extends Conversion {
  readonly #quantities = new Quantities()

  protected override text(start: number, end: number): boolean {
    const quantities = this.#quantities
    if (!quantities.size(this.batch.bytes, start, end) || quantities.value > Number.MAX_SAFE_INTEGER) return false
    const at = this.batch.overlay(16)
    this.batch.used = writeWhole(quantities.value, this.batch.bytes, at)
    return this.set(at, this.batch.used, Kind.number)
  }
}

/** Units that durations can be given in, in nanoseconds. */
export const units = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 } as const

/** A number of some unit. A number that has none says nothing, unless it is 0. */
export class ToDuration extends Conversion {
  readonly #quantities = new Quantities()
  readonly #unit: number
  readonly #decimals: number

  constructor(unit: keyof typeof units) {
    super()
    this.#unit = units[unit]
    this.#decimals = Math.round(Math.log10(this.#unit))
  }

  protected override number(start: number, end: number): boolean {
    return this.text(start, end)
  }

  protected override text(start: number, end: number): boolean {
    const { batch } = this
    if (!this.#quantities.duration(batch.bytes, start, end)) return false
    const { value } = this.#quantities
    const whole = Math.floor(Math.abs(value) / this.#unit)
    if (whole > Number.MAX_SAFE_INTEGER) return false
    const from = batch.overlay(32)
    const { bytes } = batch
    let at = from
    if (value < 0) bytes[at++] = minus
    at = writeWhole(whole, bytes, at)
    batch.used = this.#writeRest(Math.abs(value) - whole * this.#unit, bytes, at)
    return this.set(from, batch.used, Kind.number)
  }

  /** `.5`, or nothing. */
  #writeRest(rest: number, bytes: Buffer, at: number): number {
    if (rest === 0) return at
    bytes[at] = point
    const end = at + 1 + this.#decimals
    for (let i = end - 1; i > at; i--) {
      bytes[i] = zero + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    let last = end
    while (bytes[last - 1] === zero) last--
    return last
  }
}

/** ISO 8601 in UTC. */
export class ToTimestamp extends Conversion {
  readonly #times: TimeScanner
  readonly #iso = new IsoTimes()

  constructor(zone: string, formats: readonly string[]) {
    super()
    this.#times = new TimeScanner(zone, formats)
  }

  override open(batch: Batch): void {
    super.open(batch)
    this.#times.now = batch.readTime
  }

  override read(start: number, end: number, kind: number): boolean {
    const { batch } = this
    const times = this.#times
    if (!times.parse(batch.bytes, start, end, kind) || !this.#iso.has(times.ms)) return false
    const at = batch.overlay(IsoTimes.length)
    batch.used = this.#iso.write(times.ms, times.nanos, batch.bytes, at)
    return this.set(at, batch.used, Kind.plain)
  }

  protected override text(): boolean {
    return false
  }
}
