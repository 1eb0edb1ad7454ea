import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { FakeStore, type ItemOdds, type ItemResult, type StoredDocument } from './elasticsearch-store.ts'

/** What becomes of a whole bulk request. A number is answered as that status, nothing is stored. */
export type Fault =
  | number
  /** The connection is cut before or after the documents were stored. */
  | 'cut-before'
  | 'cut-after'
  /** The documents are stored and the answer is 200 with a text that is not JSON, 64 MiB of text, or half of the items. */
  | 'non-json'
  | 'huge'
  | 'half'
  /** Never answers; nothing is stored. */
  | 'hang'
  /** Stores, then answers byte by byte for about a second. */
  | 'slow'

/** Odds between 0 and 1 for each bulk request. */
export type RequestOdds = Readonly<
  Partial<Record<'cut-before' | 'cut-after' | 'non-json' | 'slow' | 'hang' | '403' | '413' | '429' | '503', number>>
>

export interface FakeOptions {
  readonly seed?: number
  readonly items?: ItemOdds
  readonly requests?: RequestOdds
  /** Larger bodies (before compression) are answered 413, or cut while they are written. */
  readonly maxBody?: number
  readonly overMaxBody?: 'status' | 'cut'
  /** The `authorization` header that all requests must have. */
  readonly authorization?: string
  /** Routes that are answered 403. */
  readonly forbidden?: readonly ('template' | 'data_stream' | 'mget')[]
  /** Without the types that the default distribution adds, as in Elasticsearch built from its server alone. */
  readonly isBare?: boolean
  /** Value of `Retry-After` in answers 429 and 503. */
  readonly retryAfter?: string
}

/** What was asked of the fake. */
export interface FakeStats {
  requests: number
  /** Of the backing indices of a data stream. */
  looks: number
  bulkRequests: number
  bulkRows: number
  bulkBytes: number
  /** Bulk requests over `maxBody`. */
  tooLarge: number
}

/** An Elasticsearch that keeps what it gets in memory, over real HTTP, and fails as told. */
export class FakeElasticsearch {
  readonly store: FakeStore
  readonly templates = new Map<string, { version?: number }>()
  readonly stats: FakeStats = { requests: 0, looks: 0, bulkRequests: 0, bulkRows: 0, bulkBytes: 0, tooLarge: 0 }
  /** Headers and path of the last bulk request. */
  lastBulk: { path: string; headers: IncomingMessage['headers'] } | undefined
  #options: FakeOptions = {}
  readonly #server: Server
  readonly #script: Fault[] = []
  #port = 0

  private constructor(options: FakeOptions) {
    this.store = new FakeStore(options.seed ?? 1)
    this.options = options
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy())
    })
    this.#server.keepAliveTimeout = 60_000
  }

  static async start(options: FakeOptions = {}): Promise<FakeElasticsearch> {
    const fake = new FakeElasticsearch(options)
    await fake.resume()
    return fake
  }

  get options(): FakeOptions {
    return this.#options
  }

  /** From the next request on. */
  set options(options: FakeOptions) {
    this.#options = options
    this.store.odds = options.items ?? {}
  }

  /** Listens again after `stop`, on the same port, with all documents. */
  async resume(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The next bulk requests meet these faults, one each, whatever the odds. */
  failNext(...faults: Fault[]): void {
    this.#script.push(...faults)
  }

  documents(): StoredDocument[] {
    return [...this.store.documents()]
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.stats.requests++
    response.setHeader('x-elastic-product', 'Elasticsearch')
    const url = new URL(request.url ?? '/', 'http://fake')
    const isBulk = url.pathname.endsWith('/_bulk')
    const body = await this.#body(request, isBulk)
    if (body === undefined) return
    const { authorization } = this.options
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      return answer(response, 401, failure('security_exception', 'missing authentication credentials'))
    }
    if (isBulk) return this.#bulk(url, request, response, body)
    const { status, json } = this.#other(request.method ?? 'GET', url, body.toString())
    answer(response, status, json)
  }

  async #body(request: IncomingMessage, isBulk: boolean): Promise<Buffer | undefined> {
    const { maxBody, overMaxBody } = this.options
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (isBulk && overMaxBody === 'cut' && maxBody !== undefined && length > maxBody) {
        this.stats.tooLarge++
        request.socket.destroy()
        return undefined
      }
    }
    const body = Buffer.concat(chunks)
    return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  }

  #bulk(url: URL, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const rows = body.toString().split('\n')
    if (rows.at(-1) === '') rows.pop()
    this.stats.bulkRequests++
    this.stats.bulkRows += rows.length / 2
    this.stats.bulkBytes += body.length
    this.lastBulk = { path: request.url ?? '', headers: request.headers }
    const fault = this.#fault(body.length)
    if (fault === 'cut-before') return void request.socket.destroy()
    if (fault === 'hang') return
    if (typeof fault === 'number') {
      if (this.options.retryAfter !== undefined) response.setHeader('retry-after', this.options.retryAfter)
      return answer(response, fault, failure('fake_exception', 'as it was told'))
    }
    const items: ItemResult[] = []
    const target = url.pathname.slice(1, -'/_bulk'.length)
    for (let i = 0; i + 1 < rows.length; i += 2) {
      const { create } = JSON.parse(rows[i]!) as { create?: { _index?: string; _id: string } }
      if (create === undefined) {
        return answer(response, 400, failure('illegal_argument_exception', `Malformed action/metadata line [${i + 1}]`))
      }
      const { _index: index = target, _id: id } = create
      items.push(this.store.create(index, id, rows[i + 1]!))
    }
    this.#answerBulk(response, items, url.searchParams.get('filter_path'), fault)
  }

  #answerBulk(response: ServerResponse, items: ItemResult[], filter: string | null, fault: Fault | undefined): void {
    if (fault === 'cut-after') return void response.socket?.destroy()
    if (fault === 'non-json') return answer(response, 200, '<html>It works</html>')
    if (fault === 'huge') return answer(response, 200, 'x'.repeat(64 << 20))
    const errors = items.some(item => item.status >= 300)
    const list = fault === 'half' ? items.slice(0, items.length >> 1) : items
    const reply = {
      errors,
      ...(filter === null ? { took: 1 } : {}),
      items: list.map(item => ({ create: itemJson(item, filter) }))
    }
    const text = JSON.stringify(reply)
    if (fault !== 'slow') return answer(response, 200, text)
    response.writeHead(200, { 'content-type': 'application/json' })
    const step = Math.ceil(text.length / 20)
    for (let i = 0; i < 20; i++) setTimeout(() => response.write(text.slice(i * step, (i + 1) * step)), i * 50)
    setTimeout(() => response.end(), 1000)
  }

  #fault(length: number): Fault | undefined {
    const scripted = this.#script.shift()
    if (scripted !== undefined) return scripted
    if (this.options.maxBody !== undefined && length > this.options.maxBody) {
      this.stats.tooLarge++
      return 413
    }
    let roll = this.options.requests === undefined ? 1 : this.store.random()
    for (const [name, odds] of Object.entries(this.options.requests ?? {})) {
      roll -= odds
      if (roll < 0) return /^\d+$/.test(name) ? Number(name) : (name as Fault)
    }
    return undefined
  }

  #other(method: string, url: URL, body: string): { status: number; json: unknown } {
    const [first, second = ''] = url.pathname.split('/').slice(1).map(decodeURIComponent)
    const forbidden = this.options.forbidden ?? []
    const route =
      first === '_index_template'
        ? 'template'
        : first === '_data_stream'
          ? 'data_stream'
          : second === '_mget'
            ? 'mget'
            : ''
    if (forbidden.some(name => name === route))
      return { status: 403, json: failure('security_exception', 'action is unauthorized') }
    if (route === 'template') return this.#template(method, second, body)
    if (route === 'data_stream') return this.#dataStream(second)
    if (route === 'mget') return this.#lookUp(first ?? '', body)
    if (first === '') return { status: 200, json: { version: { number: '9.5.3' }, tagline: 'You Know, for Search' } }
    return { status: 404, json: failure('resource_not_found_exception', 'no such route') }
  }

  #template(method: string, name: string, body: string): { status: number; json: unknown } {
    if (method === 'PUT') {
      const missing = this.options.isBare === true ? /match_only_text|constant_keyword/.exec(body) : null
      if (missing !== null)
        return { status: 400, json: failure('mapper_parsing_exception', `No handler for type [${missing[0]}]`) }
      this.templates.set(name, JSON.parse(body) as { version?: number })
      return { status: 200, json: { acknowledged: true } }
    }
    const index_template = this.templates.get(name)
    if (index_template === undefined)
      return { status: 404, json: failure('resource_not_found_exception', `[${name}] not found`) }
    return { status: 200, json: { index_templates: [{ name, index_template }] } }
  }

  #dataStream(name: string): { status: number; json: unknown } {
    this.stats.looks++
    const indices = this.store.indices(name)
    if (indices === undefined)
      return { status: 404, json: failure('resource_not_found_exception', `[${name}] not found`) }
    return { status: 200, json: { data_streams: [{ name, indices: indices.map(index_name => ({ index_name })) }] } }
  }

  #lookUp(index: string, body: string): { status: number; json: unknown } {
    const { ids } = JSON.parse(body) as { ids: string[] }
    return { status: 200, json: { docs: ids.map(_id => ({ _id, found: this.store.has(index, _id) ?? false })) } }
  }
}

function itemJson(item: ItemResult, filter: string | null): object {
  const error = item.type === undefined ? {} : { error: { type: item.type, reason: item.reason } }
  const index = filter === null || filter.includes('items.*._index') ? { _index: item.index } : {}
  const id = filter === null ? { _id: item.id } : {}
  return { ...index, ...id, status: item.status, ...error }
}

function failure(type: string, reason: string): object {
  return { error: { type, reason, root_cause: [{ type, reason }] } }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
