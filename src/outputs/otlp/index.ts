import { defineOutput, type OutputContext } from '../../config/define.ts'
import { headerMap, tlsGroup } from '../../config/receiver-options.ts'
import type { Batch } from '../../core/batch.ts'
import type { HttpClientOptions } from '../../core/http-client.ts'
import { Verdict } from '../../core/outcome.ts'
import type { Body, Output, Shipment, Verdicts } from '../../core/output.ts'
import type { Refused, Taken } from './answers.ts'
import { RecordEncoder } from './encode.ts'
import { type Compression, compressions, HttpTransport } from './http.ts'
import { RequestWriter, uidOf } from './request.ts'

const connections = 8
const mebi = 1024 * 1024
/** What servers take, compressed or not, unless they were told otherwise. */
const mostRequestBytes = 4 * mebi
const minute = 60_000

const protocols = ['http/protobuf', 'http/json'] as const

export interface OtlpOptions {
  readonly endpoint: string
  readonly logsEndpoint?: string | undefined
  readonly protocol: (typeof protocols)[number]
  readonly compression: Compression
  readonly headers: Readonly<Record<string, string>>
  readonly tls: HttpClientOptions['tls']
  readonly timeout: number
}

export const otlp = defineOutput({
  name: 'otlp',
  summary: 'Sends each row as a log record to an OpenTelemetry Collector, or whoever else speaks OTLP.',
  options: t => ({
    endpoint: t
      .url('Address of the server; requests go to the path `/v1/logs` below it.')
      .default('http://localhost:4318'),
    logsEndpoint: t.url('Address with the whole path, in place of `endpoint`.').optional(),
    protocol: t.choice('Form of requests.', protocols).default('http/protobuf'),
    compression: t.choice('Compression of requests.', compressions).default('gzip'),
    headers: headerMap(t),
    tls: tlsGroup(t),
    timeout: t
      .duration('Longest silence of the server within a request; its whole answer may take five times as long.')
      .prefault('10s')
  }),
  delivery: { batchBytes: mostRequestBytes },
  examples: [
    { title: 'An OpenTelemetry Collector on this machine', config: 'endpoint: "http://127.0.0.1:4318"' },
    {
      title: 'A service with a key',
      config: 'endpoint: "https://otlp.example.com"\nheaders: { authorization: "Bearer 1234" }'
    }
  ],
  create: (options, context) => new OtlpOutput(options, context)
})

class OtlpOutput implements Output {
  readonly #encoder: RecordEncoder
  readonly #requests = new RequestWriter()
  readonly #transport: HttpTransport
  readonly #context: OutputContext
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(options: OtlpOptions, context: OutputContext) {
    this.#context = context
    this.#encoder = new RecordEncoder({ hostName: context.hostName, resource: {} }, context.keys)
    this.#transport = new HttpTransport({
      url: options.logsEndpoint ?? `${options.endpoint.replace(/\/$/, '')}/v1/logs`,
      headers: options.headers,
      compression: options.compression,
      isJson: options.protocol === 'http/json',
      tls: options.tls,
      connections,
      timeoutMs: options.timeout
    })
  }

  encode(batch: Batch, body: Body): void {
    this.#encoder.encode(batch, body)
  }

  identity(row: Buffer): Buffer {
    return uidOf(row)
  }

  async send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    const { answer, requestBytes } = await this.#transport.send(this.#requests.write(shipment), shipment, signal)
    if (answer.isTaken) return this.#taken(answer, requestBytes)
    if (shipment.rows > 1) throw answer.error
    return { each: refusedAlone(answer), requestBytes }
  }

  async close(): Promise<void> {
    this.#transport.close()
  }

  /** Rows that were rejected are not sent again: nobody knows which they are. */
  #taken({ rejected, message }: Taken, requestBytes: number): Verdicts {
    const { clock, log, id } = this.#context
    const now = clock.monotonic()
    if ((rejected > 0 || message !== '') && now - this.#warnedAt >= minute) {
      this.#warnedAt = now
      log.warn(
        `The server behind output "${id}" has rejected ${rejected} of the rows it got: ${message || 'no reason'}`
      )
    }
    return { rejected, requestBytes }
  }
}

function refusedAlone({ status, type, reason }: Refused): Required<Verdicts>['each'] {
  return { verdict: Uint8Array.of(Verdict.refused), refusals: new Map([[0, { status, type, reason }]]) }
}
