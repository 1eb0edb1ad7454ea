import type { Check } from '../pipeline/probe/probe.ts'
import { counted, tableLines } from './table.ts'
import type { Stream } from './terminal.ts'

const styles = { ok: undefined, warning: 'yellow', failed: 'red' } as const

/** What was found out, for people: a line for each finding, and whether all is well. */
export function probeLines(out: Stream, checks: readonly Check[]): string[] {
  const [title, ...lines] = tableLines(
    out,
    [
      { title: 'of', cell: check => check.of },
      { title: 'at', cell: check => check.at ?? '', canShrink: true },
      { title: 'check', cell: check => check.what, canShrink: true },
      { title: 'state', cell: check => check.state },
      { title: 'found', cell: check => check.text }
    ],
    checks
  )
  const failed = checks.filter(({ state }) => state === 'failed').length
  const warned = checks.filter(({ state }) => state === 'warning').length
  const sum = failed === 0 ? out.style('green', 'ok') : out.style('red', `${failed} of them failed`)
  return [
    title!,
    ...lines.map((line, i) => {
      const style = styles[checks[i]!.state]
      return style === undefined ? line : out.style(style, line)
    }),
    `${counted(checks.length, 'check')}: ${sum}${warned === 0 ? '' : `, ${counted(warned, 'warning')}`}`
  ]
}
