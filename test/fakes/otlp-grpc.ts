import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { bytesField, writeVarint } from '../../src/outputs/otlp/wire.ts'
import type { Fault } from './elasticsearch.ts'
import type { OtlpFakeOptions } from './otlp.ts'
import { type LogRecord, readRequest, recordsOf, type ResourceLogs, writeResponse } from './otlp-definitions.ts'

/** What a status over HTTP is as a status of gRPC; others are answered as they are, as a proxy does. */
const codes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 12, 413: 8, 429: 8, 500: 13, 503: 14 }

export interface GrpcFakeOptions extends Omit<OtlpFakeOptions, 'tls'> {
  readonly tls?: SecureServerOptions | undefined
  /** What it says where all is well. */
  readonly grpcStatus?: string
}

/** The same as `FakeOtlp`, over gRPC. `failNext` also takes `-code`, a status of gRPC. */
export class FakeOtlpGrpc {
  readonly taken: (readonly ResourceLogs[])[] = []
  readonly headers: IncomingHttpHeaders[] = []
  options: GrpcFakeOptions
  /** Connections ever made. */
  connections = 0
  readonly #server: Http2Server
  readonly #script: Fault[] = []
  readonly #sessions = new Set<ServerHttp2Session>()
  #port = 0

  private constructor(options: GrpcFakeOptions) {
    this.options = options
    this.#server = options.tls === undefined ? createServer() : createSecureServer(options.tls)
    this.#server.on('session', session => {
      this.connections++
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session)).on('error', () => undefined)
    })
    this.#server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => undefined)
      this.#handle(stream, headers).catch(() => stream.destroy())
    })
  }

  static async start(options: GrpcFakeOptions = {}): Promise<FakeOtlpGrpc> {
    const fake = new FakeOtlpGrpc(options)
    await new Promise<void>(done => fake.#server.listen(0, '127.0.0.1', done))
    fake.#port = (fake.#server.address() as AddressInfo).port
    return fake
  }

  get url(): string {
    return `${this.options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`
  }

  get records(): LogRecord[] {
    return this.taken.flatMap(recordsOf)
  }

  failNext(...faults: Fault[]): void {
    this.#script.push(...faults)
  }

  async stop(): Promise<void> {
    const closed = new Promise(done => this.#server.close(done))
    for (const session of this.#sessions) session.destroy()
    await closed
  }

  async #handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const frame = await buffer(stream)
    this.headers.push(headers)
    const message = frame.subarray(5)
    if (message.length !== frame.readUInt32BE(1)) throw new Error('The frame has another length')
    const fault = this.#script.shift() ?? this.options.dice?.()
    if (fault === 'cut-before') return stream.session?.destroy()
    if (fault === 'hang') return
    if (typeof fault === 'number') return this.#refuse(stream, fault)
    this.taken.push(readRequest(frame[0] === 1 ? gunzipSync(message) : message))
    this.#accept(stream, fault)
  }

  #refuse(stream: ServerHttp2Stream, fault: number): void {
    const code = fault < 0 ? -fault : codes[fault]
    if (code === undefined) return stream.respond({ ':status': fault }, { endStream: true })
    const { retryAfter, text = 'as it was told' } = this.options
    const hasRetry = retryAfter !== undefined && fault !== 413
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': String(code),
        'grpc-message': encodeURIComponent(text),
        ...(hasRetry && { 'grpc-status-details-bin': statusWith(code, Number(retryAfter)) })
      },
      { endStream: true }
    )
  }

  #accept(stream: ServerHttp2Stream, fault: Fault | undefined): void {
    if (fault === 'cut-after') return stream.session?.destroy()
    const { rejected = 0, message = '', grpcStatus = '0' } = this.options
    const said = Buffer.from(writeResponse(rejected, message))
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => {
      if (fault === 'half') stream.close(2)
      else stream.sendTrailers({ 'grpc-status': grpcStatus })
    })
    const head = Buffer.alloc(5)
    head.writeUInt32BE(said.length, 1)
    const answer =
      fault === 'huge' ? Buffer.alloc(64 << 20) : fault === 'non-json' ? 'It works' : Buffer.concat([head, said])
    if (fault === 'slow') setTimeout(() => stream.end(answer), 300)
    else stream.end(answer)
  }
}

/** `google.rpc.Status` with a `RetryInfo`, in Base64. */
function statusWith(code: number, seconds: number): string {
  const varint = Buffer.alloc(10)
  const number = (field: number, value: number): Buffer => {
    varint[0] = field << 3
    return Buffer.from(varint.subarray(0, writeVarint(value, varint, 1)))
  }
  const info = bytesField(1, Buffer.concat([number(1, seconds), number(2, 500_000_000)]))
  const any = Buffer.concat([bytesField(1, 'type.googleapis.com/google.rpc.RetryInfo'), bytesField(2, info)])
  return Buffer.concat([number(1, code), bytesField(2, 'wait'), bytesField(3, any)]).toString('base64')
}
