import type { RulesConfig } from '../../config/config.ts'
import { Addresses } from '../../core/addresses.ts'
import type { Alert, AlertSink } from '../alert.ts'
import { Alertmanager } from './alertmanager.ts'
import type { Channel, Origin } from './channel.ts'
import { AlertQueue, type NotifierStatus, type NotifyContext } from './queue.ts'

/** Everybody who is to be told of alerts, each at its own pace. */
export class Notifiers implements AlertSink {
  readonly #queues: readonly AlertQueue[]

  constructor(config: RulesConfig, context: NotifyContext) {
    this.#queues = channelsOf(config).map(channel => new AlertQueue(channel, context))
  }

  notify(alerts: readonly Alert[]): void {
    for (const queue of this.#queues) queue.add(alerts)
  }

  get status(): NotifierStatus[] {
    return this.#queues.map(queue => queue.status)
  }

  /** Tells what is not told yet, as far as receivers take it within the time. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.#queues.map(queue => queue.stop(withinMs)))
  }
}

function channelsOf({ alertmanagers, externalUrl, externalLabels, network }: RulesConfig): Channel[] {
  const origin: Origin = { externalUrl, externalLabels }
  const addresses = new Addresses(network)
  return alertmanagers.map(options => new Alertmanager(options, origin, addresses))
}
