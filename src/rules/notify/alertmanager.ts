import type { ReceiverConfig } from '../../config/config.ts'
import type { Addresses } from '../../core/addresses.ts'
import type { Alert } from '../alert.ts'
import { type Channel, generatorUrl, labelsOf, type Origin } from './channel.ts'
import { Connection } from './connection.ts'

/** An Alertmanager, by its API v2. What is said follows the Alert Generator Compliance Specification of Prometheus. */
export class Alertmanager implements Channel {
  readonly name: string
  readonly #connection: Connection
  readonly #origin: Origin

  constructor(options: ReceiverConfig, origin: Origin, addresses: Addresses) {
    this.#connection = new Connection(options, addresses)
    this.#origin = origin
    this.name = this.#connection.shown
  }

  async send(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(alerts.map(alert => postable(alert, this.#origin)))
    await this.#connection.post({ path: `${this.#connection.path}/api/v2/alerts`, body }, signal)
  }

  close(): void {
    this.#connection.close()
  }
}

function postable(alert: Alert, origin: Origin): object {
  return {
    labels: labelsOf(alert, origin),
    annotations: alert.annotations,
    startsAt: new Date(alert.firedAt).toISOString(),
    endsAt: new Date(alert.state === 'inactive' ? alert.resolvedAt : alert.validUntil).toISOString(),
    generatorURL: generatorUrl(alert, origin)
  }
}
