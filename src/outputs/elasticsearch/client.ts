import { readFileSync } from 'node:fs'
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import { http, https } from '../../core/http.ts'
import { requestError } from './request-error.ts'

const connectMs = 10_000
/** Silences of the longest kind that a request may have in all. */
const wholeTimeouts = 5
const firstBackoffMs = 1000
const lastBackoffMs = 60_000

export interface ClientOptions {
  readonly endpoints: readonly string[]
  readonly connections: number
  readonly timeoutMs: number
  readonly apiKey: string
  readonly user: string
  readonly password: string
  readonly tls: {
    readonly caFile: string
    readonly certFile: string
    readonly keyFile: string
    readonly skipVerify: boolean
  }
}

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'HEAD'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** A longer reply is given up. */
  readonly maxReply?: number
  readonly signal: AbortSignal
}

export interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: Buffer
  /** Where the reply came from, without user and password. */
  readonly origin: string
}

interface Node {
  readonly origin: string
  readonly url: URL
  readonly agent: Agent
  failures: number
  /** By the monotonic clock. */
  deadUntil: number
}

/** One pool of connections a node, used in turn. A node that can't be reached rests, for longer each time; when all of them
 * rest, the one whose rest ends first is tried. */
export class Client {
  readonly #nodes: Node[]
  readonly #clock: Clock
  readonly #headers: Readonly<Record<string, string>>
  readonly #timeoutMs: number
  #turn = 0

  constructor(options: ClientOptions, clock: Clock) {
    this.#clock = clock
    this.#nodes = options.endpoints.map(endpoint => newNode(endpoint, options))
    this.#headers = authorization(options)
    this.#timeoutMs = options.timeoutMs
  }

  /** Sends a request; if a node can not be connected to, tries the next one. Throws `RequestError`. */
  async request(request: Request): Promise<Reply> {
    for (let left = this.#nodes.length; ; ) {
      const node = this.#next()
      try {
        const reply = await this.#send(node, request)
        this.#judge(node, reply.status !== 502 && reply.status !== 503 && reply.status !== 504)
        return reply
      } catch (cause) {
        const error = requestError(cause, node.origin)
        if (!request.signal.aborted) this.#judge(node, false)
        if (!error.isUnsent || --left === 0 || request.signal.aborted) throw error
      }
    }
  }

  close(): void {
    for (const node of this.#nodes) node.agent.destroy()
  }

  #send(node: Node, request: Request): Promise<Reply> {
    const { url, agent } = node
    const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
    const headers = { ...this.#headers, ...request.headers, 'content-length': body?.length ?? 0 }
    const path = url.pathname.replace(/\/$/, '') + request.path
    const { method, signal } = request
    const { hostname, port, protocol } = url
    const secure = protocol === 'https:'
    return new Promise((resolve, reject) => {
      const host = hostname.replace(/^\[|\]$/g, '')
      const options = { method, path, headers, signal, agent, host, port, protocol }
      const outgoing = secure ? https().request(options) : http.request(options)
      outgoing.once('error', reject)
      limitTime(outgoing, this.#timeoutMs)
      outgoing.once('response', incoming => {
        replyOf(incoming, node.origin, request.maxReply ?? 4 << 20).then(resolve, reject)
      })
      outgoing.end(body)
    })
  }

  #next(): Node {
    const now = this.#clock.monotonic()
    let best = this.#nodes[0]!
    for (let i = 0; i < this.#nodes.length; i++) {
      const node = this.#nodes[(this.#turn + i) % this.#nodes.length]!
      if (node.deadUntil <= now) {
        best = node
        this.#turn = (this.#turn + i + 1) % this.#nodes.length
        break
      }
      if (node.deadUntil < best.deadUntil) best = node
    }
    return best
  }

  #judge(node: Node, isAlive: boolean): void {
    if (isAlive) {
      node.failures = 0
      node.deadUntil = 0
      return
    }
    node.failures = Math.min(node.failures + 1, 10)
    const restMs = Math.min(firstBackoffMs * 2 ** (node.failures - 1), lastBackoffMs)
    node.deadUntil = this.#clock.monotonic() + restMs
  }
}

function newNode(endpoint: string, options: ClientOptions): Node {
  const url = new URL(endpoint)
  const { caFile, certFile, keyFile, skipVerify } = options.tls
  const common = { keepAlive: true, maxSockets: options.connections, proxyEnv: process.env }
  const agent =
    url.protocol === 'https:'
      ? new (https().Agent)({
          ...common,
          ...(caFile === '' ? {} : { ca: readPem(caFile, 'ca_file') }),
          ...(certFile === '' ? {} : { cert: readPem(certFile, 'cert_file') }),
          ...(keyFile === '' ? {} : { key: readPem(keyFile, 'key_file') }),
          rejectUnauthorized: !skipVerify
        })
      : new http.Agent(common)
  return { origin: url.origin, url, agent, failures: 0, deadUntil: 0 }
}

function readPem(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`Cannot read "${path}", the "${option}" in "tls": ${messageOf(error)}`, { cause: error })
  }
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
    resolve({ status: incoming.statusCode ?? 0, retryAfter: incoming.headers['retry-after'], body, origin })
  })
  return promise
}

/** An API key wins over user and password, those over what stands in the first endpoint that has some. */
function authorization(options: ClientOptions): Record<string, string> {
  if (options.apiKey !== '') return { authorization: `ApiKey ${options.apiKey}` }
  const withUser = options.endpoints.map(endpoint => new URL(endpoint)).find(url => url.username !== '')
  const user = options.user === '' ? decodeURIComponent(withUser?.username ?? '') : options.user
  const password = options.user === '' ? decodeURIComponent(withUser?.password ?? '') : options.password
  if (user === '') return {}
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}
