import type { CollectorStatus, InputStatus } from '../pipeline/collector.ts'
import { formatDuration } from './table.ts'
import { printable, type Stream } from './terminal.ts'

/** Inputs that do not go on, a line each. */
export function stallsOf(stream: Stream, { stalled }: CollectorStatus, now = Date.now()): string[] {
  return stalled.map(({ inputs, path, since }) => {
    const time = formatDuration(Math.max(0, now - since))
    return `${stream.style('red', 'hangs')} for ${time}: ${inputs.join(', ')}, "${printable(path)}" does not answer`
  })
}

function waitText(unseenMs: number): string {
  return `for ${formatDuration(unseenMs)} its end was not read, and something may seem to be missing; alerts on what there is go on`
}

/** Why an input does not read what somebody may expect it to, a line each. */
export function reasonsOf(stream: Stream, input: InputStatus, problems: CollectorStatus['problems']): string[] {
  const own = problems.filter(problem => problem.input === input.name)
  const { unseenMs } = input
  return [
    ...(unseenMs === undefined ? [] : [`${stream.style('yellow', 'rules wait')}: ${waitText(unseenMs)}`]),
    ...own.map(
      ({ path, reason }) => `${stream.style('yellow', 'cannot read')} ${printable(path)}: ${printable(reason)}`
    ),
    ...input.notes.map(({ text }) => stream.style(input.sourceCount === 0 ? 'yellow' : 'dim', printable(text)))
  ]
}
