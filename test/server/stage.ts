import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { silentLog } from '../../src/core/log.ts'
import { openServer, type RunningServer, type ServerOptions } from '../../src/server/server.ts'
import { FakeCollector } from '../fakes/collector.ts'

export const token = 'a-token-of-the-test'
/** Any port that is free. */
export const free = { host: '127.0.0.1', port: 0 }

/** A state directory with a fake collector, and the servers that a test opens on it. */
export class Stage {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'server-'))
  readonly collector = new FakeCollector(this.stateDir)
  readonly #servers: RunningServer[] = []

  constructor() {
    this.collector.start()
  }

  async open(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
    const { stateDir } = this
    const defaults = { listen: free, metricsListen: undefined, token: undefined, stateDir, log: silentLog }
    const server = await openServer(this.collector, { ...defaults, ...options })
    this.#servers.push(server)
    return server
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(server => server.close()))
    rmSync(this.stateDir, { recursive: true })
  }
}

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

export async function get(address: string, path: string): Promise<Answer & { json: unknown }> {
  const answer = await call(address, path)
  return { ...answer, json: answer.body.startsWith('{') ? JSON.parse(answer.body) : undefined }
}

/** `fetch` sets Host and the length by itself, so this one does not use it. */
export function call(
  address: string,
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string } = {}
): Promise<Answer> {
  const [host, port] = address.replace('0.0.0.0', '127.0.0.1').split(':')
  return new Promise((resolve, reject) => {
    const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const all = { ...length, ...headers }
    const outgoing = request({ host, port: Number(port), path, method, headers: all, agent: false }, response => {
      const { statusCode = 0, headers } = response
      text(response).then(body => resolve({ status: statusCode, headers, body }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
