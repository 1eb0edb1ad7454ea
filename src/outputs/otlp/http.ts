import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import { HttpClient, type HttpClientOptions } from '../../core/http-client.ts'
import type { Shipment } from '../../core/output.ts'
import { fastGzip } from '../gzip.ts'
import { withoutAnswer } from '../lost-answers.ts'
import { type Answer, answerOf } from './answers.ts'
import { jsonOf } from './json.ts'

export const compressions = ['gzip', 'zstd', 'none'] as const
export type Compression = (typeof compressions)[number]

const mostReply = 1 << 20
const zstd = promisify(zstdCompress)

export interface HttpOptions extends HttpClientOptions {
  /** With its path. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly compression: Compression
  readonly isJson: boolean
}

/** Answers to requests that took so many bytes. */
export interface Sent {
  readonly answer: Answer
  readonly requestBytes: number
  /** The header `Date` of the answer. */
  readonly date?: string | undefined
}

/** OTLP/HTTP. */
export class HttpTransport {
  readonly #client: HttpClient
  readonly #options: HttpOptions
  readonly #headers: Readonly<Record<string, string>>
  /** Path and query of the URL as they are. */
  readonly #path: string

  constructor(options: HttpOptions) {
    const { url, headers, compression, isJson } = options
    this.#options = options
    const { origin, pathname, search } = new URL(url)
    this.#client = new HttpClient(origin, options)
    this.#path = pathname + search
    this.#headers = {
      'user-agent': 'mcp-collector',
      ...headers,
      'content-type': isJson ? 'application/json' : 'application/x-protobuf',
      ...(compression !== 'none' && { 'content-encoding': compression })
    }
  }

  /** Sends a request, which need not stay as it is. Throws `SendError`. */
  async send(message: Buffer, shipment: Shipment, signal: AbortSignal): Promise<Sent> {
    const body = await bodyOf(message, this.#options)
    const reply = await this.#client
      .send({ method: 'POST', path: this.#path, headers: this.#headers, body, maxReply: mostReply, signal })
      .catch((error: unknown) => {
        throw withoutAnswer(error, { rows: shipment.rows, bytes: body.length }, shipment)
      })
    return { answer: answerOf(reply), requestBytes: body.length, date: reply.date }
  }

  close(): void {
    this.#client.close()
  }
}

/** The body, in bytes of its own. */
async function bodyOf(message: Buffer, { isJson, compression }: HttpOptions): Promise<Buffer> {
  const json = isJson ? Buffer.from(jsonOf(message)) : undefined
  if (compression === 'gzip') return fastGzip(json ?? message)
  const bytes = json ?? Buffer.from(message)
  return compression === 'zstd' ? zstd(bytes) : bytes
}
