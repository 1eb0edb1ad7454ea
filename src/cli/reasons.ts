import type { CollectorStatus, InputStatus } from '../pipeline/collector.ts'
import { printable, type Stream } from './terminal.ts'

/** Why an input does not read what somebody may expect it to, a line each. */
export function reasonsOf(stream: Stream, input: InputStatus, problems: CollectorStatus['problems']): string[] {
  const own = problems.filter(problem => problem.input === input.name)
  return [
    ...own.map(
      ({ path, reason }) => `${stream.style('yellow', 'cannot read')} ${printable(path)}: ${printable(reason)}`
    ),
    ...input.notes.map(({ text }) => stream.style(input.sourceCount === 0 ? 'yellow' : 'dim', printable(text)))
  ]
}
