import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { http, https } from './http.ts'
import { requestError } from './request-error.ts'
import { type TlsConfig, TlsFiles } from './tls-files.ts'

const connectMs = 10_000
/** Silences of the longest kind that a request may have in all. */
const wholeTimeouts = 5
const maxRetryAfterMs = 3_600_000

export interface HttpClientOptions {
  /** Most connections at a time; they are kept. */
  readonly connections: number
  /** Longest silence within a request. */
  readonly timeoutMs: number
  readonly tls: TlsConfig
  /** Finds the addresses of a name; left out: the system does. Not asked where the host is an address. */
  readonly lookup?: LookupFunction
}

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'HEAD'
  /** Goes behind the path of the client's URL. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Uint8Array | string
  /** A longer reply is given up. */
  readonly maxReply?: number
  readonly signal: AbortSignal
}

export interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The header `Date`. */
  readonly date?: string | undefined
  readonly body: Buffer
  /** Where the reply came from, without user and password. */
  readonly origin: string
}

/** Requests to one server. Redirects are not followed: the reply is the one of the server that was asked. */
export class HttpClient {
  readonly url: URL
  readonly #agent: Agent
  readonly #timeoutMs: number
  readonly #tls: TlsFiles | undefined

  constructor(url: string, options: HttpClientOptions) {
    this.url = new URL(url)
    this.#timeoutMs = options.timeoutMs
    this.#agent = newAgent(this.url, options)
    if (this.url.protocol === 'https:') this.#tls = new TlsFiles(options.tls)
  }

  /** Tries once. Throws `RequestError` where there is no whole answer. */
  send(request: Request): Promise<Reply> {
    const { hostname, port, protocol, pathname, origin } = this.url
    const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
    const headers = { ...request.headers, 'content-length': body?.length ?? 0 }
    const path = pathname.replace(/\/$/, '') + request.path
    const { method, signal } = request
    let stood = false
    return new Promise<Reply>((resolve, reject) => {
      const host = hostname.replace(/^\[|\]$/g, '')
      const options = { method, path, headers, signal, agent: this.#agent, host, port, protocol }
      // by the request, so that the agent tells connections with other certificates apart
      const tls = this.#tls?.options
      const outgoing = tls === undefined ? http.request(options) : https().request({ ...options, ...tls })
      outgoing.once('error', reject)
      limitTime(outgoing, this.#timeoutMs)
      onConnection(outgoing, tls !== undefined, () => (stood = true))
      outgoing.once('response', incoming => {
        replyOf(incoming, origin, request.maxReply ?? 4 << 20).then(resolve, reject)
      })
      outgoing.end(body)
    }).catch((cause: unknown) => {
      throw requestError(cause, origin, stood)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function newAgent(url: URL, { connections, lookup }: HttpClientOptions): Agent {
  const options = {
    keepAlive: true,
    maxSockets: connections,
    proxyEnv: process.env,
    ...(lookup !== undefined && { lookup })
  }
  return url.protocol === 'https:' ? new (https().Agent)(options) : new http.Agent(options)
}

/** Gives a request up when no connection stands after a while, when nothing moves on it for `timeoutMs`, or when its answer is not
 * complete after a multiple of that: a server that sends a byte now and then is never silent. */
function limitTime(outgoing: ClientRequest, timeoutMs: number): void {
  const giveUp = (code: string, message: string): void => {
    outgoing.destroy(Object.assign(new Error(message), { code }))
  }
  outgoing.setTimeout(timeoutMs, () => giveUp('ERR_REQUEST_TIMEOUT', `no answer for ${timeoutMs} ms`))
  const wholeMs = timeoutMs * wholeTimeouts
  const deadline = setTimeout(() => giveUp('ERR_REQUEST_TIMEOUT', `no whole answer within ${wholeMs} ms`), wholeMs)
  outgoing.once('close', () => clearTimeout(deadline))
  outgoing.once('socket', socket => {
    if (!socket.connecting) return
    const ms = Math.min(connectMs, timeoutMs)
    const timer = setTimeout(() => giveUp('ERR_CONNECT_TIMEOUT', `no connection within ${ms} ms`), ms)
    socket.once('connect', () => clearTimeout(timer))
    socket.once('close', () => clearTimeout(timer))
  })
}

/** Calls back when the request has a connection that stands: from then on bytes of it may reach the server. */
function onConnection(outgoing: ClientRequest, isSecure: boolean, stands: () => void): void {
  outgoing.once('socket', socket => {
    if (socket.connecting) socket.once(isSecure ? 'secureConnect' : 'connect', stands)
    else stands()
  })
}

function replyOf(incoming: IncomingMessage, origin: string, most: number): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const chunks: Buffer[] = []
  let length = 0
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > most) incoming.destroy(new Error('the reply is too long'))
  })
  incoming.once('error', reject)
  incoming.once('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    const { date, 'retry-after': wait } = incoming.headers
    resolve({ status: incoming.statusCode ?? 0, retryAfter: wait, date, body, origin })
  })
  return promise
}

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date; at most an hour. */
export function retryAfter(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxRetryAfterMs)
}
