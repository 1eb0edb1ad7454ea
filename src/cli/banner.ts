import type { CollectorStatus, InputStatus } from '../pipeline/collector.ts'
import type { RunningServer } from '../server/server.ts'
import { outputName } from './output-id.ts'
import { reasonsOf, stallsOf } from './reasons.ts'
import { counted } from './table.ts'
import { printable, type Stream } from './terminal.ts'

const mostInputs = 4
const mostReasons = 3

/** The first lines of a run: what is followed, what could not be read and why, where to look, how to stop. */
export function bannerLines(
  stream: Stream,
  status: CollectorStatus,
  server: Pick<RunningServer, 'address' | 'metricsAddress'>
): string[] {
  const files = status.inputs.reduce((sum, input) => sum + input.sourceCount, 0)
  const outputs = status.outputs.map(({ name, type }) => {
    const shown = outputName(name)
    return shown === type ? shown : `${shown} (${type})`
  })
  const metrics = server.metricsAddress ?? server.address
  return [
    `${stream.style('bold', `mcp-collector ${status.version}`)} follows ${counted(files, 'source')}, sends to ${outputs.join(', ')}`,
    ...firstOf(status.inputs, mostInputs, input => [
      inputLine(stream, input),
      ...firstOf(reasonsOf(stream, input, status.problems), mostReasons, reason => [`    ${reason}`])
    ]),
    ...stallsOf(stream, status).map(line => `  ${line}`),
    ...status.degraded.map(reason => `  ${stream.style('red', 'paused')}: ${printable(reason)}`),
    `Metrics: http://${metrics}/metrics · state: ${printable(status.stateDir)}`,
    `Stop with Ctrl-C: what was read is delivered first (a second Ctrl-C stops at once)`
  ].map(line => line.trimEnd())
}

function inputLine(stream: Stream, { name, paths, sources, sourceCount }: InputStatus): string {
  const shown = paths.slice(0, 3).map(printable).join(', ')
  const more = paths.length > 3 ? ` and ${paths.length - 3} more` : ''
  const isOld = sourceCount > 0 && sources.every(source => source.settled >= source.size)
  const count = `(${counted(sourceCount, 'source')}${isOld ? ', nothing new since the last run' : ''})`
  return `  ${stream.style('cyan', name)}: ${shown}${more} ${stream.style('dim', count)}`
}

function firstOf<T>(all: readonly T[], most: number, linesOf: (one: T) => string[]): string[] {
  const lines = all.slice(0, most).flatMap(linesOf)
  return all.length > most ? [...lines, `  and ${all.length - most} more: see "mcp-collector status"`] : lines
}
