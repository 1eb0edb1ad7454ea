import type { ReceiverConfig } from '../../../config/config.ts'
import type { Addresses } from '../../../core/addresses.ts'
import type { Channel } from '../channel.ts'
import { Connection } from '../connection.ts'
import { type Sample, writeRequest } from './encode.ts'
import { snappy } from './snappy.ts'

const headers = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
  'user-agent': 'mcp-collector'
}

/** Whoever takes remote write 1.0: Prometheus, Mimir, Thanos, VictoriaMetrics. */
export class RemoteWrite implements Channel<Sample> {
  readonly name: string
  readonly #connection: Connection

  constructor(options: ReceiverConfig, addresses: Addresses) {
    this.#connection = new Connection(options, addresses, headers)
    this.name = this.#connection.shown
  }

  async send(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    await this.#connection.post({ path: this.#connection.target(), body: snappy(writeRequest(samples)) }, signal)
  }

  close(): void {
    this.#connection.close()
  }
}
