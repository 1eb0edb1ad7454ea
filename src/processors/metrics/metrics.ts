import type { Batch } from '../../core/batch.ts'
import type { Family } from '../../core/families.ts'
import type { Sample } from '../../core/metrics.ts'
import type { Processor, ProcessorContext } from '../../core/steps.ts'
import { labelFor } from '../../logql/labels.ts'
import { UnwrappedValue } from '../../logql/ranges/values.ts'
import { Chosen } from '../chosen.ts'
import { SeriesTable } from './series-table.ts'

export interface MetricsOptions {
  readonly name: string
  readonly help: string
  readonly type: Family['type']
  readonly value?: string | undefined
  readonly unit: 'number' | 'duration' | 'bytes'
  readonly labels: readonly string[]
  readonly buckets: readonly number[]
  readonly maxSeries: number
  readonly idle: number
  readonly if?: string | undefined
}

/** Counts each row once, whatever lanes it comes by. */
export class Metrics implements Processor {
  readonly #options: MetricsOptions
  readonly #chosen: Chosen
  readonly #value: UnwrappedValue | undefined
  readonly #series: SeriesTable
  readonly #failed: Sample
  #errors = new Uint8Array(0)

  constructor(options: MetricsOptions, context: ProcessorContext) {
    const { name, type, value: label, unit, maxSeries, idle } = options
    const labels = [...new Set(options.labels)]
    const bounds = type === 'histogram' ? options.buckets : []
    this.#options = { ...options, name: type === 'counter' ? totalOf(name) : name, labels, buckets: bounds }
    this.#chosen = new Chosen(options.if, context.keys)
    this.#value =
      label === undefined
        ? undefined
        : new UnwrappedValue({ label, unit, conditions: [] }, name => labelFor(name, context.keys))
    this.#series = new SeriesTable({ type, labels, bounds, most: maxSeries, idleMs: idle }, context)
    this.#failed = context.sample('collector_step_failed_rows_total')
  }

  apply(batch: Batch): void {
    if (batch.isRepeat) return
    const chosen = this.#chosen.of(batch)
    if (this.#errors.length < batch.rows) this.#errors = new Uint8Array(batch.rows * 2)
    const errors = this.#errors.fill(0, 0, batch.rows)
    const value = this.#value
    value?.open(batch, errors)
    this.#series.open(batch, errors)
    for (let row = 0; row < batch.rows; row++) {
      if (chosen[row] === 0) continue
      if (value === undefined) this.#series.add(row, 1)
      else if (value.find(row)) this.#add(row, value.value, errors[row]!)
    }
    this.#series.close()
  }

  family(): Family {
    const { name, help, type, labels, buckets } = this.#options
    return { name, help, type, labels, bounds: buckets, series: this.#series.all() }
  }

  #add(row: number, value: number, error: number): void {
    const isPossible = error === 0 && Number.isFinite(value) && (value >= 0 || this.#options.type !== 'counter')
    if (isPossible) this.#series.add(row, value)
    else this.#failed.value++
  }
}

/** Of counters the name ends so; others are not taken over by OpenMetrics. */
function totalOf(name: string): string {
  return name.endsWith('_total') ? name : `${name}_total`
}
