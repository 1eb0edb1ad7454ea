import type { SeriesValue } from '../../series.ts'
import type { Sample } from './encode.ts'

type Labels = SeriesValue['labels']

/** Makes samples of what rules give, and ends the series that they no longer give. */
export class Series {
  readonly #externalLabels: Labels
  /** Those that each rule gave last, by their labels. */
  readonly #given = new Map<string, ReadonlyMap<string, Labels>>()

  constructor(externalLabels: Labels) {
    this.#externalLabels = externalLabels
  }

  /** What is to be written of all that a rule gives at a time. */
  take(rule: string, series: readonly SeriesValue[], at: number): Sample[] {
    const samples = series.map(({ labels, value }) => ({ labels: { ...this.#externalLabels, ...labels }, value, at }))
    const given = new Map(samples.map(({ labels }) => [JSON.stringify(labels), labels]))
    const former = this.#given.get(rule) ?? new Map<string, Labels>()
    if (given.size === 0) this.#given.delete(rule)
    else this.#given.set(rule, given)
    const ended = [...former].filter(([id]) => !given.has(id))
    return [...samples, ...ended.map(([, labels]) => ({ labels, value: undefined, at }))]
  }
}
