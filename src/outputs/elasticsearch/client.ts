import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'

const connectMs = 10_000
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

/** A request that had no answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: string
  /** No byte of the request can have reached a server. */
  readonly isUnsent: boolean

  constructor(message: string, code: string, isUnsent: boolean, cause: unknown) {
    super(message, { cause })
    this.code = code
    this.isUnsent = isUnsent
  }
}

interface Node {
  readonly origin: string
  readonly path: string
  readonly pool: Pool
  failures: number
  /** By the monotonic clock. */
  deadUntil: number
}

const unsentCodes = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT'
])
/** Certificates and handshakes. */
const tlsCode = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/

/** One pool of connections a node, used in turn. A node that can't be reached rests, for longer each time; when all of them
 * rest, the one whose rest ends first is tried. */
export class Client {
  readonly #nodes: Node[]
  readonly #clock: Clock
  readonly #headers: Readonly<Record<string, string>>
  #turn = 0

  constructor(options: ClientOptions, clock: Clock) {
    this.#clock = clock
    this.#nodes = options.endpoints.map(endpoint => newNode(endpoint, options))
    this.#headers = authorization(options)
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
        const error = requestError(cause, node)
        if (!request.signal.aborted) this.#judge(node, false)
        if (!error.isUnsent || --left === 0 || request.signal.aborted) throw error
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map(node => node.pool.destroy()))
  }

  async #send(node: Node, request: Request): Promise<Reply> {
    const { statusCode, headers, body } = await node.pool.request({
      method: request.method,
      path: node.path + request.path,
      headers: { ...this.#headers, ...request.headers },
      body: request.body ?? null,
      signal: request.signal
    })
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > (request.maxReply ?? 4 << 20)) throw new Error('the reply is too long')
    }
    const retryAfter = headers['retry-after']
    return {
      status: statusCode,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
      body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
      origin: node.origin
    }
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

/** Whether an error is one of names or certificates, which no repetition mends. */
export function needsPerson(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || tlsCode.test(code)
}

function newNode(endpoint: string, options: ClientOptions): Node {
  const url = new URL(endpoint)
  const { caFile, certFile, keyFile, skipVerify } = options.tls
  const pool = new Pool(url.origin, {
    connections: options.connections,
    pipelining: 1,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    connect: {
      timeout: Math.min(connectMs, options.timeoutMs),
      ...(caFile === '' ? {} : { ca: readFileSync(caFile) }),
      ...(certFile === '' ? {} : { cert: readFileSync(certFile) }),
      ...(keyFile === '' ? {} : { key: readFileSync(keyFile) }),
      rejectUnauthorized: !skipVerify
    }
  })
  return { origin: url.origin, path: url.pathname.replace(/\/$/, ''), pool, failures: 0, deadUntil: 0 }
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

function requestError(cause: unknown, node: Node): RequestError {
  const code = codeOf(cause)
  const text = messageOf(cause) || code
  const isUnsent = unsentCodes.has(code) || tlsCode.test(code)
  return new RequestError(`Cannot send to "${node.origin}": ${text}`, code, isUnsent, cause)
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
