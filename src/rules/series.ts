import type { Alert } from './alert.ts'

/** A number of a series, as rules give it. */
export interface SeriesValue {
  /** With `__name__`. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Takes all that a rule gives at a time (epoch ms): what it gave before, and does not give now, has ended. */
export interface SeriesSink {
  /** Somebody takes them: else they need not be made. */
  readonly wantsSeries: boolean
  /** Does not wait and does not throw. */
  write(rule: string, series: readonly SeriesValue[], at: number): void
}

/** What Prometheus writes of the alerts of a rule: that they are there, and since when, in seconds. */
export function seriesOfAlerts(alerts: readonly Pick<Alert, 'labels' | 'state' | 'activeAt'>[]): SeriesValue[] {
  return alerts
    .filter(({ state }) => state !== 'inactive')
    .flatMap(({ labels, state, activeAt }) => [
      { labels: { ...labels, __name__: 'ALERTS', alertstate: state }, value: 1 },
      { labels: { ...labels, __name__: 'ALERTS_FOR_STATE' }, value: Math.floor(activeAt / 1000) }
    ])
}
