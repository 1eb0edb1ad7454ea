import type { RulesConfig } from '../../config/config.ts'
import { Addresses } from '../../core/addresses.ts'
import type { Alert, AlertSink } from '../alert.ts'
import type { SeriesSink, SeriesValue } from '../series.ts'
import { Alertmanager } from './alertmanager.ts'
import { identityOf, type Origin } from './channel.ts'
import { Groups } from './groups.ts'
import type { NoticeMemory, Notifier, NotifierStatus, NotifyContext } from './notifier.ts'
import { Queue, type QueueKind } from './queue.ts'
import type { Sample } from './remote-write/encode.ts'
import { RemoteWrite } from './remote-write/remote-write.ts'
import { Series } from './remote-write/series.ts'
import { Webhook } from './webhook.ts'

export const alertQueue: QueueKind<Alert> = {
  told: 'alerts',
  idOf: identityOf,
  nameOf: ({ labels }) => labels['alertname'] ?? '',
  mostWaiting: 10_000,
  mostInBatch: 256,
  isDivided: true
}
const sampleQueue: QueueKind<Sample> = {
  told: 'samples',
  idOf: ({ labels, at }) => `${at} ${JSON.stringify(labels)}`,
  nameOf: ({ labels }) => labels['__name__'] ?? '',
  mostWaiting: 100_000,
  mostInBatch: 2000,
  isDivided: false
}

/** Everybody who is to be told of alerts and recorded series, each at its own pace. */
export class Notifiers implements AlertSink, SeriesSink {
  readonly #told: readonly Notifier<Alert>[]
  readonly #written: readonly Notifier<Sample>[]
  readonly #series: Series

  constructor(config: RulesConfig, context: NotifyContext) {
    const { alertmanagers, webhooks, remoteWrite, externalUrl, externalLabels, network } = config
    const origin: Origin = { externalUrl, externalLabels }
    const addresses = new Addresses(network)
    const parts = { addresses, clock: context.clock }
    this.#told = [
      ...alertmanagers.map(options => new Queue(alertQueue, new Alertmanager(options, origin, addresses), context)),
      ...webhooks.map(webhook => new Groups(new Webhook(webhook, origin, parts), webhook.groups, context))
    ]
    this.#written = remoteWrite.map(options => new Queue(sampleQueue, new RemoteWrite(options, addresses), context))
    this.#series = new Series(externalLabels)
    forgetOthers(
      context.memory,
      webhooks.map(({ name }) => name)
    )
  }

  notify(alerts: readonly Alert[]): void {
    for (const notifier of this.#told) notifier.add(alerts)
  }

  write(rule: string, series: readonly SeriesValue[], at: number): void {
    if (this.#written.length === 0) return
    const samples = this.#series.take(rule, series, at)
    for (const notifier of this.#written) notifier.add(samples)
  }

  get status(): NotifierStatus[] {
    return [...this.#told, ...this.#written].map(notifier => notifier.status)
  }

  /** Tells what is not told yet, as far as receivers take it within the time. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all([...this.#told, ...this.#written].map(notifier => notifier.stop(withinMs)))
  }
}

/** Receivers that are none any more have nothing to hear of what they were told. */
function forgetOthers(memory: NoticeMemory | undefined, receivers: readonly string[]): void {
  for (const notice of memory?.notices ?? [])
    if (!receivers.includes(notice.receiver)) memory?.store({ ...notice, content: '' })
}
