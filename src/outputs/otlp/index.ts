import { defineOutput, type OutputContext } from '../../config/define.ts'
import { headerMap, tlsGroup } from '../../config/receiver-options.ts'
import type { Batch } from '../../core/batch.ts'
import { messageOf } from '../../core/errors.ts'
import { Verdict } from '../../core/outcome.ts'
import type { Body, Output, Shipment, Verdicts } from '../../core/output.ts'
import type { ServerAnswer, ServerProbe } from '../../core/probe.ts'
import type { Refused, Taken } from './answers.ts'
import { RecordEncoder } from './encode.ts'
import { type OtlpOptions, protocols, resourceOf, type Settings, settingsOf } from './environment.ts'
import { compressions, HttpTransport, type Sent } from './http.ts'
import { jsonOf } from './json.ts'
import { RequestWriter, uidOf } from './request.ts'

const connections = 8
const mebi = 1024 * 1024
/** What servers take, compressed or not, unless they were told otherwise. */
const mostRequestBytes = 4 * mebi
const minute = 60_000

export const otlp = defineOutput({
  name: 'otlp',
  summary: 'Sends each row as a log record to an OpenTelemetry Collector, or whoever else speaks OTLP.',
  options: t => ({
    endpoint: t
      .url(
        'Address of the server; requests over HTTP go to the path `/v1/logs` below it. Left out, it and all that is left out below ' +
          'come from `OTEL_EXPORTER_OTLP_…`; without those it is port 4318 of this machine, or 4317 for gRPC.'
      )
      .optional(),
    logsEndpoint: t.url('Address with the whole path, in place of `endpoint`.').optional(),
    protocol: t.choice('Form of requests; left out: http/protobuf. gRPC goes through no proxy.', protocols).optional(),
    compression: t.choice('Compression of requests; left out: gzip.', compressions).optional(),
    headers: headerMap(t),
    tls: tlsGroup(t),
    timeout: t
      .duration('Longest silence of the server within a request, or all of one over gRPC; left out: 10s.', { min: 100 })
      .optional()
  }),
  faultIn: options => faultOf(options),
  delivery: { batchBytes: mostRequestBytes },
  examples: [
    { title: 'An OpenTelemetry Collector on this machine', config: 'endpoint: "http://127.0.0.1:4318"' },
    {
      title: 'A service with a key',
      config: 'endpoint: "https://otlp.example.com"\nheaders: { authorization: "Bearer 1234" }'
    }
  ],
  create: async (options, context) => {
    const settings = settingsOf(options, process.env)
    return new OtlpOutput(settings, await transportOf(settings), context)
  }
})

function faultOf(options: OtlpOptions): string | undefined {
  try {
    const { protocol, compression } = settingsOf(options, process.env)
    const isUnknown = protocol === 'grpc' && compression === 'zstd'
    return isUnknown ? 'gRPC has no "compression: zstd": use gzip or none' : undefined
  } catch (error) {
    return messageOf(error)
  }
}

interface Transport {
  /** Sends a request, which need not stay as it is once this has returned. Throws `SendError`. */
  send(message: Buffer, shipment: Shipment, signal: AbortSignal): Promise<Sent>
  close(): void
}

/** HTTP/2 takes memory: it is loaded where it is asked for. */
async function transportOf({ protocol, compression, ...settings }: Settings): Promise<Transport> {
  if (protocol === 'grpc') {
    const { GrpcTransport } = await import('./grpc.ts')
    return new GrpcTransport({ ...settings, compression: compression === 'gzip' ? 'gzip' : 'none' })
  }
  return new HttpTransport({ ...settings, compression, connections, isJson: protocol === 'http/json' })
}

class OtlpOutput implements Output {
  readonly #settings: Settings
  readonly #encoder: RecordEncoder
  readonly #requests = new RequestWriter()
  readonly #transport: Transport
  readonly #context: OutputContext
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(settings: Settings, transport: Transport, context: OutputContext) {
    const { hostName, keys, log } = context
    const resource = resourceOf(process.env, message => log.warn(message))
    this.#settings = settings
    this.#context = context
    this.#encoder = new RecordEncoder({ hostName, resource }, keys)
    this.#transport = transport
  }

  encode(batch: Batch, body: Body): void {
    this.#encoder.encode(batch, body)
  }

  identity(row: Buffer): Buffer {
    return uidOf(row)
  }

  shown(row: Buffer): string {
    return jsonOf(row)
  }

  probes(): readonly ServerProbe[] {
    const { url, tls, protocol } = this.#settings
    return [{ url, tls, isProxied: protocol !== 'grpc', ask: signal => this.#ask(signal) }]
  }

  async send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    const { answer, requestBytes } = await this.#transport.send(this.#requests.write(shipment), shipment, signal)
    if (answer.isTaken) return { rejected: this.#rejectedOf(answer, shipment.rows), requestBytes }
    if (shipment.rows > 1) throw answer.error
    return { each: refusedAlone(answer), requestBytes }
  }

  async close(): Promise<void> {
    this.#transport.close()
  }

  /** Sends a request without any row, which every server has to take (OTLP 1.9, "Export"). */
  async #ask(signal: AbortSignal): Promise<ServerAnswer> {
    const { answer, date } = await this.#transport.send(Buffer.alloc(0), noRows, signal)
    if (!answer.isTaken) throw answer.error
    const text = `takes log records (${this.#settings.protocol}, a request without rows was sent)`
    return { findings: [{ what: 'request', state: 'ok', text }], date }
  }

  /** Rows that were rejected, which are not sent again: nobody knows which they are. Why they were may quote them, so it is not told. */
  #rejectedOf(answer: Taken, rows: number): number {
    const rejected = Math.min(answer.rejected, rows)
    if (rejected > 0) this.#warn(`has rejected ${rejected} of the rows it got`)
    else if (answer.message !== '') this.#warn(`says: ${answer.message}`)
    return rejected
  }

  #warn(what: string): void {
    const { clock, log, id } = this.#context
    const now = clock.monotonic()
    if (now - this.#warnedAt < minute) return
    this.#warnedAt = now
    log.warn(`The server behind output "${id}" ${what}`)
  }
}

const noRows: Shipment = {
  bytes: Buffer.alloc(0),
  rows: 0,
  rowEnds: new Int32Array(),
  rowPositions: new Float64Array(),
  rowLengths: new Int32Array(),
  sourceOf: () => '',
  attempt: 0,
  unknown: false,
  firstSentAt: 0,
  memo: undefined
}

function refusedAlone({ status, type, reason }: Refused): Required<Verdicts>['each'] {
  return { verdict: Uint8Array.of(Verdict.refused), refusals: new Map([[0, { status, type, reason }]]) }
}
