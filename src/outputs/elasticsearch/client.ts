import type { Clock } from '../../core/clock.ts'
import {
  basicAuthorization,
  HttpClient,
  type HttpClientOptions,
  type Reply,
  type Request
} from '../../core/http-client.ts'
import { RequestError } from '../../core/request-error.ts'

const firstBackoffMs = 1000
const lastBackoffMs = 60_000

export interface ClientOptions extends Omit<HttpClientOptions, 'lookup'> {
  readonly endpoints: readonly string[]
  readonly apiKey: string
  readonly user: string
  readonly password: string
}

interface Node {
  readonly http: HttpClient
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
  #turn = 0

  constructor(options: ClientOptions, clock: Clock) {
    this.#clock = clock
    this.#nodes = options.endpoints.map(url => ({ http: new HttpClient(url, options), failures: 0, deadUntil: 0 }))
    this.#headers = authorization(options)
  }

  /** Sends a request; if a node can not be connected to, tries the next one. Throws `RequestError`. */
  async request(request: Request): Promise<Reply> {
    const headers = { ...this.#headers, ...request.headers }
    for (let left = this.#nodes.length; ; ) {
      const node = this.#next()
      try {
        const reply = await node.http.send({ ...request, headers })
        this.#judge(node, reply.status !== 502 && reply.status !== 503 && reply.status !== 504)
        return reply
      } catch (error) {
        if (!request.signal.aborted) this.#judge(node, false)
        const isUnsent = error instanceof RequestError && error.isUnsent
        if (!isUnsent || --left === 0 || request.signal.aborted) throw error
      }
    }
  }

  close(): void {
    for (const { http } of this.#nodes) http.close()
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

/** An API key wins over user and password. */
function authorization(options: ClientOptions): Record<string, string> {
  if (options.apiKey !== '') return { authorization: `ApiKey ${options.apiKey}` }
  const { user, password } = credentialsOf(options)
  return user === '' ? {} : { authorization: basicAuthorization(user, password) }
}

/** They win over what stands in the first endpoint that has some. Empty: none. */
export function credentialsOf({
  user,
  password,
  endpoints
}: Omit<ClientOptions, 'apiKey'>): Pick<ClientOptions, 'user' | 'password'> {
  if (user !== '') return { user, password }
  const withUser = endpoints.map(endpoint => new URL(endpoint)).find(url => url.username !== '')
  return { user: decodeURIComponent(withUser?.username ?? ''), password: decodeURIComponent(withUser?.password ?? '') }
}
