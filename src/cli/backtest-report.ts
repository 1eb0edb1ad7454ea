import type { BacktestReport } from '../pipeline/backtest/backtest.ts'
import type { Episode } from '../rules/evaluate/backtest.ts'
import type { RuleRun } from '../rules/evaluate/rule-run.ts'
import { general } from '../rules/numbers.ts'
import { counted, formatBytes, formatCount, formatDuration, tableLines } from './table.ts'
import { printable, type Stream } from './terminal.ts'

/** What `--json` prints. Times are ISO 8601, durations ms; null: it has not come to that. */
export interface ShownBacktest {
  readonly from: string | null
  readonly to: string | null
  readonly rows: number
  readonly bytes: number
  readonly took_ms: number
  /** Rows without a time of their own, with one behind the end of their file, and too late for evaluations of their time. */
  readonly timeless: number
  readonly ahead: number
  readonly disordered: number
  readonly alerts: readonly ShownAlert[]
  readonly rules: readonly ShownRule[]
}

interface ShownAlert {
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly pending_at: string
  readonly firing_at: string | null
  readonly ended_at: string | null
  readonly peak: string
}

interface ShownRule {
  readonly kind: 'alert' | 'record'
  readonly name: string
  /** Alerts that fired, for how long together, and those that ended before they did. */
  readonly fired: number
  readonly firing_ms: number
  readonly too_short: number
  /** Of what it recorded last. */
  readonly series: number
  /** Rows that are in no number, and why the last evaluation failed; empty: it did not. */
  readonly left_out: number
  readonly fault: string
}

export function backtestReport(report: BacktestReport, tookMs: number): ShownBacktest {
  const { episodes, fromMs, toMs, rows, bytes, timeless, ahead, disordered } = report
  const fired = episodes.filter(({ firedAt, endedAt }) => firedAt > 0 || endedAt === 0)
  return {
    from: isoOf(fromMs),
    to: isoOf(toMs),
    rows,
    bytes,
    took_ms: Math.round(tookMs),
    timeless,
    ahead,
    disordered,
    alerts: fired.toSorted((a, b) => startOf(a) - startOf(b)).map(alertOf),
    rules: report.rules.map(run => ruleOf(run, episodes, toMs))
  }
}

export function backtestLines(out: Stream, report: ShownBacktest): string[] {
  const { from, to, rows, bytes, took_ms: tookMs, alerts } = report
  const speed = `${formatCount(Math.round((rows * 1000) / Math.max(1, tookMs)))} rows/s`
  if (from === null) return ['No rows']
  return [
    ...(alerts.length === 0 ? [out.style('green', 'No alert would have fired')] : timeLine(out, alerts)),
    '',
    ...summary(out, report.rules),
    '',
    `${counted(rows, 'row')}, ${formatBytes(bytes)}, ${shortTime(from)} to ${shortTime(to!)}; ${speed}`,
    ...notes(out, report)
  ]
}

function timeLine(out: Stream, alerts: readonly ShownAlert[]): string[] {
  const table = tableLines<ShownAlert>(
    out,
    [
      { title: 'pending', cell: one => shortTime(one.pending_at) },
      { title: 'firing', cell: one => (one.firing_at === null ? '-' : shortTime(one.firing_at)) },
      { title: 'ended', cell: one => (one.ended_at === null ? 'not yet' : shortTime(one.ended_at)) },
      { title: 'alert', cell: one => one.alert },
      { title: 'peak', cell: one => one.peak },
      { title: 'labels', cell: labelsText, canShrink: true }
    ],
    alerts
  )
  return table.map((line, i) => {
    const alert = alerts[i - 1]
    if (alert === undefined || alert.ended_at !== null) return line
    return out.style(alert.firing_at === null ? 'yellow' : 'red', line)
  })
}

function summary(out: Stream, rules: readonly ShownRule[]): string[] {
  return tableLines<ShownRule>(
    out,
    [
      { title: 'rule', cell: ({ name }) => name },
      { title: 'fired', cell: ({ fired }) => fired },
      { title: 'for', cell: one => (one.fired === 0 ? '-' : formatDuration(one.firing_ms)) },
      { title: 'too short', cell: one => one.too_short },
      { title: 'rows left out', cell: one => one.left_out },
      { title: '', cell: ({ fault }) => fault, canShrink: true }
    ],
    rules
  )
}

function notes(out: Stream, { timeless, ahead, disordered }: ShownBacktest): string[] {
  const noted: readonly (readonly [number, string])[] = [
    [timeless, 'without a time: each counts at that of the row before'],
    [ahead, 'younger than the file: each counts at the time of the row before'],
    [disordered, 'out of order: evaluations before had not seen them']
  ]
  return noted
    .filter(([count]) => count > 0)
    .map(([count, text]) => out.style('yellow', `${counted(count, 'row')} ${text}`))
}

function alertOf({ rule, labels, annotations, pendingAt, firedAt, endedAt, peak }: Episode): ShownAlert {
  return {
    alert: rule.name,
    labels,
    annotations,
    pending_at: isoOf(pendingAt)!,
    firing_at: firedAt === 0 ? null : isoOf(firedAt),
    ended_at: endedAt === 0 ? null : isoOf(endedAt),
    peak: general(peak)
  }
}

function ruleOf({ rule, recorded, counts, fault }: RuleRun, episodes: readonly Episode[], toMs: number): ShownRule {
  const own = episodes.filter(episode => episode.rule === rule)
  const fired = own.filter(({ firedAt }) => firedAt > 0)
  return {
    kind: rule.kind,
    name: rule.name,
    fired: fired.length,
    firing_ms: fired.reduce(
      (sum, one) => sum + (one.endedAt === 0 ? Math.max(toMs, one.firedAt) : one.endedAt) - one.firedAt,
      0
    ),
    too_short: own.filter(({ firedAt, endedAt }) => firedAt === 0 && endedAt > 0).length,
    series: recorded.length,
    left_out: counts.failed + counts.refused,
    fault
  }
}

function startOf({ pendingAt, firedAt }: Episode): number {
  return firedAt === 0 ? pendingAt : firedAt
}

/** The name stands beside it. */
function labelsText({ labels }: ShownAlert): string {
  const own = Object.entries(labels).filter(([label]) => label !== 'alertname')
  return printable(own.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(', '))
}

function isoOf(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null
}

function shortTime(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}
