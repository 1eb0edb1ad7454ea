import type { RegistryContentType } from 'prom-client'
import type { Family } from '../core/families.ts'
import { metrics, type MetricDefinition, type Sample } from '../core/metrics.ts'
import { familiesText } from './families.ts'

export interface Exposition {
  readonly contentType: string
  readonly text: string
}

const ownMetrics = {
  process_cpu_seconds_total: { type: 'counter', help: 'CPU time, user and system, of all threads', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'Start of the process in Unix time', labels: [] }
} as const satisfies Record<string, MetricDefinition>

type AnySample = Pick<Sample, 'labels' | 'value'> & { readonly name: string }

export interface Numbers {
  readonly samples: readonly Sample[]
  readonly families: readonly Family[]
}

/** The numbers in Prometheus' text format, or in that of OpenMetrics where the header `Accept` names it. The registry lives for one
 * scrape: what counts are the samples. */
export async function expose({ samples, families }: Numbers, accept = ''): Promise<Exposition> {
  const { Counter, Gauge, Registry } = (await import('prom-client')).default
  const isOpen = /\bapplication\/openmetrics-text\b/i.test(accept)
  const registry = new Registry<RegistryContentType>()
  if (isOpen) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const definitions: Readonly<Record<string, MetricDefinition>> = { ...metrics, ...ownMetrics }
  for (const [name, rows] of Map.groupBy<string, AnySample>([...samples, ...processSamples()], row => row.name)) {
    const definition = definitions[name]
    if (definition === undefined) continue
    const labelNames = [...definition.labels]
    const options = { name, help: definition.help, labelNames, registers: [registry] }
    const metric = definition.type === 'counter' ? new Counter(options) : new Gauge(options)
    for (const row of rows) {
      if (isValid(definition, row.value)) metric.inc(labelsOf(labelNames, row), row.value)
    }
  }
  const own = await registry.metrics()
  const more = familiesText(families, isOpen)
  const text = isOpen ? own.replace(/# EOF\n$/, () => `${more}# EOF\n`) : own + more
  return { contentType: registry.contentType, text }
}

/** One bad number must not cost the whole scrape. */
function isValid(definition: MetricDefinition, value: number): boolean {
  return Number.isFinite(value) && (value >= 0 || definition.type === 'gauge')
}

function labelsOf(names: readonly string[], row: AnySample): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, row.labels[index] ?? '']))
}

function processSamples(): AnySample[] {
  const { user, system } = process.cpuUsage()
  return [
    { name: 'process_cpu_seconds_total', labels: [], value: (user + system) / 1e6 },
    { name: 'process_resident_memory_bytes', labels: [], value: process.memoryUsage.rss() },
    { name: 'process_start_time_seconds', labels: [], value: Math.round(performance.timeOrigin / 1000) }
  ]
}
