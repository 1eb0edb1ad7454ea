import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse
} from 'node:http'
import { createServer as createSecure, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export interface Received {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Somebody who is told of alerts: remembers what came, and answers as told. */
export class Receiver {
  readonly received: Received[] = []
  /** What the next requests are answered; a function decides by the request. */
  answer: Answer | ((request: Received) => Answer) = {}
  /** Connections that were made, ever. */
  connections = 0
  readonly #scheme: 'http' | 'https'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(tls: ServerOptions | undefined) {
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server = tls === undefined ? createServer() : createSecure(tls)
    this.#server.on('connection', (socket: Socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('request', (request, response) => void this.#take(request, response))
  }

  static async start(tls?: ServerOptions, port = 0): Promise<Receiver> {
    const one = new Receiver(tls)
    await new Promise<void>(done => one.#server.listen(port, '127.0.0.1', done))
    onTestFinished(() => one.stop())
    return one
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  get bodies(): unknown[] {
    return this.received.map(({ body }) => JSON.parse(body) as unknown)
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    if (this.#server.listening) await new Promise(done => this.#server.close(done))
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    const bytes = await buffer(request)
    const one = { method, path: url, headers, bytes, body: bytes.toString() }
    this.received.push(one)
    const { status = 200, headers: more = {}, body: said = '' } = this.#answerTo(one)
    response.writeHead(status, more).end(said)
  }

  #answerTo(request: Received): Answer {
    return typeof this.answer === 'function' ? this.answer(request) : this.answer
  }
}
