import type { OutputState } from '../pipeline/collector.ts'
import { outputName } from './output-id.ts'
import { counted, formatBytes, formatCount, formatDuration, tableLines, wrapped } from './table.ts'
import { printable, type Stream, type Style } from './terminal.ts'

const columns = [
  { title: 'output', cell: (output: OutputState) => outputName(output.name) },
  { title: 'type', cell: (output: OutputState) => output.type },
  { title: 'state', cell: (output: OutputState) => output.state },
  { title: 'requests', cell: (output: OutputState) => output.inFlightRequests },
  { title: 'in flight', cell: (output: OutputState) => formatBytes(output.inFlightBytes) },
  { title: 'behind', cell: (output: OutputState) => formatBytes(output.backlog?.bytes ?? 0) },
  { title: 'retried rows', cell: (output: OutputState) => output.retriedRows }
]

/** Of the oldest row that waits. */
const unusualAgeMs = 10_000

/** Names of outputs in the first line. */
const mostNames = 3

/** What a pause is for, and what ends it. */
const pauses: Readonly<Record<string, string>> = {
  unreachable: 'no way to the server',
  unauthorized: 'the server does not accept the user or API key',
  forbidden: 'the user or API key lacks rights',
  not_found: 'the server does not have what rows are sent to',
  refuses_all: 'the server refuses most rows, one is sent to try',
  dead_letters_full: 'no more dead letters fit, see "mcp-collector dlq list"'
}

/** A line of the table for each output, and below it why it does not deliver, or who it delivers to. */
export function outputLines(stream: Stream, outputs: readonly OutputState[], now = Date.now()): string[] {
  const [title, ...lines] = tableLines(stream, columns, outputs)
  return [
    title!,
    ...outputs.flatMap((output, i) => {
      const style = styles[output.state]
      const line = style === undefined ? lines[i]! : stream.style(style, lines[i]!)
      return [
        line,
        ...detailsOf(output, now).flatMap(text => detail(stream, text, style ?? 'dim')),
        ...refusedOf(output).flatMap(text => detail(stream, text, style ?? 'yellow'))
      ]
    })
  ]
}

/** Which outputs do not deliver, as the end of a line: the collector is ready all the same, as nothing is lost. */
export function troubleText(outputs: readonly OutputState[]): string {
  return (['paused', 'retrying'] as const)
    .map(state => {
      const names = outputs.filter(output => output.state === state).map(output => outputName(output.name))
      if (names.length === 0) return ''
      const shown =
        names.length > mostNames ? [...names.slice(0, mostNames), `${names.length - mostNames} more`] : names
      return ` · ${names.length === 1 ? 'output' : 'outputs'} ${shown.join(', ')} ${names.length === 1 ? 'is' : 'are'} ${state}`
    })
    .join('')
}

const styles: Partial<Record<OutputState['state'], Style>> = { paused: 'red', retrying: 'yellow' }

function detailsOf(output: OutputState, now: number): string[] {
  return [...waitingOf(output), ...stateOf(output, now), ...backlogOf(output)]
}

/** A server that takes a request and says nothing is not known to be bad until its time is over. */
function waitingOf({ waitingMs }: OutputState): string[] {
  return waitingMs === undefined ? [] : [`waiting for an answer for ${formatDuration(waitingMs)}`]
}

/** Worth a line where rows have waited longer than a request takes. */
function backlogOf({ backlog }: OutputState): string[] {
  const { ageMs = 0, leftMs } = backlog ?? {}
  if (backlog === undefined || ageMs < unusualAgeMs) return []
  const left = leftMs === undefined ? 'the backlog does not shrink' : `about ${formatDuration(leftMs)} left`
  return [`${formatBytes(backlog.bytes)} behind: the oldest row is ${formatDuration(ageMs)} old, ${left}`]
}

function stateOf(output: OutputState, now: number): string[] {
  const { state, reason = '', tryEveryMs, since, server, lastError } = output
  const ago = (at: number): string => formatDuration(Math.max(0, now - at))
  const error = lastError === undefined ? [] : [`${ago(lastError.at)} ago: ${lastError.message}`]
  const tried = tryEveryMs === undefined ? '' : `; tried again every ${Math.ceil(tryEveryMs / 1000)} s`
  if (state === 'paused') return [`paused for ${ago(since)}: ${pauses[reason] ?? reason}${tried}`, ...error]
  if (state === 'retrying') return [`retrying for ${ago(since)}, rows wait and nothing is lost`, ...error]
  return [...(server === undefined ? [] : [`answers: ${server}`]), ...error.map(text => `last error ${text}`)]
}

/** What was refused, and what has become of it. */
function refusedOf({ deadLetters, undecided }: OutputState): string[] {
  return [
    ...(undecided === undefined ? [] : [undecidedText(undecided)]),
    ...(deadLetters === 0 ? [] : [`${counted(deadLetters, 'dead letter')}: see "mcp-collector dlq list"`])
  ]
}

export function undecidedText({ rows, types }: NonNullable<OutputState['undecided']>): string {
  const subject =
    rows === 1
      ? '1 row was refused, what becomes of it'
      : `${formatCount(rows)} rows were refused, what becomes of them`
  return `${subject} is decided within 10 s: ${types.join(', ')}`
}

function detail(stream: Stream, text: string, style: Style): string[] {
  return wrapped(printable(text), stream.columns - 4).map((line, i) =>
    stream.style(style, `${i === 0 ? '  ' : '    '}${line}`)
  )
}
