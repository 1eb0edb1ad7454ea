import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

export interface RunningServer {
  /** `host:port`. */
  readonly address: string
  readonly metricsAddress: string | undefined
  close(): Promise<void>
}

/** Opens all listeners; when one can't be opened, the others are closed again and an `ExitError` says what is in the way. */
export async function openServer(collector: Collector, options: ServerOptions): Promise<RunningServer> {
  const open: HttpServer[] = []
  const listener = (door: Door): HttpServer => {
    const server = createListener({ collector, door, token: options.token, log: options.log })
    open.push(server)
    return server
  }
  const close = async (): Promise<void> => void (await Promise.all(open.map(closeServer)))
  try {
    const { listen, metricsListen } = options
    const door = isLoopback(listen.host.toLowerCase()) ? 'local' : 'open'
    const address = await bind(listener(door), listen, 'server.listen')
    const metricsAddress = metricsListen && (await bind(listener('metrics'), metricsListen, 'metrics.listen'))
    await openControl(listener('control'), options)
    return { address, metricsAddress, close }
  } catch (error) {
    await close()
    throw error
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

async function bind(server: HttpServer, { host, port }: Address, option: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(host === '' ? { port } : { host, port }, resolve)
  }).catch((error: NodeJS.ErrnoException) => {
    const message = `Cannot listen on "${writeAddress({ host, port })}": ${bindFault(error, option)}`
    throw new ExitError(message, exitCodes.failed, error)
  })
  return writeAddress({ host, port: (server.address() as AddressInfo).port })
}

function bindFault(error: NodeJS.ErrnoException, option: string): string {
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
