/** A number with labels, as `/metrics` tells it. */
export interface Shown {
  readonly name: string
  /** `output` is the first one of all metrics that count rows of outputs. */
  readonly output: string
  readonly value: number
}

const ended = new Set(['collector_rows_total', 'collector_lost_rows_total', 'collector_output_pending_rows'])
const begun = new Set(['collector_read_rows_total', 'collector_derived_rows_total'])

/** Of each output, rows that were read or derived, less those that have ended or wait: 0 everywhere, at every moment. */
export function balances(samples: Iterable<Shown>): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { name, output, value } of samples) {
    if (begun.has(name)) sums[output] = (sums[output] ?? 0) + value
    else if (ended.has(name)) sums[output] = (sums[output] ?? 0) - value
  }
  return sums
}

/** The samples of a scrape. */
export function scraped(text: string): Shown[] {
  return [...text.matchAll(/^(\w+)\{output="([^"]*)"[^}]*\} (\S+)$/gm)].map(([, name, output, value]) => ({
    name: name!,
    output: output!,
    value: Number(value)
  }))
}
