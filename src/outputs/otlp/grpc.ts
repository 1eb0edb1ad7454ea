import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import type { HttpClientOptions } from '../../core/http-client.ts'
import type { Shipment } from '../../core/output.ts'
import { requestError } from '../../core/request-error.ts'
import { TlsFiles } from '../../core/tls-files.ts'
import { fastGzip } from '../gzip.ts'
import { withoutAnswer } from '../lost-answers.ts'
import { answerOfStatus } from './grpc-status.ts'
import type { Sent } from './http.ts'

const { connect, constants } = process.getBuiltinModule('node:http2')

const connectMs = 10_000
const mostReply = 1 << 20
/** A byte that says whether the message is compressed, and its length. */
const frameHead = 5
const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'

export interface GrpcOptions extends Pick<HttpClientOptions, 'tls' | 'timeoutMs'> {
  /** Its path counts for nothing. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly compression: 'gzip' | 'none'
}

/** What came of a call. */
export interface GrpcReply {
  readonly origin: string
  readonly status: number
  /** Headers, and over them trailers. */
  readonly headers: IncomingHttpHeaders
  readonly message: Buffer
}

/** OTLP/gRPC: calls side by side on one connection. */
export class GrpcTransport {
  readonly #options: GrpcOptions
  readonly #origin: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #tls: TlsFiles | undefined
  #session: ClientHttp2Session | undefined
  #connecting: Promise<ClientHttp2Session> | undefined

  constructor(options: GrpcOptions) {
    this.#options = options
    this.#origin = new URL(options.url).origin
    if (this.#origin.startsWith('https:')) this.#tls = new TlsFiles(options.tls)
    const lowerCase = Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value])
    this.#headers = {
      'user-agent': 'mcp-collector',
      ...(Object.fromEntries(lowerCase) as Record<string, string>),
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${options.timeoutMs}m`,
      ...(options.compression === 'gzip' && { 'grpc-encoding': 'gzip' })
    }
  }

  /** Sends a request, which need not stay as it is. Throws `SendError`. */
  async send(message: Buffer, shipment: Shipment, signal: AbortSignal): Promise<Sent> {
    const frame = frameOf(message, this.#options.compression)
    const reply = await this.#call(frame, signal).catch((error: unknown) => {
      throw withoutAnswer(error, { rows: shipment.rows, bytes: frame.length }, shipment)
    })
    return { answer: answerOfStatus(reply), requestBytes: frame.length }
  }

  close(): void {
    this.#session?.destroy()
  }

  async #call(frame: Buffer, signal: AbortSignal): Promise<GrpcReply> {
    let stood = false
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(new Error('the request was given up'))
    signal.addEventListener('abort', abort, { once: true })
    try {
      if (signal.aborted) abort()
      const session = await Promise.race([this.#connected(), aborted])
      stood = true
      const stream = session.request(this.#headers)
      return await Promise.race([this.#replyOf(stream, frame), aborted]).finally(() => {
        if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL)
      })
    } catch (cause) {
      throw requestError(cause, this.#origin, stood)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** The connection; a new one where there is none that takes calls. */
  #connected(): Promise<ClientHttp2Session> {
    const known = this.#session
    if (this.#connecting !== undefined && known !== undefined && !known.closed && !known.destroyed)
      return this.#connecting
    const session = connect(this.#origin, this.#tls?.options ?? {})
    this.#session = session
    this.#connecting = new Promise((resolve, reject) => {
      const ms = Math.min(connectMs, this.#options.timeoutMs)
      const timer = setTimeout(() => {
        const error = Object.assign(new Error(`no connection within ${ms} ms`), { code: 'ERR_CONNECT_TIMEOUT' })
        session.destroy(error)
      }, ms)
      session.once('close', () => clearTimeout(timer))
      // calls that go on then have it from their streams
      session.on('error', reject)
      session.once('connect', () => {
        clearTimeout(timer)
        resolve(session)
      })
    })
    return this.#connecting
  }

  #replyOf(stream: ClientHttp2Stream, frame: Buffer): Promise<GrpcReply> {
    const { promise, resolve, reject } = Promise.withResolvers<GrpcReply>()
    const { timeoutMs } = this.#options
    const timer = setTimeout(() => {
      // its connection may be dead: others do not go there any more
      stream.session?.close()
      reject(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ERR_REQUEST_TIMEOUT' }))
    }, timeoutMs)
    let headers: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    let length = 0
    stream.on('response', first => (headers = { ...headers, ...first }))
    stream.on('trailers', last => (headers = { ...headers, ...last }))
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > mostReply) reject(new Error('the reply is too long'))
    })
    stream.on('error', reject)
    stream.once('close', () => {
      clearTimeout(timer)
      const status = Number(headers[':status'] ?? 0)
      const isWhole = status !== 0 && (status !== 200 || headers['grpc-status'] !== undefined)
      if (!isWhole) reject(Object.assign(new Error('the answer is not whole'), { code: 'ECONNRESET' }))
      else resolve({ origin: this.#origin, status, headers, message: Buffer.concat(chunks).subarray(frameHead) })
    })
    stream.end(frame)
    return promise
  }
}

function frameOf(message: Buffer, compression: 'gzip' | 'none'): Buffer {
  const content = compression === 'gzip' ? fastGzip(message) : message
  const frame = Buffer.allocUnsafeSlow(frameHead + content.length)
  frame[0] = compression === 'gzip' ? 1 : 0
  frame.writeUInt32BE(content.length, 1)
  content.copy(frame, frameHead)
  return frame
}
