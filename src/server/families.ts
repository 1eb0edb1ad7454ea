import type { Exemplar, Family, Series } from '../core/families.ts'

/** Families in Prometheus' text format, or in that of OpenMetrics, which has exemplars. Without the end mark. */
export function familiesText(families: readonly Family[], isOpen: boolean): string {
  return families.map(family => new FamilyText(family, isOpen).text()).join('')
}

class FamilyText {
  readonly #family: Family
  readonly #isOpen: boolean

  constructor(family: Family, isOpen: boolean) {
    this.#family = family
    this.#isOpen = isOpen
  }

  text(): string {
    const { name, help, type, series } = this.#family
    const known = this.#isOpen && type === 'counter' ? name.replace(/_total$/, '') : name
    const head = `# HELP ${known} ${escaped(help, this.#isOpen)}\n# TYPE ${known} ${type}\n`
    return head + series.flatMap(one => this.#lines(one)).join('')
  }

  #lines(series: Series): string[] {
    const { name, type, bounds } = this.#family
    const labels = this.#labels(series)
    if (type !== 'histogram') return [line(name, labels, series.value, this.#told(series.exemplars[0]))]
    let rows = 0
    const buckets = series.counts.map((count, i) => {
      rows += count
      const bound = `le="${numberText(bounds[i] ?? Infinity)}"`
      return line(`${name}_bucket`, [...labels, bound], rows, this.#told(series.exemplars[i]))
    })
    return [...buckets, line(`${name}_sum`, labels, series.value), line(`${name}_count`, labels, rows)]
  }

  #labels({ values }: Series): string[] {
    // as OpenTelemetry names what is beyond a limit on series
    if (values === undefined) return ['otel_metric_overflow="true"']
    return this.#family.labels.map((label, i) => `${label}="${escaped(values[i]!, true)}"`)
  }

  #told(exemplar: Exemplar | undefined): string {
    if (!this.#isOpen || exemplar === undefined) return ''
    return ` # {trace_id="${exemplar.traceId}"} ${numberText(exemplar.value)} ${exemplar.at / 1000}`
  }
}

function line(name: string, labels: readonly string[], value: number, exemplar = ''): string {
  return `${name}${labels.length === 0 ? '' : `{${labels.join()}}`} ${numberText(value)}${exemplar}\n`
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : `${value > 0 ? '+' : '-'}Inf`
}

function escaped(text: string, withQuotes: boolean): string {
  const lines = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return withQuotes ? lines.replaceAll('"', '\\"') : lines
}
