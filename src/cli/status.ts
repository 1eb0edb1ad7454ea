import { exitCodes } from '../core/errors.ts'
import type { CollectorStatus, SourceStatus } from '../pipeline/collector.ts'
import { sentenceOf } from '../pipeline/reload.ts'
import { ask, notRunning } from './client.ts'
import { outputLines, troubleText } from './outputs.ts'
import { reasonsOf, stallsOf } from './reasons.ts'
import { withStateDir } from './state-dir.ts'
import { counted, formatBytes, formatDuration, tableLines } from './table.ts'
import { printable, type Stream } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

/** Sources shown, the ones that are behind most first. */
const mostSources = 20
const mostReasons = 10

export const status: Verb = {
  define(command, { env, out }, finish) {
    withStateDir(command, env)
    command.option('--json', 'everything as JSON')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector status': 'the collector of this user',
        'mcp-collector status --state-dir /var/lib/mcp-collector': 'the one of the system',
        "mcp-collector status --json | jq '.outputs[].state'": 'for machines'
      })
    )
    command.action(async (options: { stateDir: string; json?: true }) => {
      const answer = await ask<CollectorStatus>(options.stateDir, { path: '/api/v1/status' })
      if (answer === undefined) throw notRunning(options.stateDir)
      if (options.json) out.line(JSON.stringify(answer))
      else for (const line of statusLines(out, answer)) out.line(line)
      finish(exitCodes.ok)
    })
  }
}

function statusLines(out: Stream, answer: CollectorStatus): string[] {
  const { version, pid, uptimeMs, ready, stateDir, degraded } = answer
  const count = answer.inputs.reduce((sum, input) => sum + input.sourceCount, 0)
  const sources = answer.inputs.flatMap(input => input.sources.map(source => ({ ...source, input: input.name })))
  return [
    `mcp-collector ${version}, process ${pid}, ${ready}, up ${formatDuration(uptimeMs)}${printable(troubleText(answer.outputs))}`,
    `state in ${printable(stateDir)}`,
    ...degraded.map(reason => out.style('red', `paused: ${printable(reason)}`)),
    ...stallsOf(out, answer),
    ...keptLines(answer),
    ...notifierLines(out, answer),
    ...reloadLines(out, answer),
    '',
    ...outputLines(out, answer.outputs),
    '',
    ...(sources.length === 0 ? ['No source yet'] : sourceLines(out, sources, count)),
    ...unreadLines(out, answer)
  ]
}

function keptLines({ kept }: CollectorStatus): string[] {
  if (kept === undefined || kept.sources === 0) return []
  const { bytes, maxBytes, sources, damagedBlocks } = kept
  const files = counted(sources, 'deleted file')
  const damage = damagedBlocks === 0 ? '' : `; ${counted(damagedBlocks, 'block')} could not be read`
  return [
    `keeps what was not sent of ${files}: ${formatBytes(bytes)} of ${formatBytes(maxBytes)} (hold_deleted)${damage}`
  ]
}

/** Who is told about alerts, and who is not reached. */
function notifierLines(stream: Stream, { notifiers = [] }: CollectorStatus): string[] {
  return notifiers.map(({ name, told, sent, waiting, dropped, error }) => {
    const counts = [
      `${sent} told`,
      ...(waiting > 0 ? [`${waiting} wait`] : []),
      ...(dropped > 0 ? [`${dropped} dropped`] : [])
    ]
    const shown = counts.join(', ')
    if (error === undefined) return printable(`${told} go to ${name}: ${shown}`)
    return stream.style('red', printable(`${told} do not reach ${name}: ${shown}; ${error}`))
  })
}

/** A configuration that was not taken over: what runs is not what the files say. */
function reloadLines(stream: Stream, { lastReload, configuredAt }: CollectorStatus, now = Date.now()): string[] {
  if (lastReload === undefined || lastReload.problems.length === 0) return []
  const ago = (at: number): string => formatDuration(Math.max(0, now - at))
  const { at, by, problems } = lastReload
  const title = `not reloaded ${ago(at)} ago (by ${by}), the configuration of ${ago(configuredAt)} ago goes on:`
  const shown = problems.slice(0, mostReasons).map(problem => `  ${printable(sentenceOf(problem))}`)
  const more = problems.length > mostReasons ? [`  and ${problems.length - mostReasons} more`] : []
  return [title, ...shown, ...more].map(line => stream.style('red', line))
}

function sourceLines(out: Stream, sources: readonly (SourceStatus & { input: string })[], count: number): string[] {
  const shown = sources.toSorted((a, b) => b.lagBytes - a.lagBytes).slice(0, mostSources)
  const columns = [
    { title: 'source', cell: (source: SourceStatus) => source.name, canShrink: true as const },
    { title: 'input', cell: (source: SourceStatus & { input: string }) => source.input },
    ...(shown.some(({ format }) => format !== undefined)
      ? [{ title: 'format', cell: ({ format = '' }: SourceStatus) => format }]
      : []),
    { title: 'size', cell: (source: SourceStatus) => formatBytes(source.size) },
    { title: 'settled', cell: (source: SourceStatus) => formatBytes(source.settled) },
    { title: 'behind', cell: (source: SourceStatus) => formatBytes(source.lagBytes) }
  ]
  const left = count - shown.length
  return [...tableLines(out, columns, shown), ...(left > 0 ? [out.style('dim', `and ${left} more`)] : [])]
}

/** What is not read, input by input. */
function unreadLines(stream: Stream, { inputs, problems }: CollectorStatus): string[] {
  return inputs.flatMap(input => {
    const reasons = reasonsOf(stream, input, problems)
    const left = reasons.length - mostReasons
    if (left > 1) reasons.splice(mostReasons, left, stream.style('dim', `and ${left} more: see --json`))
    return reasons.length === 0
      ? []
      : ['', `input ${input.name} (${input.type})`, ...reasons.map(reason => `  ${reason}`)]
  })
}
