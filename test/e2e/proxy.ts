import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse
} from 'node:http'
import { createServer as createHttpsServer, Server as HttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Identity } from './certificates.ts'

export interface Exchange {
  readonly request: IncomingMessage
  readonly status: number
}

/**
 * Stands between a collector and Elasticsearch: speaks TLS where the server does not, and loses answers. Requests reach the server whole
 * or not at all.
 */
export class Proxy {
  /** Looks at a request before it is passed on; a number is the status that answers it instead. */
  guard: (request: IncomingMessage) => number | undefined = () => undefined
  /** Called when the server has answered; true: the client never sees it, its connection is cut. */
  loses: (exchange: Exchange) => boolean | Promise<boolean> = () => false
  readonly #server: Server
  readonly #target: string
  readonly #protocol: string

  private constructor(target: string, tls: ServerOptions | undefined) {
    this.#target = target
    this.#protocol = tls === undefined ? 'http' : 'https'
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      // A client that went away meanwhile.
      this.#handle(request, response).catch(() => response.destroy())
    }
    this.#server = tls === undefined ? createHttpServer(handle) : createHttpsServer(tls, handle)
    this.#server.on('tlsClientError', () => {})
  }

  static async listen(target: string, tls?: ServerOptions): Promise<Proxy> {
    const proxy = new Proxy(target, tls)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#protocol}://127.0.0.1:${port}`
  }

  /** Another certificate, for connections that come from now on. */
  use(identity: Identity): void {
    if (this.#server instanceof HttpsServer) this.#server.setSecureContext(identity)
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const refused = this.guard(request)
    if (refused !== undefined) {
      response.writeHead(refused, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { type: 'security_exception', reason: 'by the proxy' }, status: refused }))
      return
    }
    const { method = 'GET', url = '/', headers } = request
    const upstream = httpRequest(new URL(url, this.#target), { method, headers })
    upstream.end(body)
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage]
    const reply = await buffer(answer)
    const status = answer.statusCode ?? 502
    if (await this.loses({ request, status })) {
      request.socket.destroy()
      return
    }
    const passed = { ...answer.headers, 'content-length': String(reply.length) }
    delete passed['transfer-encoding']
    response.writeHead(status, passed)
    response.end(reply)
  }
}
