import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecure, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Fault } from './elasticsearch.ts'
import { type LogRecord, readRequest, recordsOf, type ResourceLogs, writeResponse } from './otlp-definitions.ts'

export interface OtlpFakeOptions {
  /** Of answers 429 and 503. */
  readonly retryAfter?: string
  /** Records of a request that are said to be rejected. */
  readonly rejected?: number
  readonly message?: string
  readonly tls?: ServerOptions
  /** The body of faults that are a status. */
  readonly text?: string
  /** Decides about requests without a scripted fault. */
  readonly dice?: () => Fault | undefined
}

/** A server that takes OTLP/HTTP in both forms, remembers what it got, and fails as told. */
export class FakeOtlp {
  /** Requests that were taken. */
  readonly taken: (readonly ResourceLogs[])[] = []
  readonly headers: IncomingMessage['headers'][] = []
  readonly paths: string[] = []
  options: OtlpFakeOptions
  requests = 0
  readonly #server: Server
  #port = 0
  readonly #script: Fault[] = []

  private constructor(options: OtlpFakeOptions) {
    this.options = options
    this.#server = options.tls === undefined ? createServer() : createSecure(options.tls)
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => response.destroy())
    })
  }

  static async start(options: OtlpFakeOptions = {}): Promise<FakeOtlp> {
    const fake = new FakeOtlp(options)
    await new Promise<void>(done => fake.#server.listen(0, '127.0.0.1', done))
    fake.#port = (fake.#server.address() as AddressInfo).port
    return fake
  }

  get url(): string {
    return `${this.options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`
  }

  /** The next requests meet these faults, one each. */
  failNext(...faults: Fault[]): void {
    this.#script.push(...faults)
  }

  get records(): LogRecord[] {
    return this.taken.flatMap(recordsOf)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(done => this.#server.close(done))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = unpacked(await buffer(request), request.headers['content-encoding'])
    this.requests++
    this.headers.push(request.headers)
    this.paths.push(request.url ?? '')
    const isJson = request.headers['content-type'] === 'application/json'
    const fault = this.#script.shift() ?? this.options.dice?.()
    if (fault === 'cut-before') return void request.socket.destroy()
    if (fault === 'hang') return
    if (typeof fault === 'number') return this.#refuse(response, fault)
    this.taken.push(isJson ? ofJson(body) : readRequest(body))
    this.#accept(response, fault, isJson)
  }

  #refuse(response: ServerResponse, status: number): void {
    const { retryAfter, text = '{"message":"as it was told"}' } = this.options
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(text)
  }

  #accept(response: ServerResponse, fault: Fault | undefined, isJson: boolean): void {
    if (fault === 'cut-after') return void response.socket?.destroy()
    const { rejected = 0, message = '' } = this.options
    const partial = { partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: message } }
    const said = isJson ? Buffer.from(JSON.stringify(partial)) : Buffer.from(writeResponse(rejected, message))
    if (fault === 'half') {
      response.writeHead(200, { 'content-length': 100 }).write('{')
      setImmediate(() => response.socket?.destroy())
    } else if (fault === 'slow') {
      response.writeHead(200).flushHeaders()
      setTimeout(() => response.end(said), 300)
    } else if (fault === 'non-json') response.end('<html>It works</html>')
    else if (fault === 'huge') response.end('x'.repeat(64 << 20))
    else response.end(said)
  }
}

function ofJson(body: Buffer): readonly ResourceLogs[] {
  return (JSON.parse(body.toString()) as { resourceLogs: ResourceLogs[] }).resourceLogs
}

function unpacked(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body)
  return encoding === 'zstd' ? zstdDecompressSync(body) : body
}
