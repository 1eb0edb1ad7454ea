import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { isLoopback, writeAddress, type Address } from '../config/units.ts'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Door } from './access.ts'
import type { Collector } from '../pipeline/collector.ts'
import { controlPath, isPossiblePath, listenOnControl } from './control.ts'
import { createListener } from './listener.ts'

/** How long answers that are under way may take when the server closes. */
const closeMs = 1000

export interface ServerOptions {
  /** Console and API; port 0 takes a free one. */
  readonly listen: Address
  /** A second listener that has only metrics and health. */
  readonly metricsListen: Address | undefined
  /** Opens the API to other machines, and changes from this one. */
  readonly token: string | undefined
  /** Where `control.sock` goes. */
  readonly stateDir: string
  readonly log: Log
}

/** What of the options may change while the server runs. */
export type Listening = Pick<ServerOptions, 'listen' | 'metricsListen' | 'token'>

export interface RunningServer {
  /** `host:port`. */
  readonly address: string
  readonly metricsAddress: string | undefined
  /** Goes on with other addresses and another token. Rejects with an `ExitError` where it can't listen; then all is as before. */
  change(listening: Listening): Promise<void>
  close(): Promise<void>
}

/** Opens all listeners; when one can't be opened, the others are closed again and an `ExitError` says what is in the way. */
export async function openServer(collector: Collector, options: ServerOptions): Promise<RunningServer> {
  const server = new Server(collector, options)
  try {
    await server.open()
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}

type ListenOption = 'server.listen' | 'metrics.listen'

interface Listener {
  readonly http: HttpServer
  readonly asked: Address
  readonly address: string
}

class Server implements RunningServer {
  readonly #collector: Collector
  readonly #options: ServerOptions
  #token: string | undefined
  /** By the option that says where. */
  readonly #listeners = new Map<ListenOption, Listener>()
  readonly #control: HttpServer
  /** Of listeners that have answers under way. */
  readonly #closing = new Set<Promise<void>>()

  constructor(collector: Collector, options: ServerOptions) {
    this.#collector = collector
    this.#options = options
    this.#token = options.token
    this.#control = this.#http('control')
  }

  get address(): string {
    return this.#listeners.get('server.listen')?.address ?? ''
  }

  get metricsAddress(): string | undefined {
    return this.#listeners.get('metrics.listen')?.address
  }

  async open(): Promise<void> {
    const { listen, metricsListen } = this.#options
    await this.#listen(listen, metricsListen)
    await openControl(this.#control, this.#options)
  }

  async change({ listen, metricsListen, token }: Listening): Promise<void> {
    const [main, metrics] = [this.#listeners.get('server.listen'), this.#listeners.get('metrics.listen')]
    try {
      await this.#listen(listen, metricsListen)
    } catch (error) {
      await this.#listen(main?.asked, metrics?.asked)
      throw error
    }
    this.#token = token
  }

  async close(): Promise<void> {
    for (const { http } of this.#listeners.values()) this.#end(http)
    if (this.#control.listening) this.#end(this.#control)
    await Promise.all(this.#closing)
  }

  async #listen(listen: Address | undefined, metricsListen: Address | undefined): Promise<void> {
    const door = isLoopback(listen?.host.toLowerCase() ?? '') ? 'local' : 'open'
    await this.#move('server.listen', door, listen)
    await this.#move('metrics.listen', 'metrics', metricsListen)
  }

  /** The old listener is closed first: where one of two addresses is that of all networks, they can not share a port. */
  async #move(option: ListenOption, door: Door, asked: Address | undefined): Promise<void> {
    const old = this.#listeners.get(option)
    if (isDeepStrictEqual(old?.asked, asked)) return
    if (old !== undefined) this.#end(old.http)
    this.#listeners.delete(option)
    if (asked === undefined) return
    const http = this.#http(door)
    this.#listeners.set(option, { http, asked, address: await bind(http, asked, option) })
  }

  #http(door: Door): HttpServer {
    const { log } = this.#options
    return createListener({ collector: this.#collector, door, token: () => this.#token, log })
  }

  /** Listens no more; answers under way come to their end. */
  #end(http: HttpServer): void {
    const closed = closeServer(http).finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
  }
}

/** Without control.sock a collector still does its work, so only another collector behind it is a reason to stop. */
async function openControl(server: HttpServer, { stateDir, log }: ServerOptions): Promise<void> {
  const path = controlPath(stateDir)
  const failure = 'Cannot open control.sock: the command line will not reach this collector'
  if (!isPossiblePath(path)) return log.warn(failure, { path, cause: 'the path is too long for a socket' })
  try {
    await listenOnControl(server, path)
  } catch (error) {
    if (error instanceof ExitError) throw error
    log.warn(failure, { path, cause: messageOf(error) })
  }
}

async function bind(server: HttpServer, { host, port }: Address, option: ListenOption): Promise<string> {
  server.listen(host === '' ? { port } : { host, port })
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    const message = `Cannot listen on "${writeAddress({ host, port })}": ${bindFault(error, option)}`
    throw new ExitError(message, exitCodes.failed, error)
  })
  return writeAddress({ host, port: (server.address() as AddressInfo).port })
}

function bindFault(error: NodeJS.ErrnoException, option: ListenOption): string {
  if (error.code === 'EADDRINUSE') return `another program listens there: stop it, or set "${option}" to another port`
  if (error.code === 'EACCES') return `not allowed: ports below 1024 need a privilege, set "${option}" to one above`
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `this machine has no such address: mend "${option}"`
  return messageOf(error)
}

function closeServer(server: HttpServer): Promise<void> {
  return new Promise(resolve => {
    const force = setTimeout(() => server.closeAllConnections(), closeMs)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}
