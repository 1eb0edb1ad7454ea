import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { denyCaller, denyHost, type Door } from './access.ts'
import type { Collector } from '../pipeline/collector.ts'
import { healthOf } from './health.ts'
import { http } from '../core/http.ts'
import { expose } from './metrics.ts'

export interface ListenerOptions {
  readonly collector: Collector
  readonly door: Door
  /** The one that counts now. */
  readonly token: () => string | undefined
  readonly log: Log
}

/** Limits against clients that are slow on purpose, or too many. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16_384
}
const maxConnections = 256

/**
 * A server that answers probes and scrapes by itself and hands everything else to the API, which is loaded with the first
 * request that may use it: hono and the fetch classes it needs take 9 MiB and 70 ms of CPU (measured on the bundled program),
 * and most collectors only ever see probes.
 */
export function createListener(options: ListenerOptions): Server {
  let api: Promise<RequestListener> | undefined
  const server = http.createServer(limits, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      options.log.error('Cannot answer a request', { cause: messageOf(error) })
      if (!response.headersSent) reply(response, 500, { error: "Cannot answer: the collector's log says why" })
    })
  })
  server.maxConnections = maxConnections
  return server

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request
    const path = pathOf(request.url)
    const host = denyHost(options.door, headers.host)
    if (host !== undefined) return reply(response, host.status, { error: host.error })
    const caller = { method, host: headers.host, authorization: headers.authorization }
    if (isProbe(path)) {
      // What `metrics.listen` shows to everyone is a decision of its own.
      const denial =
        path === '/metrics' && options.door === 'open' ? denyCaller('open', caller, options.token()) : undefined
      if (denial !== undefined) return reply(response, denial.status, { error: denial.error })
      if (method === 'GET' || method === 'HEAD')
        return await probe(path, { ...options, accept: headers.accept }, response)
      return reply(response, 405, { error: 'Only GET and HEAD are possible here' })
    }
    if (options.door === 'metrics') return reply(response, 404, { error: 'Only metrics and health are here' })
    const denial = denyCaller(options.door, caller, options.token())
    if (denial !== undefined) return reply(response, denial.status, { error: denial.error })
    api ??= loadApi(options)
    ;(await api)(request, response)
  }
}

async function loadApi({ collector, log, door, token }: ListenerOptions): Promise<RequestListener> {
  const [{ createApi }, { getRequestListener }] = await Promise.all([import('./api.ts'), import('@hono/node-server')])
  const listener = getRequestListener(createApi({ collector, log, door, token }).fetch, {
    overrideGlobalObjects: false
  })
  return (request, response) => void listener(request, response)
}

const probes = ['/livez', '/readyz', '/metrics', '/actuator/health'] as const
type Probe = (typeof probes)[number]

function isProbe(path: string): path is Probe {
  return (probes as readonly string[]).includes(path)
}

type Asked = ListenerOptions & { readonly accept: string | undefined }

async function probe(path: Probe, { collector, door, accept }: Asked, response: ServerResponse): Promise<void> {
  if (path === '/livez') return reply(response, 200, { status: 'alive' })
  if (path === '/readyz') return ready(collector, response)
  if (path === '/actuator/health') {
    const { code, body } = await healthOf(collector, door === 'local' || door === 'control')
    return reply(response, code, body)
  }
  const [samples, families] = await Promise.all([collector.samples(), collector.families()])
  const { contentType, text } = await expose({ samples, families }, accept)
  send(response, 200, contentType, text)
}

/** 503 only while starting or draining; what else is wrong is said and unreadies nobody: rows would not go anywhere else. */
function ready({ ready, degraded }: Collector, response: ServerResponse): void {
  reply(response, ready === 'ready' ? 200 : 503, { status: ready, ...(degraded.length > 0 && { degraded: true }) })
}

/** The path without the query. A path that only looks like a probe's once decoded is none: it goes to the API's rules. */
function pathOf(url = ''): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body))
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  response.end(text)
}
