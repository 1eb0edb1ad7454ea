import type { RulesConfig } from '../../config/config.ts'
import { Addresses } from '../../core/addresses.ts'
import type { Alert, AlertSink } from '../alert.ts'
import { Alertmanager } from './alertmanager.ts'
import type { Origin } from './channel.ts'
import { Groups } from './groups.ts'
import type { Notifier, NotifierStatus, NotifyContext } from './notifier.ts'
import { AlertQueue } from './queue.ts'
import { Webhook } from './webhook.ts'

/** Everybody who is to be told of alerts, each at its own pace. */
export class Notifiers implements AlertSink {
  readonly #notifiers: readonly Notifier[]

  constructor(config: RulesConfig, context: NotifyContext) {
    const { alertmanagers, webhooks, externalUrl, externalLabels, network } = config
    const origin: Origin = { externalUrl, externalLabels }
    const addresses = new Addresses(network)
    const parts = { addresses, clock: context.clock }
    this.#notifiers = [
      ...alertmanagers.map(options => new AlertQueue(new Alertmanager(options, origin, addresses), context)),
      ...webhooks.map(webhook => new Groups(new Webhook(webhook, origin, parts), webhook.groups, context))
    ]
  }

  notify(alerts: readonly Alert[]): void {
    for (const notifier of this.#notifiers) notifier.add(alerts)
  }

  get status(): NotifierStatus[] {
    return this.#notifiers.map(notifier => notifier.status)
  }

  /** Tells what is not told yet, as far as receivers take it within the time. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.#notifiers.map(notifier => notifier.stop(withinMs)))
  }
}
