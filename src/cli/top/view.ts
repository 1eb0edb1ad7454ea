import type { InputStatus, OutputState } from '../../pipeline/collector.ts'
import { outputName } from '../output-id.ts'
import { stallsOf } from '../reasons.ts'
import { counted, formatBytes, formatCount, formatDuration, tableLines } from '../table.ts'
import { printable, type Stream, type Style } from '../terminal.ts'
import type { Sample } from './sample.ts'

const mostAlerts = 5
const mostNames = 4
const styles: Partial<Record<OutputState['state'], Style>> = { paused: 'red', retrying: 'yellow' }

/** What has come to be between two samples, the most important first: a small terminal shows the beginning. */
export function topLines(stream: Stream, before: Sample, now: Sample): string[] {
  const rates = new Rates(before, now)
  return [
    ...headLines(stream, rates, now),
    ...alertLines(stream, now),
    ...agentLines(stream, now),
    '',
    ...outputLines(stream, rates, now),
    '',
    ...inputLines(stream, rates, now)
  ]
}

/** The same for programs. Rates are by second. */
export function topReport(before: Sample, now: Sample): object {
  const rates = new Rates(before, now)
  const { status, agents, alerts } = now
  return {
    cpu_cores: rates.cpu,
    resident_bytes: rates.memory,
    inputs: status.inputs.map(({ name }) => ({ name, ...rates.ofInput(name) })),
    outputs: status.outputs.map(output => ({ name: output.name, state: output.state, ...rates.ofOutput(output.name) })),
    agents: Object.fromEntries(agents.map(({ id, state }) => [id, state])),
    alerts: alerts.map(({ labels, state }) => ({ state, labels }))
  }
}

class Rates {
  readonly #before: Sample
  readonly #now: Sample

  constructor(before: Sample, now: Sample) {
    this.#before = before
    this.#now = now
  }

  get cpu(): number {
    return this.#of('process_cpu_seconds_total')
  }

  get memory(): number {
    return this.#now.numbers.sum('process_resident_memory_bytes')
  }

  ofInput(name: string): { readonly rows: number; readonly bytes: number } {
    const label = `input=${JSON.stringify(name)}`
    return {
      rows: this.#of('collector_input_rows_total', label),
      bytes: this.#of('collector_input_read_bytes_total', label)
    }
  }

  ofOutput(id: string): { readonly rows: number; readonly bytes: number } {
    const label = `output=${JSON.stringify(id)}`
    const rows = this.#of('collector_rows_total', label, 'end="delivered"')
    return { rows, bytes: this.#of('collector_output_sent_bytes_total', label) }
  }

  /** By second; a collector that was started anew in between counts from 0. */
  #of(name: string, ...labels: readonly string[]): number {
    const isSame = this.#before.status.startedAt === this.#now.status.startedAt
    const before = isSame ? this.#before.numbers.sum(name, ...labels) : 0
    const seconds = (this.#now.at - this.#before.at) / 1000
    return Math.max(0, (this.#now.numbers.sum(name, ...labels) - before) / seconds)
  }
}

function headLines(stream: Stream, rates: Rates, { status }: Sample): string[] {
  const { version, pid, ready, uptimeMs, inputs, degraded } = status
  const all = inputs.map(({ name }) => rates.ofInput(name))
  const sum = (of: (one: (typeof all)[number]) => number): number => all.reduce((total, one) => total + of(one), 0)
  const cores = `CPU ${(rates.cpu * 100).toFixed(1)} %`
  return [
    `${stream.style('bold', `mcp-collector ${version}`)}, process ${pid}, ${ready}, up ${formatDuration(uptimeMs)}`,
    `${cores} · memory ${formatBytes(rates.memory)} · ${formatCount(perSecond(sum(one => one.rows)))} rows/s · ${bytesASecond(sum(one => one.bytes))}`,
    ...degraded.map(reason => stream.style('red', `paused: ${printable(reason)}`)),
    ...stallsOf(stream, status)
  ]
}

function alertLines(stream: Stream, { alerts }: Sample): string[] {
  const firing = alerts.filter(({ state }) => state === 'firing')
  if (firing.length === 0) return []
  const shown = firing.slice(0, mostAlerts).map(({ labels, annotations }) => {
    const { alertname = '', ...rest } = labels
    const about =
      annotations['summary'] ??
      Object.entries(rest)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')
    return stream.style('red', printable(`  ${alertname}: ${about}`))
  })
  const more = firing.length > mostAlerts ? [`  and ${firing.length - mostAlerts} more`] : []
  return [
    stream.style('red', `${counted(firing.length, 'alert')} ${firing.length === 1 ? 'fires' : 'fire'}`),
    ...shown,
    ...more
  ]
}

/** How many there are, and which are in trouble. */
function agentLines(stream: Stream, { agents }: Sample): string[] {
  if (agents.length === 0) return []
  const states = Object.entries(Object.groupBy(agents, ({ state }) => state)).map(([state, all]) => {
    const names = all.slice(0, mostNames).map(({ id }) => id)
    const more = all.length > mostNames ? [`${all.length - mostNames} more`] : []
    const isTrouble = state === 'offline' || state === 'late'
    const text = `${all.length} ${state}${isTrouble ? ` (${[...names, ...more].join(', ')})` : ''}`
    return isTrouble ? stream.style('yellow', printable(text)) : text
  })
  return [`agents: ${states.join(', ')}`]
}

function outputLines(stream: Stream, rates: Rates, { status }: Sample): string[] {
  const { outputs } = status
  const [title, ...lines] = tableLines(
    stream,
    [
      { title: 'output', cell: output => outputName(output.name), canShrink: true },
      { title: 'type', cell: output => output.type },
      { title: 'state', cell: output => output.state },
      { title: 'rows/s', cell: output => perSecond(rates.ofOutput(output.name).rows) },
      { title: 'sent', cell: output => bytesASecond(rates.ofOutput(output.name).bytes) },
      { title: 'requests', cell: output => output.inFlightRequests },
      { title: 'behind', cell: output => formatBytes(output.backlog?.bytes ?? 0) },
      { title: 'dead letters', cell: output => output.deadLetters }
    ],
    outputs
  )
  return [
    title!,
    ...outputs.map(({ state }, i) => (styles[state] === undefined ? lines[i]! : stream.style(styles[state], lines[i]!)))
  ]
}

function inputLines(stream: Stream, rates: Rates, { status }: Sample): string[] {
  const busiest = status.inputs.toSorted((a, b) => rates.ofInput(b.name).rows - rates.ofInput(a.name).rows)
  return tableLines(
    stream,
    [
      { title: 'input', cell: input => input.name, canShrink: true },
      { title: 'type', cell: input => input.type },
      { title: 'sources', cell: input => input.sourceCount },
      { title: 'rows/s', cell: input => perSecond(rates.ofInput(input.name).rows) },
      { title: 'read', cell: input => bytesASecond(rates.ofInput(input.name).bytes) },
      { title: 'behind', cell: input => formatBytes(behindOf(input)) }
    ],
    busiest
  )
}

function behindOf({ sources }: InputStatus): number {
  return sources.reduce((sum, { lagBytes }) => sum + lagBytes, 0)
}

/** Below ten with a digit more. */
function perSecond(rate: number): number {
  return rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate)
}

function bytesASecond(rate: number): string {
  return `${formatBytes(Math.round(rate))}/s`
}
