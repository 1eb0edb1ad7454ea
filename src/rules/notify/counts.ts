import type { Meter, MetricName, Sample } from '../../core/metrics.ts'
import type { NotifierStatus } from './notifier.ts'

/** What a receiver is told, and where that is counted. */
export type Told = NotifierStatus['told']
const names = {
  alerts: [
    'collector_rules_sent_alerts_total',
    'collector_rules_dropped_alerts_total',
    'collector_rules_waiting_alerts'
  ],
  samples: [
    'collector_rules_written_samples_total',
    'collector_rules_dropped_samples_total',
    'collector_rules_waiting_samples'
  ]
} as const satisfies Record<Told, readonly MetricName[]>

/** The numbers of one receiver. */
export class Counts {
  readonly sent: Sample
  readonly dropped: Sample
  readonly waiting: Sample
  readonly #requests: Readonly<Record<'ok' | 'failed', Sample>>
  readonly #seconds: Sample
  readonly #told: Told

  constructor(meter: Meter, notifier: string, told: Told) {
    const [sent, dropped, waiting] = names[told]
    this.#told = told
    this.sent = meter.of(sent, notifier)
    this.dropped = meter.of(dropped, notifier)
    this.waiting = meter.of(waiting, notifier)
    this.#requests = {
      ok: meter.of('collector_rules_notify_requests_total', notifier, 'ok'),
      failed: meter.of('collector_rules_notify_requests_total', notifier, 'failed')
    }
    this.#seconds = meter.of('collector_rules_notify_seconds_total', notifier)
  }

  status(name: string, error: string | undefined): NotifierStatus {
    const { waiting, sent, dropped } = this
    const counts = { waiting: waiting.value, sent: sent.value, dropped: dropped.value }
    return { name, told: this.#told, ...counts, ...(error !== undefined && { error }) }
  }

  request(outcome: 'ok' | 'failed', ms: number): void {
    this.#requests[outcome].value++
    this.#seconds.value += ms / 1000
  }
}
